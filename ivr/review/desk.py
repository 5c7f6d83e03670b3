"""What a trainer can do, whatever it is done with: the page and the terminal share one desk."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.clock import Clock
from ivr.errors import ReviewError
from ivr.nlu.entities import find_entities
from ivr.nlu.gazetteer import find_names
from ivr.nlu.normalise import words_of
from ivr.nlu.phrases import SPOKEN, read_phrases, spelling
from ivr.nlu.schema import EntityKind
from ivr.review.catalogue import IntentEntry
from ivr.review.folding import Item
from ivr.review.journal import Choice, Entry, Standing, moment
from ivr.review.journal_file import JournalFile
from ivr.review.masking import Mark, is_clean, mask
from ivr.review.sorting import PhraseIndex, objection
from ivr.review.suggest import Suggester, Suggestion
from ivr.review.writing import Written, write

NAMED: Final = frozenset({EntityKind.TARIFF, EntityKind.SERVICE, EntityKind.CITY})
"""Kinds whose values come from a list, so that an unknown one is worth a word."""
LONGEST: Final = 300
"""Characters of a phrase: fifteen seconds of fast speech."""


@dataclass(frozen=True, slots=True)
class Marked:
    """An entity marked in a text: `start:end` are characters."""

    kind: EntityKind
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the trainer decided about an item."""

    key: str
    choice: Choice
    text: str = ""
    intent: str = ""
    entities: tuple[Marked, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What is to be said of a text before it is decided."""

    text: str
    """As it would be saved."""
    marks: tuple[Mark, ...]
    """Personal data in the text given."""
    entities: tuple[Marked, ...]
    """Found by rules in `text`."""
    suggestions: tuple[Suggestion, ...]
    unknown_words: tuple[str, ...]
    """The recognizer cannot hear them."""
    trouble: str
    """Why it cannot be saved as it is, '' when it can."""
    objection: str
    """Why it will not be learned from whatever it means, '' when it will."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSettings:
    """Who reviews and where it goes."""

    data: Path
    who: str
    model: str
    """Hash of the present intent model."""
    share: float
    """Of the phrases set aside for the test, 0..1."""


class Desk:
    """The queue of one session and the decisions about it. Event loop only."""

    def __init__(
        self,
        *,
        items: Sequence[Item],
        journal: JournalFile,
        suggester: Suggester,
        catalogue: Sequence[IntentEntry],
        vocabulary: Collection[str],
        settings: DeskSettings,
        clock: Clock,
    ) -> None:
        """`vocabulary`: words the recognizer knows, 'е' for 'ё'; empty when unknown."""
        self.items: Mapping[str, Item] = {item.key: item for item in items}
        self.catalogue = tuple(catalogue)
        self.settings = settings
        self.suggester = suggester
        self._journal = journal
        self._vocabulary = vocabulary
        self._clock = clock
        self.written: list[Written] = []
        """What this session has written so far."""
        self._read_phrases()

    def standing(self) -> Standing:
        """What holds now, others' decisions included."""
        return self._journal.standing()

    def item(self, key: str) -> Item:
        """`ReviewError` 'unknown' for what is not in this session's queue."""
        if key not in self.items:
            raise ReviewError("unknown", "такой реплики нет в этой очереди")
        return self.items[key]

    async def check(self, text: str) -> Checked:
        """Masked, tidied, with suggestions; for showing, nothing is kept."""
        masked = mask(text[:LONGEST])
        tidied = mask(tidy(masked.text)).text
        return Checked(
            text=tidied,
            marks=masked.marks,
            entities=self.entities(tidied),
            suggestions=await self.suggester.suggest(tidied),
            unknown_words=self._unknown_words(tidied),
            trouble=_trouble(tidied),
            objection=self.objection(tidied) if tidied else "",
        )

    def objection(self, text: str, intent: str = "") -> str:
        """Why the phrase, decided for that intent, will not be written; '' when it will."""
        return objection(text, intent, self._training, self._tested)

    def entities(self, text: str) -> tuple[Marked, ...]:
        """What the rules find."""
        found = find_entities(text, today=self._clock.now().date())
        return tuple(Marked(one.kind, one.start, one.end) for one in found)

    def decide(self, decision: Decision) -> Entry:
        """Take a decision; it is on disk when this returns. `ReviewError` says what is wrong."""
        item = self.item(decision.key)
        turn = item.turn.turn
        for_training = decision.choice is Choice.TRAIN
        if for_training:
            self._require_fit(decision)
        sure = turn.intent_confidence
        entry = Entry(
            when=moment(self._clock.now()),
            who=self.settings.who,
            call=turn.call_id,
            turn=turn.index,
            decision=decision.choice,
            text=decision.text if for_training else "",
            intent=decision.intent if for_training else "",
            entities=_entities(decision) if for_training else "",
            words=";".join(dict.fromkeys(decision.words)) if for_training else "",
            model=self.settings.model,
            heard_intent=turn.intent,
            heard_confidence="" if sure is None else f"{sure:.2f}",
            also=" ".join(item.keys[1:]),
        )
        self._journal.append(entry)
        return entry

    def undo(self) -> Entry:
        """Take back this trainer's last decision that is not written yet."""
        now = self.standing()
        mine = [
            entry
            for entry in now.decided.values()
            if entry.who == self.settings.who and entry.key not in now.written
        ]
        if not mine:
            raise ReviewError("not_decided", "отменять нечего")
        last = mine[-1]
        self._journal.append(self._line(Choice.UNDO, call=last.call, turn=last.turn))
        return last

    def write(self) -> Written:
        """Everything decided and not written yet -> files; `ConfigError` where they are damaged."""
        with self._journal.exclusive():
            pending = self.standing().pending
            written = write(self.settings.data, pending, share=self.settings.share)
            if pending:
                keys = " ".join(entry.key for entry in pending)
                self._journal.append(self._line(Choice.WRITTEN, also=keys))
        self._read_phrases()
        self.written.append(written)
        return written

    def offered_words(self, text: str, entities: Sequence[Marked]) -> tuple[str, ...]:
        """Marked names that the gazetteer does not know: worth a word for the recognizer."""
        named = (text[one.start : one.end] for one in entities if one.kind in NAMED)
        return tuple(
            name for name in dict.fromkeys(named) if next(find_names(words_of(name)), None) is None
        )

    def _read_phrases(self) -> None:
        data = self.settings.data
        self._training = PhraseIndex(read_phrases(data / "nlu"))
        self._tested = PhraseIndex(read_phrases(data / "test.yml"))

    def _line(self, choice: Choice, *, call: str = "", turn: int = 0, also: str = "") -> Entry:
        return Entry(
            when=moment(self._clock.now()),
            who=self.settings.who,
            call=call,
            turn=turn,
            decision=choice,
            model=self.settings.model,
            also=also,
        )

    def _require_fit(self, decision: Decision) -> None:
        text = decision.text
        if len(text) > LONGEST:
            raise ReviewError("long", f"фраза длиннее {LONGEST} символов")
        if not is_clean(text):
            raise ReviewError("personal", "в тексте есть личные данные: они заменены, проверьте")
        if trouble := _trouble(text):
            raise ReviewError("unspoken", trouble)
        if decision.intent not in {entry.name for entry in self.catalogue}:
            raise ReviewError("intent", f"нет такого намерения: {decision.intent}")
        for word in decision.words:
            if not SPOKEN.fullmatch(word) or f" {word} " not in f" {text} ":
                raise ReviewError("word", f"слова «{word}» нет в тексте")

    def _unknown_words(self, text: str) -> tuple[str, ...]:
        if not self._vocabulary:
            return ()
        words = dict.fromkeys(text.split())
        return tuple(word for word in words if spelling(word) not in self._vocabulary)


def tidy(text: str) -> str:
    """As the recognizer writes: lower case, words with single spaces, no punctuation."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def _trouble(text: str) -> str:
    if not text:
        return "нет текста: впишите, что сказано, или отметьте «не для обучения»"
    if not SPOKEN.fullmatch(text):
        return "только русские слова: числа словами, без латиницы и знаков"
    return ""


def _entities(decision: Decision) -> str:
    pieces = []
    for one in sorted(decision.entities, key=lambda marked: marked.start):
        words = decision.text[one.start : one.end].strip()
        if not 0 <= one.start < one.end <= len(decision.text) or not words:
            raise ReviewError("entity", "отмеченных слов нет в тексте")
        pieces.append(f"{one.kind.value}={words}")
    return ";".join(pieces)
