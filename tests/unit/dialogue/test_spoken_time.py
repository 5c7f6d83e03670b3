"""Spoken days and hours against times that may be booked."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ivr.dialogue.spoken_time import fitting, time_wish

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)  # a Sunday
SLOTS = tuple(
    datetime(2026, 11, day, hour, tzinfo=UTC)
    for day, hours in ((22, (14, 15, 19)), (23, (9, 10, 14, 17)), (25, (9, 18)))
    for hour in hours
)
MEANT = {
    "завтра": ["23 09", "23 10", "23 14", "23 17"],
    "завтра в девять": ["23 09"],
    "завтра в девять утра": ["23 09"],
    "завтра утром": ["23 09", "23 10"],
    "завтра после обеда": ["23 14", "23 17"],
    "завтра к двум": ["23 14"],
    "в три часа": ["22 15"],
    "сегодня в семь вечера": ["22 19"],
    "вечером": ["22 19", "23 17", "25 18"],
    "в среду": ["25 09", "25 18"],
    "в среду в шесть": ["25 18"],
    "послезавтра": [],
    "в понедельник после двух": ["23 14", "23 17"],
    "завтра после пяти": ["23 17"],
    "в двенадцать ночи": [],
    "через два часа": ["22 14", "22 15", "22 19"],
    "через час": ["22 14", "22 15", "22 19"],
    "в 10:00 завтра": ["23 10"],
    "завтра в шесть утра": [],
}


@pytest.mark.parametrize(("text", "meant"), MEANT.items())
def test_which_times_are_meant(text: str, meant: list[str]) -> None:
    wish = time_wish(text, NOW)
    assert wish is not None
    assert [f"{slot:%d %H}" for slot in fitting(SLOTS, wish, NOW)] == meant


@pytest.mark.parametrize("text", ["", "первое", "два", "сейчас", "номер пять", "какая разница"])
def test_no_time_is_heard_where_none_is_said(text: str) -> None:
    assert time_wish(text, NOW) is None


def test_hours_are_the_callers_and_not_the_slots() -> None:
    moscow = timezone(timedelta(hours=3))
    wish = time_wish("завтра в двенадцать", NOW.astimezone(moscow))
    assert wish is not None
    assert fitting(SLOTS, wish, NOW.astimezone(moscow)) == (SLOTS[3],)
