"""What becomes of operators: put aside for good, tried again later, or in a talk out of sight."""

from dataclasses import replace

import pytest

from ivr.queue.duty import out_of_sight, released, talking, talking_again
from ivr.queue.model import NO_TALK, AttemptId, AttemptOutcome, Operator, OperatorState
from ivr.queue.rules import QueueRules
from ivr.queue.transitions import log_in, log_out, pause, rested, rests_until
from ivr.testing.queue_values import an_operator

pytestmark = pytest.mark.unit

RULES = QueueRules(retry_operator_s=5.0, retry_operator_most_s=60.0)
UNREACHABLE, BUSY = AttemptOutcome.OPERATOR_UNREACHABLE, AttemptOutcome.OPERATOR_REFUSED
TALK = AttemptId("a1")


def missed(operator: Operator, outcome: AttemptOutcome, now: float, **how: bool) -> Operator:
    """Reserved and not reached."""
    reserved = replace(operator, state=OperatorState.RESERVED)
    return released(reserved, outcome, RULES, now, picked_up=how.get("picked_up", False))


def missed_so_often(times: int) -> Operator:
    operator, now = an_operator(), 0.0
    for _ in range(times):
        operator = missed(operator, UNREACHABLE, now)
        now = operator.retry_at
        operator = rested(operator, now)
    return operator


def test_who_refuses_is_put_aside_until_somebody_says_ready():
    aside = missed(an_operator(), BUSY, 100.0)
    assert (aside.state, aside.reason) == (OperatorState.PAUSED, "operator_refused")
    assert rests_until(aside) is None


def test_to_whom_the_way_is_broken_is_tried_again_after_doubling_and_bounded_pauses():
    pauses = [
        missed(missed_so_often(times), UNREACHABLE, 1000.0).retry_at - 1000.0 for times in range(6)
    ]
    assert pauses == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    assert missed(replace(an_operator(), misses=10_000), UNREACHABLE, 0.0).retry_at == 60.0


def test_who_is_tried_again_is_available_and_the_last_to_be_asked():
    aside = missed(an_operator(idle_since=3.0), UNREACHABLE, 100.0)
    assert (aside.state, rests_until(aside)) == (OperatorState.PAUSED, 105.0)
    again = rested(aside, 105.0)
    assert (again.state, again.idle_since, again.reason) == (OperatorState.AVAILABLE, 105.0, "")
    assert rests_until(again) is None


@pytest.mark.parametrize(
    "reach",
    [
        lambda operator: talking(operator, 9.0),
        lambda operator: missed(operator, AttemptOutcome.CANCELLED, 9.0, picked_up=True),
        lambda operator: missed(operator, BUSY, 9.0),
        lambda operator: log_in(log_out(operator, 9.0), 9.0),
        lambda operator: log_in(missed(operator, UNREACHABLE, 9.0), 9.0),
        lambda operator: pause(operator, "tea", 9.0),
    ],
)
def test_the_pauses_begin_anew_once_the_phone_was_reached_or_the_operator_spoke(reach):
    assert missed_so_often(3).misses == 3
    fresh = reach(missed_so_often(3))
    assert (fresh.misses, fresh.retry_at) == (0, 0.0)


def test_a_pause_by_wish_does_not_end_by_itself():
    aside = missed(an_operator(), UNREACHABLE, 100.0)
    assert rests_until(pause(aside, "tea", 101.0)) is None
    wished = replace(an_operator(), wish=OperatorState.PAUSED, reason="tea")
    assert rests_until(missed(wished, UNREACHABLE, 100.0)) is None


@pytest.mark.parametrize("outcome", [BUSY, AttemptOutcome.OPERATOR_NO_ANSWER])
def test_who_may_talk_out_of_sight_is_not_put_aside_for_being_busy(outcome):
    aside = missed(out_of_sight(an_operator(), TALK), outcome, 100.0)
    assert (aside.state, aside.retry_at) == (OperatorState.PAUSED, 105.0)
    assert aside.lost_talk == TALK
    reached = missed(rested(aside, 105.0), BUSY, 106.0, picked_up=True)
    assert (reached.retry_at, reached.lost_talk) == (0.0, NO_TALK)


def test_a_talk_that_goes_on_ends_a_pause_before_the_next_try():
    aside = missed(out_of_sight(an_operator(), TALK), BUSY, 100.0)
    again = talking_again(aside, 101.0)
    assert (again.state, again.wish, again.reason) == (OperatorState.ON_CALL, None, "")
    assert (again.retry_at, again.lost_talk) == (0.0, NO_TALK)


@pytest.mark.parametrize(
    ("wished", "reason"), [(OperatorState.PAUSED, "tea"), (OperatorState.OFFLINE, "")]
)
def test_what_the_operator_asked_for_meanwhile_comes_after_the_talk(wished, reason):
    resting = replace(out_of_sight(an_operator(), TALK), state=wished, reason="tea")
    again = talking_again(resting, 101.0)
    assert (again.state, again.wish, again.reason) == (OperatorState.ON_CALL, wished, reason)
