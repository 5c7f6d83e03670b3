"""What the bot says, as data: recorded phrases and slots, before any audio exists.

Dialogue code builds these, the phrase grammar (`ivr.speech.grammar`) turns them into spoken parts,
and the prompt bank (`ivr.speech.prompts`) turns spoken parts into PCM.
"""

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from enum import StrEnum


class Unit(StrEnum):
    """Things that are counted aloud; the grammar knows their Russian forms and gender."""

    ROUBLE = "rouble"
    MINUTE = "minute"
    SECOND = "second"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    GIGABYTE = "gigabyte"
    MEGABYTE = "megabyte"
    MESSAGE = "message"
    SERVICE = "service"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A phrase of the prompt list by id, for example 'balance.is'."""

    prompt_id: str


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in roubles; kopecks are spoken only when there are any."""

    roubles: Decimal


@dataclass(frozen=True, slots=True)
class Quantity:
    """A count of something: 'двадцать одна минута', 'полтора гигабайта' for fractions."""

    count: Decimal
    unit: Unit


@dataclass(frozen=True, slots=True)
class CalendarDate:
    """'двадцать второго ноября'; 'сегодня', 'завтра', 'вчера' when it is that near to `today`."""

    day: date
    today: date


@dataclass(frozen=True, slots=True)
class ClockTime:
    """'восемнадцать часов тридцать минут'."""

    at: time


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """Ten digits, spoken in groups 3-3-2-2."""

    digits: str


@dataclass(frozen=True, slots=True)
class Name:
    """A proper name or term: tariff, service, city; recorded as a word or synthesized."""

    text: str


@dataclass(frozen=True, slots=True)
class FreeText:
    """Any sentence without a recording; synthesized and cached."""

    text: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence between parts."""

    milliseconds: int


Part = Prompt | Money | Quantity | CalendarDate | ClockTime | PhoneNumber | Name | FreeText | Pause
Phrase = tuple[Part, ...]
"""Everything the bot says in one breath, in order."""
