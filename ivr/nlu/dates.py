"""Spoken days -> dates: «вчера», «пятого ноября», «в понедельник», «три дня назад». Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ivr.nlu.normalise import SpokenNumber

_DAYS = {"позавчера": -2, "вчера": -1, "сегодня": 0, "завтра": 1, "послезавтра": 2}
_MONTHS = {
    form: number
    for number, forms in enumerate(
        (
            "января январе", "февраля феврале", "марта марте", "апреля апреле", "мая мае",
            "июня июне", "июля июле", "августа августе", "сентября сентябре", "октября октябре",
            "ноября ноябре", "декабря декабре",
        ),
        1,
    )
    for form in forms.split()
}  # fmt: skip
_WEEKDAYS = {
    form: number
    for number, forms in enumerate(
        ("понедельник", "вторник", "среду", "четверг", "пятницу", "субботу", "воскресенье")
    )
    for form in forms.split()
}
_UNITS = {
    "день": 1, "дня": 1, "дней": 1, "денек": 1, "сутки": 1, "суток": 1,
    "неделю": 7, "недели": 7, "недель": 7,
}  # fmt: skip
_AHEAD = ("следующ", "будущ", "ближайш", "перезвон", "позвон", "набер")
"""Beginnings of words after which a bare weekday is the coming one; otherwise it is the last."""
DAY_ENDINGS = frozenset({*_DAYS, *_MONTHS, *_WEEKDAYS, "число", "числа", "назад"})
"""Words that end a spoken day."""


@dataclass(frozen=True, slots=True)
class SpokenDate:
    """A date said with the words `first:end` of a text."""

    day: date
    first: int
    end: int


def find_dates(
    words: Sequence[str], numbers: Sequence[SpokenNumber], today: date
) -> Iterator[SpokenDate]:
    """Dates in `words`; `numbers` are the numbers already read in them."""
    for number in numbers:
        if number.value != number.value.to_integral():
            continue
        value, following = int(number.value), tuple(words[number.end : number.end + 2])
        if found := _counted_date(value, number, following, today):
            yield found
    for at, word in enumerate(words):
        if word in _DAYS:
            yield SpokenDate(today + timedelta(days=_DAYS[word]), at, at + 1)
        elif word in _WEEKDAYS:
            ahead = any(other.startswith(_AHEAD) for other in words)
            yield SpokenDate(_weekday(_WEEKDAYS[word], today, ahead=ahead), at, at + 1)
        elif word in _UNITS and words[at + 1 : at + 2] == ["назад"] and not _counted(at, numbers):
            yield SpokenDate(today - timedelta(days=_UNITS[word]), at, at + 2)


def _counted(at: int, numbers: Sequence[SpokenNumber]) -> bool:
    return any(number.end == at for number in numbers)


def _counted_date(
    value: int, number: SpokenNumber, following: tuple[str, ...], today: date
) -> SpokenDate | None:
    match following:
        case (month, *_) if month in _MONTHS:
            day, length = _day_of_month(value, _MONTHS[month], today), 1
        case ("числа" | "число", *_) if number.ordinal:
            day, length = _latest_day(value, today), 1
        case (unit, "назад") if unit in _UNITS and value <= 1000:
            day, length = today - timedelta(days=value * _UNITS[unit]), 2
        case _:
            return None
    return SpokenDate(day, number.first, number.end + length) if day else None


def _day_of_month(day: int, month: int, today: date) -> date | None:
    """In the year that brings it nearest to today: callers name no years."""
    years = (today.year - 1, today.year, today.year + 1)
    candidates = [found for year in years if (found := _date(year, month, day))]
    return min(candidates, key=lambda found: abs(found - today), default=None)


def _latest_day(day: int, today: date) -> date | None:
    """The last such day of a month up to today: «пятого числа»."""
    for months_back in range(3):
        index = today.year * 12 + today.month - 1 - months_back
        found = _date(index // 12, index % 12 + 1, day)
        if found is not None and found <= today:
            return found
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _weekday(weekday: int, today: date, *, ahead: bool) -> date:
    if ahead:
        return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    return today - timedelta(days=(today.weekday() - weekday) % 7)
