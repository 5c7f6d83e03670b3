"""«Завтра после обеда», «в девять утра» -> which of the times that may be booked. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from ivr.nlu.normalise import SpokenNumber, read_numbers, word_set, words_of

_DAYS: Final = {"сегодня": 0, "завтра": 1, "послезавтра": 2}
_WEEKDAYS: Final = ("понедельн", "вторн", "сред", "четверг", "пятниц", "суббот", "воскрес")
_PARTS: Final[dict[str, range]] = {
    **dict.fromkeys(word_set("утром утра утро утру"), range(5, 12)),
    **dict.fromkeys(word_set("днем дня день"), range(12, 18)),
    **dict.fromkeys(word_set("обед обеду полдень"), range(12, 15)),
    **dict.fromkeys(word_set("обеда"), range(13, 18)),
    **dict.fromkeys(word_set("вечером вечера вечер вечеру"), range(17, 24)),
    **dict.fromkeys(word_set("ночью ночи"), range(0, 5)),
}
_BEFORE_HOUR: Final = word_set("в во к ко на с после часов")
_HOURS: Final = word_set("час часа часов часам")
DAY_BEGINS: Final = 8
"""«После двух» is in the afternoon."""
_WHOLE_DAY: Final = frozenset(range(24))


@dataclass(frozen=True, slots=True)
class TimeWish:
    """A day, hours, or both."""

    day: date | None
    hours: frozenset[int]
    """Hours in which the slot may begin."""


def time_wish(text: str, now: datetime) -> TimeWish | None:
    """What time is meant; None when the words name none."""
    words = [word.text for word in words_of(text)]
    day = _day(words, now.date())
    hours = _hours(words, now, day_named=day is not None)
    if day is None and hours is None:
        return None
    if hours is not None and "через" in words:
        day = now.date()
    return TimeWish(day, _WHOLE_DAY if hours is None else hours)


def fitting(slots: Iterable[datetime], wish: TimeWish, now: datetime) -> tuple[datetime, ...]:
    """The slots that are meant, in their order."""
    here = ((slot, slot.astimezone(now.tzinfo)) for slot in slots)
    return tuple(
        slot
        for slot, local in here
        if local.hour in wish.hours and wish.day in (None, local.date())
    )


def _day(words: list[str], today: date) -> date | None:
    for word in words:
        if word in _DAYS:
            return today + timedelta(days=_DAYS[word])
        for number, stem in enumerate(_WEEKDAYS):
            if word.startswith(stem):
                return today + timedelta(days=(number - today.weekday()) % 7 or 7)
    return None


def _hours(words: list[str], now: datetime, *, day_named: bool) -> frozenset[int] | None:
    part = next((_PARTS[word] for word in words if word in _PARTS), None)
    number = next((n for n in read_numbers(words) if _is_hour(words, n, day_named)), None)
    if number is None:
        if "через" in words and _HOURS.intersection(words):
            return frozenset(range(now.hour + 1, 24))
        return None if part is None else frozenset(part)
    hour = int(number.value)
    if "через" in words[: number.first]:
        return frozenset(range(now.hour + hour, 24))
    meant = _of_the_clock(hour, part)
    if words[number.first - 1 : number.first] == ["после"]:
        waking = [hour for hour in meant if hour >= DAY_BEGINS]
        return frozenset(range(min(waking, default=24), 24))
    return meant


def _is_hour(words: list[str], number: SpokenNumber, day_named: bool) -> bool:
    if number.value != int(number.value) or not 0 <= number.value <= 24:
        return False
    before = words[number.first - 1 : number.first]
    after = words[number.end : number.end + 1]
    named = not _BEFORE_HOUR.isdisjoint(before) or (after and (after[0] in _HOURS | set(_PARTS)))
    return bool(named) or day_named


def _of_the_clock(hour: int, part: range | None) -> frozenset[int]:
    """«В пять» is five in the morning or in the afternoon; the slots decide."""
    both = frozenset({hour % 24, hour + 12} if hour < 12 else {hour % 24})
    if part is None:
        return both
    return both.intersection(part) or both.intersection(range(part.start - 1, part.stop + 1))
