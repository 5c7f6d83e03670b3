"""Who may still come into a worker of four legs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.media.places import MAX_LEGS, Places

pytestmark = pytest.mark.unit


def test_two_calls_of_two_legs_fill_a_worker():
    places = Places(2)
    places.begin(2)
    assert places.free == 1
    places.begin(1)
    assert (places.taken, places.free) == (2, 0)
    assert places.may_join(2)
    assert places.may_join(1)


def test_a_callback_takes_the_place_of_a_caller_until_its_last_leg_is_gone():
    places = Places(2)
    places.begin(1)
    places.join(3, beside=1)
    places.leave(1)
    assert places.free == 1
    places.leave(3)
    assert places.free == 2


def test_a_supervisor_is_lent_a_leg_that_nobody_is_owed_and_no_other():
    places = Places(2)
    places.begin(2)
    places.join(1, beside=2)
    assert places.may_join(2)
    places.join(3, beside=2)
    assert places.free == 0
    places.leave(3)
    places.begin(4)
    assert not places.may_join(2)
    assert places.may_join(4)


def test_a_softphone_owes_nobody_a_second_leg():
    places = Places(4)
    for leg in range(4):
        assert places.free == 4 - leg
        places.begin(leg)
    assert not places.may_join(0)


def test_a_leg_beside_one_that_has_just_ended_begins_a_call_of_its_own():
    places = Places(2)
    places.join(3, beside=1)
    assert places.taken == 1
    places.leave(1)
    assert places.taken == 1


@given(st.lists(st.tuples(st.sampled_from("bjl"), st.integers(0, 5), st.integers(0, 5))))
def test_whoever_asks_first_never_needs_more_legs_than_there_are(steps):
    """Everybody let in can still get the second leg, whatever came before."""
    places = Places(2)
    calls: list[set[int]] = []
    for kind, leg, beside in steps:
        known = {number for call in calls for number in call}
        if kind == "b" and leg not in known and places.free:
            places.begin(leg)
            calls.append({leg})
        elif kind == "j" and leg not in known and beside in known and places.may_join(beside):
            places.join(leg, beside)
            next(call for call in calls if beside in call).add(leg)
        elif kind == "l":
            places.leave(leg)
            calls = [rest for call in calls if (rest := call - {leg})]
        assert sum(max(2, len(call)) for call in calls) <= MAX_LEGS
        assert places.taken == len(calls)
