"""When operators are there, when a number may be called, and which slots may be booked. Pure.

Times are seconds since the epoch; days and hours belong to a zone. Weekdays count from Monday, 0.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ivr.errors import ConfigError

Hours = tuple[tuple[time, time], ...]
"""Stretches of a day, in order, each from its beginning up to its end; (0:00, 0:00): the whole day,
an end of 0:00: midnight. No stretch: closed."""

WHOLE_DAY: Final[Hours] = ((time(0), time(0)),)
HORIZON_DAYS: Final = 400
"""Farther ahead nothing is looked for: a calendar may have no open day at all."""
NEVER_S: Final = timedelta(days=365).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Opening hours."""

    zone: ZoneInfo
    week: Mapping[int, Hours] = field(default_factory=lambda: dict.fromkeys(range(7), WHOLE_DAY))
    """By weekday; a missing one is closed."""
    dates: Mapping[date, Hours] = field(default_factory=dict)
    """Holidays and other days that differ from their weekday."""

    def __post_init__(self) -> None:
        for hours in (*self.week.values(), *self.dates.values()):
            ends = [time.max if end == time(0) else end for _, end in hours]
            if any(begin >= end for (begin, _), end in zip(hours, ends, strict=True)):
                raise ConfigError("hours", hours, "each stretch ends after it begins, 0:00 at most")
            if any(begin < end for (begin, _), end in zip(hours[1:], ends[:-1], strict=True)):
                raise ConfigError("hours", hours, "stretches in order that do not overlap")

    def is_open(self, at: float) -> bool:
        """Whether this moment is within the hours."""
        return self.open_from(at) == at

    def open_from(self, at: float) -> float | None:
        """The earliest moment from `at` on that is within the hours; None: there is none."""
        for begin, end in self.stretches(at):
            if end > at:
                return max(begin, at)
        return None

    def covers(self, begin: float, end: float) -> bool:
        """Open without a break from `begin` to `end`."""
        for opens, closes in self.stretches(begin):
            if opens > begin or begin >= end:
                break
            begin = max(begin, closes)
        return begin >= end

    def stretches(self, at: float) -> Iterator[tuple[float, float]]:
        """Open stretches from the day of `at` on, in order."""
        first = datetime.fromtimestamp(at, self.zone).date()
        for number in range(HORIZON_DAYS):
            day = first + timedelta(days=number)
            for begin, end in self.dates.get(day, self.week.get(day.weekday(), ())):
                last = day + timedelta(days=1) if end == time(0) else day
                yield self._moment(day, begin), self._moment(last, end)

    def _moment(self, day: date, hour: time) -> float:
        return datetime.combine(day, hour, self.zone).timestamp()


@dataclass(frozen=True, slots=True, kw_only=True)
class Regions:
    """Number -> zone. Ten digits; the longest prefix decides, else `default`, the operator's own.

    Mobile codes (9xx) say where a number was sold, and it may have moved to another operator and
    region since: they count as the default unless configured."""

    default: ZoneInfo
    zones: Mapping[str, ZoneInfo] = field(default_factory=dict)

    def zone(self, number: str) -> ZoneInfo:
        """Where the clock of whoever is called stands, as far as the number tells."""
        for length in range(len(number), 0, -1):
            found = self.zones.get(number[:length])
            if found is not None:
                return found
        return self.default


LANDLINES: Final[Mapping[str, str]] = {
    "401": "Europe/Kaliningrad",
    "341": "Europe/Samara",
    "842": "Europe/Ulyanovsk",
    "845": "Europe/Saratov",
    "846": "Europe/Samara",
    "848": "Europe/Samara",
    "851": "Europe/Astrakhan",
    **dict.fromkeys(("342", "343", "345", "346", "347", "349"), "Asia/Yekaterinburg"),
    **dict.fromkeys(("351", "352", "353"), "Asia/Yekaterinburg"),
    "381": "Asia/Omsk",
    "382": "Asia/Tomsk",
    "383": "Asia/Novosibirsk",
    "384": "Asia/Novokuznetsk",
    "385": "Asia/Barnaul",
    "388": "Asia/Barnaul",
    **dict.fromkeys(("390", "391", "394"), "Asia/Krasnoyarsk"),
    **dict.fromkeys(("301", "395"), "Asia/Irkutsk"),
    "302": "Asia/Chita",
    **dict.fromkeys(("411", "416"), "Asia/Yakutsk"),
    **dict.fromkeys(("421", "423", "426"), "Asia/Vladivostok"),
    "413": "Asia/Magadan",
    "424": "Asia/Sakhalin",
    "415": "Asia/Kamchatka",
    "427": "Asia/Anadyr",
}
"""Codes of landlines away from Moscow's time."""


def russian_regions(default: ZoneInfo, own: Mapping[str, str]) -> Regions:
    """Landlines by their codes; first of all, and mobile numbers, as configured in `own`: prefix ->
    zone, such as {"914": "Asia/Vladivostok"}."""
    names = {**dict.fromkeys("348", "Europe/Moscow"), **LANDLINES, **own}
    return Regions(default=default, zones={code: ZoneInfo(name) for code, name in names.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class CallingHours:
    """When somebody may be called: operators are there and it is day where the number belongs."""

    business: Calendar
    regions: Regions
    begin: time = time(9)
    """On the clock of the number's region."""
    end: time = time(21)

    def call_from(self, number: str, at: float) -> float:
        """The earliest time from `at` on at which this number may be called; what
        `QueueRules.call_from` takes. Without any it is `at` in a year: never, for all purposes."""
        never = at + NEVER_S
        day = self._day(number)
        while at < never:
            opens = self.business.open_from(at)
            awake = None if opens is None else day.open_from(opens)
            if opens is None or awake is None:
                return never
            if awake == opens:
                return opens
            at = awake
        return never

    def may_ever_call(self, number: str, at: float) -> bool:
        """The hours of the house and of the number's region meet on some day."""
        return self.call_from(number, at) < at + NEVER_S

    def may_call(self, number: str, begin: float, end: float) -> bool:
        """The whole time between is within the hours."""
        return self.business.covers(begin, end) and self._day(number).covers(begin, end)

    def _day(self, number: str) -> Calendar:
        hours: Hours = ((self.begin, self.end),)
        return Calendar(zone=self.regions.zone(number), week=dict.fromkeys(range(7), hours))


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """What may be booked."""

    length_s: float = 1800.0
    capacity: int = 4
    """Callbacks that may be promised for one slot."""
    lead_s: float = 900.0
    """A slot begins at least so much later than now."""
    days: int = 3
    """No slot is offered farther ahead."""

    def bookable(
        self, number: str, hours: CallingHours, now: float, taken: Mapping[float, int]
    ) -> Iterator[float]:
        """Beginnings of slots in which this number may be called and there is room, in order.
        `taken`: beginning -> callbacks promised for it. The first slot of a day begins with it."""
        for begin, end in hours.business.stretches(now):
            if begin > now + self.days * 86400.0:
                return
            at = begin
            while at + self.length_s <= end:
                free = at >= now + self.lead_s and taken.get(at, 0) < self.capacity
                if free and hours.may_call(number, at, at + self.length_s):
                    yield at
                at += self.length_s
