"""How many waited when."""

import pytest

from ivr.analytics.queue_lengths import Length, busiest, lengths, mean_length, peaks
from ivr.analytics.queue_telling import tell
from ivr.queue.model import ContactKind
from tests.unit.analytics.queue_days import Day

pytestmark = pytest.mark.unit


def test_calls_and_promises_are_counted_while_they_wait() -> None:
    day = Day()
    day.answered("a", 100.0, 160.0)
    day.promised("b", 110.0, 120.0)
    day.served("b", 110.0, 200.0, kind=ContactKind.CALLBACK)
    day.promised("slot", 120.0, 120.0, slot_in=500.0)
    found = lengths(tell(day).contacts, 0.0, 300.0, 300.0)
    assert found == (
        Length(0.0, 0, 0),
        Length(100.0, 1, 0),
        Length(110.0, 2, 0),
        Length(120.0, 1, 1),
        Length(160.0, 0, 1),
        Length(200.0, 0, 0),
    )
    assert busiest(found) == Length(110.0, 2, 0)
    assert mean_length(found, 300.0) == pytest.approx((10 + 20 + 80 + 40) / 300)


def test_who_waited_before_and_waits_after_is_cut_to_the_time() -> None:
    day = Day()
    day.abandoned("before", 50.0, 150.0)
    day.answered("after", 180.0, 900.0)
    found = lengths(tell(day).contacts, 100.0, 200.0, 190.0)
    assert found == (
        Length(100.0, 1, 0),
        Length(150.0, 0, 0),
        Length(180.0, 1, 0),
        Length(190.0, 0, 0),
    )


def test_an_empty_queue_is_a_length_too() -> None:
    assert lengths([], 5.0, 10.0, 10.0) == (Length(5.0, 0, 0),)
    assert mean_length((Length(5.0, 0, 0),), 5.0) == 0.0


def test_peaks_keep_the_busiest_moment_of_each_step() -> None:
    found = (Length(0.0, 0, 0), Length(5.0, 3, 1), Length(6.0, 1, 1), Length(25.0, 3, 0))
    assert peaks(found, 40.0, 10.0) == (
        Length(0.0, 3, 1),
        Length(10.0, 1, 1),
        Length(20.0, 3, 0),
        Length(30.0, 3, 0),
    )
