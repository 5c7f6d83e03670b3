"""Conversations that went out of sight with their node, and what the node may have back."""

from dataclasses import replace

import pytest

from ivr.queue.lost_talks import lose_sight, resume
from ivr.queue.model import (
    AttemptId,
    AttemptOutcome,
    AttemptStep,
    ContactKind,
    ContactState,
    OperatorState,
)
from ivr.queue.rules import QueueRules
from ivr.queue.transitions import (
    STEPS,
    InvalidStateError,
    Trio,
    advance,
    end,
    join,
    plan,
    return_to_line,
)
from ivr.testing.queue_values import NODE, a_contact, an_operator

pytestmark = pytest.mark.unit

RULES = QueueRules(wrap_up_s=20.0, lost_place_s=600.0)


def talk(kind: ContactKind = ContactKind.CALL) -> Trio:
    """Joined at 130."""
    contact = a_contact(kind=kind, rules=RULES)
    trio = plan(
        contact, an_operator(), attempt_id=AttemptId("a1"), node=NODE, rules=RULES, now=100.0
    )
    attempt = advance(trio.attempt, AttemptStep.CLAIMED)
    for step in STEPS[attempt.mode]:
        attempt = advance(attempt, step)
    return join(replace(trio, attempt=attempt), 130.0)


@pytest.mark.parametrize("kind", [ContactKind.CALL, ContactKind.CALLBACK])
def test_a_talk_is_over_for_everybody_else_until_its_node_is_back(kind):
    began = talk(kind)
    lost = lose_sight(began, RULES, 200.0)
    assert lost.contact.state is ContactState.DONE
    assert lost.operator.state is OperatorState.WRAP_UP
    assert not lost.attempt.is_live
    again = resume(lost, RULES, 230.0)
    assert again.contact.state is ContactState.CONNECTED
    assert (again.contact.ended_at, again.contact.end_reason) == (None, "")
    assert again.operator.state is OperatorState.ON_CALL
    assert (again.attempt.step, again.attempt.joined_at) == (AttemptStep.JOINED, 130.0)
    over = end(again, AttemptOutcome.CONNECTED, RULES, 300.0)
    assert (over.contact.state, over.contact.end_reason) == (ContactState.DONE, "served")


def test_a_talk_may_be_lost_and_resumed_more_than_once():
    trio = talk()
    for now in (200.0, 300.0, 400.0):
        trio = resume(lose_sight(trio, RULES, now), RULES, now + 20.0)
    assert trio.attempt.is_live


def test_an_attempt_that_had_joined_nobody_is_not_resumed():
    contact = a_contact(rules=RULES)
    planned = plan(
        contact, an_operator(), attempt_id=AttemptId("a1"), node=NODE, rules=RULES, now=100.0
    )
    lost = lose_sight(planned, RULES, 200.0)
    assert not lost.operator.lost_talk
    with pytest.raises(InvalidStateError):
        resume(lost, RULES, 201.0)


@pytest.mark.parametrize("state", [OperatorState.RESERVED, OperatorState.ON_CALL])
def test_an_operator_whom_somebody_else_has_is_left_to_them(state):
    lost = lose_sight(talk(), RULES, 200.0)
    with pytest.raises(InvalidStateError):
        resume(replace(lost, operator=replace(lost.operator, state=state)), RULES, 201.0)


def test_an_operator_who_has_talked_to_somebody_since_is_not_taken_back():
    lost = lose_sight(talk(), RULES, 200.0)
    since = replace(lost.operator, lost_talk=AttemptId("a2"))
    with pytest.raises(InvalidStateError):
        resume(replace(lost, operator=since), RULES, 201.0)


def test_a_caller_who_is_in_the_queue_again_or_was_cut_off_again_is_left_there():
    lost = lose_sight(talk(), RULES, 200.0)
    back = return_to_line(lost.contact, RULES, 210.0, node=NODE, call_id="again")
    with pytest.raises(InvalidStateError):
        resume(replace(lost, contact=back), RULES, 211.0)
    gone = replace(lost.contact, version=lost.contact.version + 3)
    with pytest.raises(InvalidStateError):
        resume(replace(lost, contact=gone), RULES, 212.0)


def test_after_the_time_for_which_places_are_kept_nothing_is_resumed():
    lost = lose_sight(talk(), RULES, 200.0)
    with pytest.raises(InvalidStateError):
        resume(lost, RULES, 200.0 + RULES.lost_place_s + 1.0)


def test_a_talk_that_its_own_node_ended_is_not_out_of_sight():
    ended = end(talk(), AttemptOutcome.LOST, RULES, 200.0)
    assert not ended.operator.lost_talk
    with pytest.raises(InvalidStateError):
        resume(ended, RULES, 201.0)
