"""The queue in memory, told as stories."""

import pytest

from ivr.queue.engine import QueueEngine
from ivr.queue.model import (
    AttemptOutcome,
    AttemptStep,
    ContactId,
    ContactKind,
    ContactState,
    NodeId,
    OperatorId,
    OperatorState,
)
from ivr.queue.rules import Overflow, QueueRules
from ivr.queue.steps import STEPS
from ivr.queue.transitions import InvalidStateError, SlotTakenError
from ivr.testing.queue_values import NODE, a_contact, an_operator

pytestmark = pytest.mark.unit

C1, C2, O1 = ContactId("c1"), ContactId("c2"), OperatorId("o1")


def engine_with(*operators: str, rules: QueueRules | None = None) -> QueueEngine:
    engine = QueueEngine(rules or QueueRules())
    for name in operators:
        engine.staff.save(an_operator(name))
        engine.staff.log_in(OperatorId(name), 0)
    return engine


def talk(engine: QueueEngine, trio, now: float):
    attempt = engine.claim(trio.attempt, now).attempt
    for step in STEPS[attempt.mode]:
        attempt = engine.advance(attempt, step)
    return engine.join(attempt, now)


def test_a_callback_is_called_when_its_turn_comes_and_not_before():
    engine = engine_with()
    engine.enqueue(a_contact("c1", 0), 0)
    engine.enqueue(a_contact("c2", 5, number="9030000002"), 5)
    became = engine.become_callback(C1, "9031234567", 10)
    assert became.place.ahead == 0
    assert engine.place(C2, 10).ahead == 1
    engine.staff.save(an_operator("o1"))
    engine.staff.log_in(O1, 20)
    (trio,) = engine.assign(NODE, 1, 20)
    assert trio.contact.contact_id == C1
    assert engine.place(C2, 20).ahead == 0


def test_never_more_dials_than_free_operators():
    engine = engine_with("o1", "o2")
    for number in range(5):
        engine.enqueue(
            a_contact(f"c{number}", number, ContactKind.CALLBACK, number=f"903000000{number}"),
            number,
        )
    assert len(engine.assign(NODE, 99, 10)) == 2
    assert engine.assign(NODE, 99, 11) == ()


def test_calling_again_finds_the_promise():
    engine = engine_with()
    engine.enqueue(a_contact("c1", 0, ContactKind.CALLBACK), 0)
    again = engine.enqueue(a_contact("c2", 60), 60)
    assert (again.contact.contact_id, again.known, again.place.waited_s) == (C1, True, 60)
    assert engine.enqueue(a_contact("c3", 60, topic="billing"), 60).known is False
    assert [c.contact_id for c in engine.open_contacts("9031234567", 60)] == ["c1", "c3"]


def test_two_callers_behind_one_company_number_wait_each_for_themselves():
    engine = engine_with()
    assert not engine.enqueue(a_contact("c1", 0), 0).known
    assert not engine.enqueue(a_contact("c2", 1), 1).known
    engine.become_callback(C1, "9031234567", 2)
    merged = engine.become_callback(C2, "9031234567", 3)
    assert (merged.contact.contact_id, merged.known) == (C1, True)
    assert engine.contact(C2) is None


def test_a_slot_that_is_full_is_refused_and_costs_nobody_the_place():
    engine = engine_with(rules=QueueRules(slot_calls=1))
    engine.enqueue(a_contact("c1", 0), 0)
    engine.become_callback(C1, "9031234567", 10, slot_at=600)
    engine.enqueue(a_contact("c2", 5, number="9030000002"), 10)
    with pytest.raises(SlotTakenError):
        engine.become_callback(C2, "9030000002", 20, slot_at=600)
    assert engine.contact(C2).kind is ContactKind.CALL
    late = a_contact("c3", 30, ContactKind.CALLBACK, number="9030000003", place_at=600)
    with pytest.raises(SlotTakenError):
        engine.enqueue(late, 30)
    engine.become_callback(C1, "9031234567", 40, slot_at=600)  # their own place in it
    engine.cancel(C1, 50)
    assert engine.become_callback(C2, "9030000002", 60, slot_at=600).place.due_at == 600


def test_a_promise_made_anew_while_nobody_talked_counts_instead():
    engine = engine_with("o1")
    engine.enqueue(a_contact("c1", 0, ContactKind.CALLBACK), 0)
    (trio,) = engine.assign(NODE, 1, 1)
    attempt = talk(engine, trio, 2)
    engine.enqueue(a_contact("c2", 3, ContactKind.CALLBACK), 3)
    ended = engine.end(attempt, AttemptOutcome.LOST, 4)
    assert (ended.contact.state, ended.contact.end_reason) == (ContactState.CANCELLED, "known")
    assert [c.contact_id for c in engine.open_contacts("9031234567", 5)] == [C2]


def test_quiet_hours_are_told_with_the_place_and_a_pause_is_not():
    rules = QueueRules(call_from=lambda number, at: at if at < 1000 else max(at, 9000.0))
    engine = engine_with(rules=rules)
    engine.enqueue(a_contact("c1", 0, ContactKind.CALLBACK, due_at=500), 0)
    by_day = engine.place(C1, 400)
    assert (by_day.due_at, by_day.calls_from) == (0, 0)
    assert engine.place(C1, 1200).calls_from == 9000
    engine.enqueue(a_contact("c2", 0, number="9030000002"), 1300)
    assert engine.place(C2, 1300).calls_from == 9000
    booked = engine.become_callback(C2, "9030000002", 1300, slot_at=9600)
    assert (booked.place.due_at, booked.place.calls_from) == (9600, 0)


def test_asking_twice_with_the_same_identity_is_asking_once():
    engine = engine_with()
    engine.enqueue(a_contact("c1", 0), 0)
    assert engine.enqueue(a_contact("c1", 0), 1).known
    assert engine.waiting_count() == 1


def test_a_line_lost_with_its_node_is_given_back_to_who_calls_again():
    engine = engine_with(rules=QueueRules(lost_place_s=100))
    engine.renew(NODE, 0)
    engine.enqueue(a_contact("c1", 0), 0)
    assert engine.recover(NodeId("node-b"), 7) == ()
    assert engine.contact(C1).is_live
    engine.recover(NodeId("node-b"), 8.5)
    assert [c.contact_id for c in engine.open_contacts("9031234567", 9)] == [C1]
    back = engine.return_to_line(C1, 20, node=NodeId("node-b"), call_id="k2")
    assert (back.contact.state, back.contact.rank) == (ContactState.WAITING, 0)


def test_a_lost_line_is_forgotten_in_time_and_gives_way_to_a_newer_promise():
    engine = engine_with(rules=QueueRules(lost_place_s=100))
    engine.enqueue(a_contact("c1", 0), 0)
    engine.recover(NODE, 10, starting=True)
    engine.enqueue(a_contact("c2", 20, ContactKind.CALLBACK), 20)
    with pytest.raises(InvalidStateError):
        engine.return_to_line(C1, 30, node=NODE, call_id="k2")
    engine.tick(110)
    assert engine.contact(C1) is None
    assert engine.open_contacts("9031234567", 111) == (engine.contact(C2),)


def test_an_operator_is_not_stuck_when_the_caller_left_before_the_claim():
    engine = engine_with("o1")
    engine.enqueue(a_contact("c1", 0), 0)
    (trio,) = engine.assign(NODE, 0, 1)
    assert engine.outbox(NODE) == (trio,)
    assert engine.leave(C1, 2)
    assert engine.claim(trio.attempt, 3) is None
    assert engine.staff.known(O1).state is OperatorState.AVAILABLE
    assert engine.outbox(NODE) == ()
    assert engine.contact(C1) is None


def test_the_same_dial_command_is_claimed_once():
    engine = engine_with("o1")
    engine.enqueue(a_contact("c1", 0, ContactKind.CALLBACK), 0)
    (trio,) = engine.assign(NODE, 1, 1)
    assert engine.claim(trio.attempt, 2) is not None
    assert engine.claim(trio.attempt, 2) is None
    assert engine.staff.known(O1).state is OperatorState.RESERVED


def test_wrap_up_ends_by_itself_and_idle_time_counts_from_its_end():
    engine = engine_with("o1")
    engine.enqueue(a_contact("c1", 0), 0)
    (trio,) = engine.assign(NODE, 0, 1)
    attempt = talk(engine, trio, 5)
    engine.end(attempt, AttemptOutcome.CONNECTED, 100)
    assert engine.staff.known(O1).state is OperatorState.WRAP_UP
    assert engine.next_at() == 120
    engine.tick(150)
    assert (engine.staff.known(O1).state, engine.staff.known(O1).idle_since) == ("available", 120)


def test_a_phone_that_rings_in_vain_is_put_aside_and_the_contact_keeps_its_place():
    engine = engine_with("o1", "o2")
    engine.enqueue(a_contact("c1", 0), 0)
    engine.enqueue(a_contact("c2", 1), 1)
    engine.staff.pause(OperatorId("o2"), "break", 1)
    (trio,) = engine.assign(NODE, 0, 2)
    engine.end(trio.attempt, AttemptOutcome.OPERATOR_NO_ANSWER, 22)
    assert engine.staff.known(O1).state is OperatorState.PAUSED
    assert engine.place(C1, 22).ahead == 0
    assert engine.assign(NODE, 0, 22) == ()
    engine.staff.log_in(OperatorId("o2"), 30)
    assert engine.assign(NODE, 0, 30)[0].contact.contact_id == C1


def test_overflow_and_position_go_together():
    engine = engine_with(rules=QueueRules(overflows={"billing": Overflow("general", 60)}))
    engine.enqueue(a_contact("c1", 0, skill="billing"), 0)
    engine.enqueue(a_contact("c2", 10, number="9030000002"), 10)
    assert engine.place(C2, 59).ahead == 0
    assert engine.place(C2, 60).ahead == 1


def test_somebody_whom_an_operator_talks_to_is_not_removed():
    engine = engine_with("o1")
    engine.enqueue(a_contact("c1", 0), 0)
    engine.assign(NODE, 0, 1)
    with pytest.raises(InvalidStateError):
        engine.staff.remove(O1)
    assert engine.staff.remove(OperatorId("nobody")) is False
    with pytest.raises(InvalidStateError):
        engine.staff.log_in(OperatorId("nobody"), 5)


def test_the_snapshot_shows_everything_in_the_one_order():
    engine = engine_with("o1")
    engine.renew(NODE, 0)
    for name, at in (("c3", 3), ("c1", 1), ("c2", 2)):
        engine.enqueue(a_contact(name, at), 5)
    engine.become_callback(ContactId("c3"), "9030000003", 5, slot_at=500)
    engine.assign(NODE, 0, 5)
    seen = engine.snapshot(6)
    assert [c.contact_id for c in seen.waiting] == ["c2", "c3"]
    assert (seen.waiting_count, len(seen.attempts), seen.nodes) == (2, 1, {NODE: 6})
    assert seen.attempts[0].step is AttemptStep.PLANNED
