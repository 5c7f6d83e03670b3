"""Phrases as data -> what is spoken, part by part, and how it reads as text. Pure.

A phrase is flat; sentences follow from the prompts themselves: a prompt that begins with a capital
letter, or anything after a full stop, begins a new sentence. Slots take the case that the
preposition before them asks for, and a slot is spoken either wholly from recordings or wholly by
the synthesizer, so that the voice never changes inside an amount.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ivr.speech import russian
from ivr.speech.phrase import (
    CalendarDate,
    ClockTime,
    FreeText,
    Money,
    Name,
    Part,
    Pause,
    PhoneNumber,
    Phrase,
    Prompt,
    Quantity,
)
from ivr.speech.prompt_texts import PromptTexts, Style
from ivr.speech.russian import GrammaticalCase

WORD_GAP_MS: Final = 40
"""Silence between the recorded words of one number or date."""


class _Join(Enum):
    """What stands between two elements: silence, milliseconds."""

    WORD = 60
    CLAUSE = 120
    SENTENCE = 250


_GENITIVE: Final = frozenset({"до", "с", "от", "после", "около", "из", "более", "менее", "свыше"})
_ACCUSATIVE: Final = frozenset({"на", "за", "через", "в", "про"})
_CONNECTORS: Final = _GENITIVE | _ACCUSATIVE | {"и", "или", "плюс", "минус", "по"}
_SENTENCE_END: Final = (".", "!", "?", "…")
_CLAUSE_END: Final = (",", ":", ";")
_SENTENCE_BREAK: Final = re.compile(r"(?<=[.!?…])\s+")
_LONGEST_RECORDED_WORDS: Final = 4


@dataclass(frozen=True, slots=True)
class SpokenText:
    """Words spoken in one piece, from a recording or by the synthesizer."""

    text: str
    style: Style
    gap_ms: int = 0
    """Natural silence before whatever follows; 0 at the end and before a `Pause`."""


SpokenPart = SpokenText | Pause


@dataclass(frozen=True, slots=True)
class _Element:
    """One part of a phrase in words."""

    text: str
    pieces: tuple[tuple[str, int], ...]
    """What is spoken, each with the silence that follows inside the element, milliseconds."""
    is_slot: bool
    style: Style | None = None
    """Given by the prompt list; None: decided by the place in the sentence."""
    pause_ms: int = 0
    """An explicit pause after it."""


def spoken_parts(phrase: Phrase, texts: PromptTexts) -> tuple[SpokenPart, ...]:
    """What is spoken, in order, with intonation and silences.

    Raises `SynthesisError` for a prompt id that is not in the list.
    """
    elements, leading_ms = _elements(phrase, texts)
    parts: list[SpokenPart] = [Pause(leading_ms)] if leading_ms else []
    for index, element in enumerate(elements):
        follower = elements[index + 1] if index + 1 < len(elements) else None
        join = _join(element, follower) if follower else _Join.SENTENCE
        gap_ms = join.value if follower else 0
        silence_ms = max(gap_ms, element.pause_ms) if element.pause_ms else 0
        parts += _spoken(element, join, 0 if silence_ms else gap_ms)
        if silence_ms:
            parts.append(Pause(silence_ms))
    return tuple(parts)


def text_of(phrase: Phrase, texts: PromptTexts) -> str:
    """The phrase as readable Russian sentences, for chat, transcripts and logs."""
    elements, _ = _elements(phrase, texts)
    written: list[str] = []
    starts_sentence = True
    for index, element in enumerate(elements):
        text = _capitalized(element.text) if starts_sentence else element.text
        follower = elements[index + 1] if index + 1 < len(elements) else None
        join = _join(element, follower) if follower else _Join.SENTENCE
        written.append(_punctuated(text, join))
        starts_sentence = join is _Join.SENTENCE
    return " ".join(written)


def _elements(phrase: Phrase, texts: PromptTexts) -> tuple[list[_Element], int]:
    elements: list[_Element] = []
    leading_ms = 0
    for part in _with_connectors(phrase):
        if isinstance(part, Pause):
            if elements:
                last = elements.pop()
                pause_ms = max(last.pause_ms, part.milliseconds)
                elements.append(_with_pause(last, pause_ms))
            else:
                leading_ms = max(leading_ms, part.milliseconds)
            continue
        element = _element(part, texts, _case_after(elements[-1].text if elements else ""))
        if element.text:
            elements.append(element)
    return elements, leading_ms


def _with_pause(element: _Element, pause_ms: int) -> _Element:
    return _Element(element.text, element.pieces, element.is_slot, element.style, pause_ms)


def _with_connectors(phrase: Phrase) -> Iterable[Part]:
    """A time right after a date is said with 'в': 'завтра в восемнадцать часов'."""
    previous: Part | None = None
    for part in phrase:
        if isinstance(part, ClockTime) and isinstance(previous, CalendarDate):
            yield Name("в")
        yield part
        previous = part


def _element(part: Part, texts: PromptTexts, case: GrammaticalCase) -> _Element:
    if isinstance(part, Prompt):
        prompt = texts.prompt(part.prompt_id)
        pieces = _sentences(prompt.text, texts)
        return _Element(prompt.text, pieces, is_slot=False, style=prompt.style)
    if isinstance(part, FreeText):
        text = _one_line(part.text)
        return _Element(text, _sentences(text, texts), is_slot=False)
    if isinstance(part, Name):
        text = _one_line(part.text)
        return _Element(text, ((texts.recorded_form(text) or text, 0),), is_slot=True)
    return _slot(_readings(part, case), texts)


def _sentences(text: str, texts: PromptTexts) -> tuple[tuple[str, int], ...]:
    """The text in one piece, or by sentence when only the sentences are recorded, all of them."""
    if texts.recorded_form(text) is None:
        sentences = [texts.recorded_form(sentence) for sentence in _SENTENCE_BREAK.split(text)]
        if all(sentences):
            return tuple((sentence, _Join.SENTENCE.value) for sentence in sentences if sentence)
    return ((texts.recorded_form(text) or text, 0),)


def _readings(part: Part, case: GrammaticalCase) -> tuple[tuple[str, ...], ...]:
    """Ways to say a slot, best first, each in groups that are set off by commas."""
    match part:
        case Money(roubles):
            return ((russian.money(roubles, case),),)
        case Quantity(count, unit):
            return tuple((reading,) for reading in russian.quantity(count, unit, case))
        case CalendarDate(day, today):
            return ((russian.calendar_date(day, today),),)
        case ClockTime(at):
            return ((russian.clock_time(at, case),),)
        case PhoneNumber(digits):
            return (russian.digit_groups(digits),)
        case _:
            raise TypeError(f"not a part of a phrase: {part!r}")


def _slot(readings: Sequence[tuple[str, ...]], texts: PromptTexts) -> _Element:
    """The first reading that is wholly recorded; without one, the best reading, synthesized."""
    for groups in readings:
        recorded = [_recorded_pieces(group, texts) for group in groups]
        if all(recorded):
            pieces = [
                (piece, WORD_GAP_MS if index < len(group) - 1 else _Join.CLAUSE.value)
                for group in recorded
                for index, piece in enumerate(group)
            ]
            return _Element(", ".join(groups), tuple(pieces), is_slot=True)
    text = ", ".join(readings[0])
    return _Element(text, ((text, 0),), is_slot=True)


def _recorded_pieces(group: str, texts: PromptTexts) -> list[str]:
    """Recorded texts that together say `group`, longest first; [] when a word is missing."""
    words = group.split()
    pieces: list[str] = []
    while words:
        for length in range(min(_LONGEST_RECORDED_WORDS, len(words)), 0, -1):
            recorded = texts.recorded_form(" ".join(words[:length]))
            if recorded is not None:
                pieces.append(recorded)
                words = words[length:]
                break
        else:
            return []
    return pieces


def _spoken(element: _Element, join: _Join, gap_ms: int) -> list[SpokenText]:
    last = len(element.pieces) - 1
    closing = element.style or (Style.END if join is _Join.SENTENCE else Style.MID)
    return [
        SpokenText(text, closing, gap_ms)
        if index == last
        else SpokenText(text, Style.MID if element.is_slot else Style.END, inner_gap_ms)
        for index, (text, inner_gap_ms) in enumerate(element.pieces)
    ]


def _case_after(text: str) -> GrammaticalCase:
    word = text.rsplit(maxsplit=1)[-1].casefold() if text.strip() else ""
    if word in _GENITIVE:
        return GrammaticalCase.GENITIVE
    return GrammaticalCase.ACCUSATIVE if word in _ACCUSATIVE else GrammaticalCase.NOMINATIVE


def _join(left: _Element, right: _Element) -> _Join:
    """How two neighbours belong together; see the module's docstring."""
    if left.text.endswith(_SENTENCE_END) or (not right.is_slot and right.text[:1].isupper()):
        return _Join.SENTENCE
    if left.text.endswith(_CLAUSE_END):
        return _Join.CLAUSE
    if not left.is_slot:
        return _Join.WORD
    if right.is_slot:
        connected = left.text in _CONNECTORS or right.text in _CONNECTORS
        return _Join.WORD if connected else _Join.CLAUSE
    # 'абонентская плата,' is an item of a list, 'на срок' goes on with the sentence.
    return _Join.CLAUSE if right.text.endswith(",") else _Join.WORD


def _punctuated(text: str, join: _Join) -> str:
    if join is _Join.SENTENCE:
        bare = text.rstrip(",:; ")
        return bare if bare.endswith(_SENTENCE_END) else bare + "."
    if join is _Join.CLAUSE and not text.endswith(_CLAUSE_END):
        return text + ","
    return text


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _one_line(text: str) -> str:
    return " ".join(text.split())
