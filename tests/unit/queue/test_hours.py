"""When operators are there, when a number may be called, which slots may be booked."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from ivr.errors import ConfigError
from ivr.queue.hours import Calendar, CallingHours, Regions, Slots, russian_regions

pytestmark = pytest.mark.unit

MOSCOW = ZoneInfo("Europe/Moscow")
OFFICE = ((time(9), time(13)), (time(14), time(20)))
SHORT = ((time(10), time(16)),)
OPEN = Calendar(
    zone=MOSCOW,
    week={**dict.fromkeys(range(5), OFFICE), 5: SHORT},
    dates={date(2026, 11, 4): (), date(2026, 11, 8): SHORT},
)
HOURS = CallingHours(business=OPEN, regions=russian_regions(MOSCOW, {"914": "Asia/Vladivostok"}))


def at(text: str, zone: ZoneInfo = MOSCOW) -> float:
    """'03 10:30' of November 2026, which began on a Sunday."""
    return datetime.strptime(f"2026-11-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=zone).timestamp()


@pytest.mark.parametrize(
    ("asked", "opens"),
    [
        ("03 08:59", "03 09:00"),
        ("03 09:00", "03 09:00"),
        ("03 13:00", "03 14:00"),
        ("03 20:00", "05 09:00"),  # the fourth is a holiday
        ("07 16:00", "08 10:00"),  # a Sunday with hours of its own
        ("08 16:00", "09 09:00"),
    ],
)
def test_the_next_opening_minds_breaks_weekends_and_holidays(asked, opens):
    assert OPEN.open_from(at(asked)) == at(opens)
    assert OPEN.is_open(at(asked)) == (asked == opens)


def test_a_calendar_without_an_open_day_never_opens():
    never = Calendar(zone=MOSCOW, week={})
    assert never.open_from(at("03 10:00")) is None
    hours = CallingHours(business=never, regions=Regions(default=MOSCOW))
    assert hours.call_from("9031234567", at("03 10:00")) > at("30 10:00")


def test_open_day_and_night_has_no_break_at_midnight():
    always = Calendar(zone=MOSCOW)
    assert always.covers(at("03 23:00"), at("04 01:00"))
    assert OPEN.covers(at("03 09:00"), at("03 13:00"))
    assert not OPEN.covers(at("03 12:30"), at("03 14:30"))
    assert not OPEN.covers(at("04 10:00"), at("04 10:30"))


@pytest.mark.parametrize(
    "hours", [((time(20), time(8)),), ((time(9), time(12)), (time(11), time(14)))]
)
def test_hours_that_make_no_sense_are_told(hours):
    with pytest.raises(ConfigError):
        Calendar(zone=MOSCOW, week={0: hours})


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("9031234567", "Europe/Moscow"),
        ("9141234567", "Asia/Vladivostok"),
        ("4951234567", "Europe/Moscow"),
        ("8121234567", "Europe/Moscow"),
        ("4011234567", "Europe/Kaliningrad"),
        ("4231234567", "Asia/Vladivostok"),
        ("3831234567", "Asia/Novosibirsk"),
        ("", "Europe/Moscow"),
    ],
)
def test_the_region_of_a_number(number, zone):
    assert HOURS.regions.zone(number) == ZoneInfo(zone)


def test_nobody_is_woken_in_vladivostok():
    assert HOURS.call_from("9031234567", at("03 15:00")) == at("03 15:00")
    # 15:00 in Moscow is 22:00 there; the office opens at their 16:00.
    assert HOURS.call_from("4231234567", at("03 15:00")) == at("05 09:00")
    assert HOURS.call_from("4231234567", at("03 13:30")) == at("05 09:00")
    # Kaliningrad gets up an hour after Moscow.
    assert HOURS.call_from("4011234567", at("03 09:00")) == at("03 10:00")


def test_hours_that_never_meet_are_never():
    business = Calendar(zone=MOSCOW, week=dict.fromkeys(range(7), ((time(15), time(18)),)))
    hours = CallingHours(business=business, regions=HOURS.regions)
    assert hours.call_from("4231234567", at("03 15:00")) >= at("03 15:00") + 365 * 86400
    assert not hours.may_ever_call("4231234567", at("03 15:00"))
    assert hours.may_ever_call("9031234567", at("03 15:00"))


def test_slots_are_within_all_hours_and_have_room():
    slots = Slots(capacity=2, days=1)
    now = at("03 11:50")
    taken = {at("03 12:30"): 2, at("03 14:00"): 1}
    offered = list(slots.bookable("9031234567", HOURS, now, taken))
    assert offered[:3] == [at("03 14:00"), at("03 14:30"), at("03 15:00")]  # 12:30 is full
    assert offered[-1] == at("03 19:30")
    # 14:00 in Moscow is 21:00 in Vladivostok.
    assert list(slots.bookable("4231234567", HOURS, at("03 09:00"), {}))[-1] == at("03 12:30")


def test_a_slot_leaves_time_to_prepare():
    slots = Slots(lead_s=900)
    assert next(slots.bookable("9031234567", HOURS, at("03 14:20"), {})) == at("03 15:00")
    assert next(slots.bookable("9031234567", HOURS, at("03 14:15"), {})) == at("03 14:30")
