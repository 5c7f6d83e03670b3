"""Times as people type them."""

from datetime import datetime, timedelta

import pytest

from ivr.cli.moments import day_of, length_of, moment_of

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 22, 15, 30).astimezone()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20", datetime(2026, 11, 20)),
        ("2026-11-20T14:05", datetime(2026, 11, 20, 14, 5)),
        ("2026-11-20 14:05", datetime(2026, 11, 20, 14, 5)),
        ("9:00", None),
        ("09:00", datetime(2026, 11, 22, 9)),
        ("90m", datetime(2026, 11, 22, 14)),
        ("8h", datetime(2026, 11, 22, 7, 30)),
        ("7d", datetime(2026, 11, 15)),
        ("1w", datetime(2026, 11, 15)),
        ("yesterday", None),
        ("25:00", None),
        ("", None),
    ],
)
def test_moments(text: str, moment: datetime | None) -> None:
    if moment is None:
        with pytest.raises(ValueError, match="is no time: 2026-11-22, "):
            moment_of(text, NOW)
    else:
        assert moment_of(text, NOW) == moment.astimezone()


def test_a_zone_that_is_given_is_kept() -> None:
    assert moment_of("2026-11-20T14:05+03:00", NOW).utcoffset() == timedelta(hours=3)


def test_days() -> None:
    whole = (datetime(2026, 11, 21).astimezone(), datetime(2026, 11, 22).astimezone())
    assert day_of("2026-11-21", NOW) == day_of("yesterday", NOW) == whole
    assert day_of("today", NOW)[0] == whole[1]
    with pytest.raises(ValueError, match="is no day"):
        day_of("21.11.2026", NOW)


def test_lengths() -> None:
    assert (length_of("15m"), length_of("1h"), length_of("1d")) == (900.0, 3600.0, 86400.0)
    assert length_of("none") is None
    for text in ("0m", "15", "soon"):
        with pytest.raises(ValueError, match="is no length"):
            length_of(text)
