"""Times as people type them -> moments. Pure."""

import re
from datetime import date, datetime, time, timedelta
from typing import Final

AGO: Final = re.compile(r"(\d+)\s*([mhdw])")
UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
HOW: Final = (
    "2026-11-22, 2026-11-22T14:00, 14:00 (today), 90m, 8h (ago), 7d, 2w (ago, from midnight on)"
)


def moment_of(text: str, now: datetime) -> datetime:
    """A date (its beginning), date and time, time of today, '8h' ago, or the beginning of the day
    '7d' ago; `now` has a zone.

    `ValueError` says what is taken.
    """
    if ago := AGO.fullmatch(text.strip()):
        then = now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        return then if ago[2] in "mh" else _local(then.date(), time())
    for read in (_time_of_today, _date_and_time):
        found = read(text.strip(), now)
        if found is not None:
            return found
    raise ValueError(f"{text!r} is no time: {HOW}")


def day_of(text: str, now: datetime) -> tuple[datetime, datetime]:
    """Beginning and end of a day: a date, 'today' or 'yesterday'."""
    days = {"today": now.date(), "yesterday": now.date() - timedelta(days=1)}
    try:
        day = days.get(text) or date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no day: 2026-11-22, today, yesterday") from None
    return _local(day, time()), _local(day + timedelta(days=1), time())


def length_of(text: str) -> float | None:
    """'30m', '1h' -> seconds; 'none' -> None."""
    if text == "none":
        return None
    if (found := AGO.fullmatch(text)) is None or int(found[1]) == 0:
        raise ValueError(f"{text!r} is no length: 15m, 1h, 1d, or none")
    return timedelta(**{UNITS[found[2]]: int(found[1])}).total_seconds()


def _time_of_today(text: str, now: datetime) -> datetime | None:
    try:
        return _local(now.date(), time.fromisoformat(text)) if ":" in text[:3] else None
    except ValueError:
        return None


def _date_and_time(text: str, _now: datetime) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.astimezone()


def _local(day: date, at: time) -> datetime:
    return datetime.combine(day, at).astimezone()
