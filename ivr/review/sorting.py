"""Decided phrases -> what goes where: training, test, word list, or nowhere and why. Pure."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from ivr.nlu.phrases import LabelledPhrase, spelling
from ivr.review.journal import Entry

LEAK: Final = 92.0
"""rapidfuzz ratio from which a phrase is a test phrase all the same."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A phrase that is not written and the reason, for the trainer."""

    text: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """Phrases by intent, as they will be written."""

    training: Mapping[str, Sequence[str]]
    held_out: Mapping[str, Sequence[str]]
    words: tuple[str, ...]
    refused: tuple[Refused, ...]


class PhraseIndex:
    """Finds phrases equal or nearly equal to a text. Immutable after construction."""

    def __init__(self, phrases: Iterable[LabelledPhrase]) -> None:
        self._by_spelling = {spelling(phrase.text): phrase for phrase in phrases}
        self._texts = list(self._by_spelling)

    def same(self, text: str) -> LabelledPhrase | None:
        return self._by_spelling.get(spelling(text))

    def near(self, text: str) -> LabelledPhrase | None:
        """The nearest from `LEAK` on."""
        found = process.extractOne(
            spelling(text), self._texts, scorer=fuzz.ratio, score_cutoff=LEAK
        )
        return self._by_spelling[found[0]] if found else None

    def ranking(self, text: str, limit: int) -> tuple[tuple[str, float], ...]:
        """Intents by the likeness (0..1) of their nearest phrase: a guess without a model."""
        found = process.extract(
            spelling(text), self._texts, scorer=fuzz.token_set_ratio, limit=20 * limit
        )
        best: dict[str, float] = {}
        for like, score, _ in found:
            best.setdefault(self._by_spelling[like].intent, score / 100)
        return tuple(best.items())[:limit]


def objection(text: str, intent: str, training: PhraseIndex, tested: PhraseIndex) -> str:
    """Why the phrase cannot be learned from, '' when it can."""
    if phrase := tested.near(text):
        return (
            f"почти совпадает с проверочной фразой «{phrase.text}» ({phrase.place}): "
            "на проверочных фразах не учат"
        )
    phrase = training.same(text)
    if phrase is not None and intent and phrase.intent != intent:
        return f"уже есть среди фраз намерения {phrase.intent} ({phrase.place})"
    return ""


def is_held_out(text: str, share: float) -> bool:
    """Whether a phrase is set aside for the test; decided by the text alone, share 0..1."""
    digest = hashlib.sha256(spelling(text).encode()).digest()
    return int.from_bytes(digest[:4], "big") < share * 2**32


def sort_out(
    entries: Iterable[Entry],
    training: Sequence[LabelledPhrase],
    tested: Sequence[LabelledPhrase],
    *,
    share: float,
) -> Sorted:
    """What is new of these decisions, in their order."""
    trained, held = PhraseIndex(training), PhraseIndex(tested)
    accepted: dict[str, Entry] = {}
    refused: list[Refused] = []
    words: dict[str, None] = {}
    for entry in entries:
        words |= dict.fromkeys(word for word in entry.words.split(";") if word)
        if why := objection(entry.text, entry.intent, trained, held):
            refused.append(Refused(entry.text, why))
        elif (other := accepted.get(spelling(entry.text))) is not None:
            if other.intent != entry.intent:
                why = f"в этом же разборе отнесена к намерению {other.intent}"
                refused.append(Refused(entry.text, why))
        elif trained.same(entry.text) is None:
            accepted[spelling(entry.text)] = entry
    aside = _set_aside(tuple(accepted.values()), training, share)
    return Sorted(
        training=_by_intent(one for one in accepted.values() if one not in aside),
        held_out=_by_intent(aside),
        words=tuple(words),
        refused=tuple(refused),
    )


def _set_aside(
    entries: Sequence[Entry], training: Sequence[LabelledPhrase], share: float
) -> tuple[Entry, ...]:
    """Those for the test; what is nearly a training phrase measures nothing and stays there."""
    chosen = [entry for entry in entries if is_held_out(entry.text, share)]
    others = PhraseIndex(
        (
            *training,
            *(
                LabelledPhrase(entry.text, entry.intent, "")
                for entry in entries
                if entry not in chosen
            ),
        )
    )
    return tuple(entry for entry in chosen if others.near(entry.text) is None)


def _by_intent(entries: Iterable[Entry]) -> dict[str, list[str]]:
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        texts[entry.intent].append(entry.text)
    return dict(texts)
