"""The set of turns as text: one line a turn, from files and phrases to pauses and lines. Pure.

A turn is what a caller says between two prompts, in pieces with pauses between them. A piece is
`tts/0003.flac` (a whole recording), `tts/0003.flac@0.00-0.86` (a stretch of it, seconds;
`@0.86-`: the rest), `festival:какой тариф` (to be rendered) or `sound:cough` (made by the bench).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from ivr.errors import ConfigError


class Half(StrEnum):
    """Which half a turn is in."""

    DEV = "dev"
    TEST = "test"


class Profile(StrEnum):
    """What kind of answer is given."""

    OPEN = "open"
    YES_NO = "yes_no"
    DIGITS = "digits"
    AMOUNT = "amount"
    DATE = "date"
    TARIFF = "tariff"
    CITY = "city"
    OVER_PROMPT = "over_prompt"
    """Spoken while the bot speaks: no question is answered."""


class Kind(StrEnum):
    """What is special about a turn."""

    PLAIN = "plain"
    PAUSE = "pause"
    FILLER = "filler"
    CORRECTION = "correction"
    LOSS = "loss"
    INTERRUPTION = "interruption"
    BACKCHANNEL = "backchannel"
    COUGH = "cough"
    NOISE = "noise"
    ECHO = "echo"


ANSWERS: Final = frozenset({Kind.PLAIN, Kind.PAUSE, Kind.FILLER, Kind.CORRECTION, Kind.LOSS})
"""Said while the bot listens: latency, cut-offs and understanding are measured on these."""
MUST_NOT_STOP: Final = frozenset({Kind.BACKCHANNEL, Kind.COUGH, Kind.NOISE, Kind.ECHO})
"""Heard while the bot speaks, and no reason to stop."""
CALLERS: Final = ("known", "withheld", "stranger")
"""Who calls decides which question a key leads to: a subscriber, nobody knows who, or somebody
whose number is of another network."""
SEPARATOR: Final = " | "
STRETCH: Final = re.compile(r"(?P<file>[^@:]+)@(?P<start>\d+\.\d+)-(?P<end>\d+\.\d+)?")
CONDITION: Final = re.compile(r"(noise|level|loss|gap)=(-?\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRow:
    """One turn of the set. Field names are the file's columns, in its order."""

    id: str
    part: Half
    profile: Profile
    kind: Kind
    caller: str = "known"
    """One of `CALLERS`."""
    keys: str = ""
    """Keys that lead from anywhere in a call to the question, or to a prompt to talk over."""
    into_ms: int = 0
    """How far into the prompt the caller speaks; 0: after its end."""
    pieces: tuple[str, ...] = ()
    pauses_ms: tuple[int, ...] = ()
    """Between the pieces: one fewer than these."""
    text: str = ""
    """The words said."""
    intent: str = ""
    """What they mean; '' where nothing is expected of the recognizer."""
    value: str = ""
    """What an entity of the answer should be, e.g. the ten digits."""
    conditions: tuple[str, ...] = ()
    """noise=DB (signal to noise), level=DB, loss=PERCENT of packets, gap=MS of packets lost in the
    first pause."""
    voice: str = ""
    """Who speaks, for reading."""

    def condition(self, name: str) -> float | None:
        """A condition's figure, None where it does not hold."""
        for item in self.conditions:
            key, _, value = item.partition("=")
            if key == name:
                return float(value)
        return None

    @property
    def has_pause(self) -> bool:
        return bool(self.pauses_ms)

    @property
    def is_answer(self) -> bool:
        return self.kind in ANSWERS

    @property
    def needs_bad_line(self) -> bool:
        """Whether packets have to be lost on the way."""
        return self.condition("loss") is not None or self.condition("gap") is not None


COLUMNS: Final = tuple(item.name for item in fields(TurnRow))


def parse(text: str, name: str) -> tuple[TurnRow, ...]:
    """Rows of the file's text; `ConfigError` names the line that is wrong."""
    lines = text.splitlines()
    if not lines or tuple(lines[0].split("\t")) != COLUMNS:
        raise ConfigError(name, lines[0] if lines else "", "\\t".join(COLUMNS))
    rows = [_row(line, f"{name}:{number}") for number, line in enumerate(lines[1:], 2) if line]
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            raise ConfigError(name, row.id, "every id once")
        seen.add(row.id)
    return tuple(rows)


def _row(line: str, place: str) -> TurnRow:
    cells = line.split("\t")
    if len(cells) != len(COLUMNS):
        raise ConfigError(place, line, f"{len(COLUMNS)} columns separated by tabs")
    cell = dict(zip(COLUMNS, cells, strict=True))
    try:
        row = TurnRow(
            id=cell["id"],
            part=Half(cell["part"]),
            profile=Profile(cell["profile"]),
            kind=Kind(cell["kind"]),
            caller=cell["caller"],
            keys=cell["keys"],
            into_ms=int(cell["into_ms"]),
            pieces=_parts(cell["pieces"]),
            pauses_ms=tuple(int(pause) for pause in _parts(cell["pauses_ms"])),
            text=cell["text"],
            intent=cell["intent"],
            value=cell["value"],
            conditions=tuple(cell["conditions"].split()),
            voice=cell["voice"],
        )
    except ValueError as exc:
        raise ConfigError(place, line, str(exc)) from exc
    if fault := _fault(row):
        raise ConfigError(place, line, fault)
    return row


def _fault(row: TurnRow) -> str:
    """What has to be otherwise, '' when nothing."""
    if row.caller not in CALLERS:
        return f"a caller of {', '.join(CALLERS)}"
    if not set(row.keys) <= set("0123456789*#"):
        return "keys of a telephone"
    if not row.pieces and row.kind is not Kind.ECHO:
        return "at least one piece"
    if len(row.pauses_ms) != max(0, len(row.pieces) - 1):
        return "a pause between every two pieces"
    if not all(CONDITION.fullmatch(item) for item in row.conditions):
        return "conditions noise=DB level=DB loss=PERCENT gap=MS"
    return ""


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(cell.split(SEPARATOR)) if cell else ()


def render(rows: Iterable[TurnRow]) -> str:
    """The file's text."""
    return "\n".join(["\t".join(COLUMNS), *(_line(row) for row in rows)]) + "\n"


def _line(row: TurnRow) -> str:
    return "\t".join(
        (
            row.id,
            row.part,
            row.profile,
            row.kind,
            row.caller,
            row.keys,
            str(row.into_ms),
            SEPARATOR.join(row.pieces),
            SEPARATOR.join(str(pause) for pause in row.pauses_ms),
            row.text,
            row.intent,
            row.value,
            " ".join(row.conditions),
            row.voice,
        )
    )
