"""Decisions as lines of a tab-separated file, oldest first. Pure; `journal_file` writes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Final

from ivr.errors import ConfigError
from ivr.review.ranking import key_of


class Choice(StrEnum):
    """What was decided."""

    TRAIN = "train"  # the text means the intent
    REJECT = "reject"  # noise, unclear: not for training
    SKIP = "skip"  # not now: comes again with the next start
    UNDO = "undo"  # the decision about this turn is taken back
    WRITTEN = "written"  # the phrases of the turns in `also` were given to the training files


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line. Field names are the columns, in their order."""

    when: str
    """ISO 8601 with zone."""
    who: str
    call: str
    turn: int
    decision: Choice
    text: str = ""
    """Without personal data; '' unless for training."""
    intent: str = ""
    entities: str = ""
    """`kind=words` joined by ';'."""
    words: str = ""
    """New to the recognizer, joined by ';'."""
    model: str = ""
    """Hash of the intent model at that time."""
    heard_intent: str = ""
    """What the model had said in the call."""
    heard_confidence: str = ""
    also: str = ""
    """Keys of the similar turns that the decision is about too, joined by ' '."""

    @property
    def key(self) -> str:
        return key_of(self.call, self.turn)

    @property
    def keys(self) -> tuple[str, ...]:
        """Of all turns it is about."""
        return (self.key, *self.also.split())


COLUMNS: Final = tuple(field.name for field in fields(Entry))
HEADER: Final = "\t".join(COLUMNS) + "\n"


def render(entry: Entry) -> str:
    """One line with its end; white space within a value becomes single spaces."""
    return "\t".join(" ".join(str(getattr(entry, name)).split()) for name in COLUMNS) + "\n"


def parse(text: str, name: str) -> tuple[Entry, ...]:
    """All whole lines; a last one without its end was never confirmed. `ConfigError` if damaged."""
    *lines, _torn = text.split("\n")
    if lines and lines[0].split("\t") != list(COLUMNS):
        raise ConfigError(f"{name}:1", lines[0], f"the columns {', '.join(COLUMNS)}")
    return tuple(
        _entry(line, f"{name}:{number}") for number, line in enumerate(lines[1:], 2) if line
    )


def _entry(line: str, place: str) -> Entry:
    cells = line.split("\t")
    if len(cells) != len(COLUMNS):
        raise ConfigError(place, line, f"{len(COLUMNS)} columns separated by tabs")
    values = dict(zip(COLUMNS, cells, strict=True))
    if values["decision"] not in set(Choice) or not values["turn"].isdecimal():
        raise ConfigError(place, line, f"a decision of {', '.join(Choice)} and a turn's number")
    decision, turn = Choice(values.pop("decision")), int(values.pop("turn"))
    return Entry(decision=decision, turn=turn, **values)


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds after all lines."""

    decided: Mapping[str, Entry]
    """By key of the turn that stands for all, in the order of the decisions."""
    written: frozenset[str]
    """Keys whose phrases were given to the training files."""

    @property
    def pending(self) -> tuple[Entry, ...]:
        """Decisions for training that are not written yet."""
        return tuple(entry for entry in self.for_training if entry.key not in self.written)

    @property
    def for_training(self) -> tuple[Entry, ...]:
        return tuple(one for one in self.decided.values() if one.decision is Choice.TRAIN)

    @property
    def reviewed(self) -> frozenset[str]:
        """Keys of turns that need not come again: all but the skipped ones."""
        return frozenset(
            key
            for entry in self.decided.values()
            if entry.decision is not Choice.SKIP
            for key in entry.keys
        )


def standing(entries: Iterable[Entry]) -> Standing:
    """The lines in their order -> what holds now."""
    decided: dict[str, Entry] = {}
    written: set[str] = set()
    for entry in entries:
        match entry.decision:
            case Choice.UNDO:
                decided.pop(entry.key, None)
            case Choice.WRITTEN:
                written |= set(entry.also.split())
            case _:
                decided.pop(entry.key, None)  # a later decision stands at its own time
                decided[entry.key] = entry
    return Standing(decided, frozenset(written))


def moment(now: datetime) -> str:
    """As the journal writes it."""
    return now.isoformat(timespec="seconds")
