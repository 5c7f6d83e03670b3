"""What follows what: every outcome of an attempt, and the places that are kept."""

from dataclasses import replace

import pytest

from ivr.queue.model import (
    AttemptId,
    AttemptMode,
    AttemptOutcome,
    AttemptStep,
    ContactKind,
    ContactState,
    OperatorState,
    Priority,
)
from ivr.queue.rules import Overflow, QueueRules
from ivr.queue.steps import STEPS
from ivr.queue.transitions import (
    InvalidStateError,
    Trio,
    advance,
    become_callback,
    cancel,
    end,
    give_way,
    is_wanted,
    join,
    leave,
    log_in,
    log_out,
    lose,
    pause,
    placed,
    plan,
    put_off,
    return_to_line,
    wrap_up_over,
)
from ivr.testing.queue_values import NODE, RULES, a_contact, an_operator

pytestmark = pytest.mark.unit

CALL, CALLBACK = ContactKind.CALL, ContactKind.CALLBACK
Outcome = AttemptOutcome


def planned(kind=CALL, rules=RULES, **fields) -> Trio:
    contact = a_contact(kind=kind, rules=rules, **fields)
    return plan(contact, an_operator(), attempt_id=AttemptId("a1"), node=NODE, rules=rules, now=100)


def joined(trio: Trio) -> Trio:
    attempt = advance(trio.attempt, AttemptStep.CLAIMED)
    for step in STEPS[attempt.mode]:
        attempt = advance(attempt, step)
    return join(replace(trio, attempt=attempt), 130)


@pytest.mark.parametrize("mode", [AttemptMode.OPERATOR_FIRST, AttemptMode.CUSTOMER_FIRST])
def test_a_callback_comes_to_its_end_in_the_configured_order(mode):
    trio = joined(planned(CALLBACK, QueueRules(callback_mode=mode)))
    assert trio.attempt.mode is mode
    done = end(trio, Outcome.CONNECTED, RULES, 200)
    assert done.contact.state is ContactState.DONE
    assert done.operator.state is OperatorState.WRAP_UP
    assert done.operator.wrap_up_until == 220
    rested = wrap_up_over(done.operator, 220)
    assert (rested.state, rested.idle_since) == (OperatorState.AVAILABLE, 220)


def test_no_step_is_left_out_and_none_comes_twice():
    attempt = planned().attempt
    with pytest.raises(InvalidStateError):
        advance(attempt, AttemptStep.OPERATOR_DIALLED)
    claimed = advance(attempt, AttemptStep.CLAIMED)
    with pytest.raises(InvalidStateError):
        advance(claimed, AttemptStep.CLAIMED)
    with pytest.raises(InvalidStateError):
        advance(claimed, AttemptStep.CUSTOMER_DIALLED)  # nobody is dialled for a caller on the line


@pytest.mark.parametrize(
    ("kind", "outcome", "state", "tries", "due_at"),
    [
        (CALL, Outcome.OPERATOR_NO_ANSWER, ContactState.WAITING, 0, 0),
        (CALL, Outcome.CALLER_LEFT, ContactState.ABANDONED, 0, 0),
        (CALL, Outcome.CANCELLED, ContactState.CANCELLED, 0, 0),
        (CALL, Outcome.LOST, ContactState.ABANDONED, 0, 0),
        (CALLBACK, Outcome.LOST, ContactState.WAITING, 0, 0),
        (CALLBACK, Outcome.OPERATOR_FAILED, ContactState.WAITING, 0, 0),
        (CALLBACK, Outcome.CUSTOMER_BUSY, ContactState.WAITING, 1, 260),
        (CALLBACK, Outcome.CUSTOMER_NO_ANSWER, ContactState.WAITING, 1, 740),
        (CALLBACK, Outcome.CUSTOMER_VOICEMAIL, ContactState.WAITING, 1, 1040),
        (CALLBACK, Outcome.CUSTOMER_FAILED, ContactState.WAITING, 1, 440),
        (CALLBACK, Outcome.CUSTOMER_LATER, ContactState.WAITING, 0, 1940),
        (CALLBACK, Outcome.NOT_ALLOWED, ContactState.WAITING, 0, 14540),
        (CALLBACK, Outcome.CALLER_LEFT, ContactState.WAITING, 1, 440),
        (CALLBACK, Outcome.CUSTOMER_REFUSED, ContactState.CANCELLED, 0, 0),
        (CALLBACK, Outcome.CANCELLED, ContactState.CANCELLED, 0, 0),
    ],
)
def test_a_failed_attempt_leaves_the_contact_where_it_belongs(kind, outcome, state, tries, due_at):
    before = planned(kind)
    after = end(before, outcome, RULES, 140).contact
    assert (after.state, after.tries, after.due_at) == (state, tries, due_at)
    assert after.rank == before.contact.rank


def test_a_customer_who_is_never_reached_is_given_up_after_the_allowed_tries():
    trio = planned(CALLBACK, tries=2)
    after = end(trio, Outcome.CUSTOMER_NO_ANSWER, RULES, 140).contact
    assert (after.state, after.tries) == (ContactState.GIVEN_UP, 3)


def test_who_asked_to_be_called_later_is_called_later_however_often_we_tried():
    trio = planned(CALLBACK, tries=2)
    after = end(trio, Outcome.CUSTOMER_LATER, RULES, 140).contact
    assert (after.state, after.tries) == (ContactState.WAITING, 2)


def reached(mode: AttemptMode, step: AttemptStep) -> Trio:
    """An attempt to call back that has come to this step."""
    trio = planned(CALLBACK, QueueRules(callback_mode=mode))
    attempt = advance(trio.attempt, AttemptStep.CLAIMED)
    for one in STEPS[mode][: STEPS[mode].index(step) + 1]:
        attempt = advance(attempt, one)
    return replace(trio, attempt=attempt)


@pytest.mark.parametrize("outcome", [Outcome.NODE_FAILED, Outcome.OPERATOR_REFUSED, Outcome.LOST])
@pytest.mark.parametrize("mode", [AttemptMode.OPERATOR_FIRST, AttemptMode.CUSTOMER_FIRST])
def test_a_customer_who_was_rung_is_not_rung_again_at_once_nor_without_end(mode, outcome):
    trio = reached(mode, AttemptStep.IDENTIFIED)
    after = end(trio, outcome, RULES, 140).contact
    assert (after.state, after.tries, after.faults) == (ContactState.WAITING, 0, 1)
    assert after.due_at == 200
    often = replace(trio, contact=replace(trio.contact, tries=2, faults=9))
    given_up = end(often, outcome, RULES, 140).contact
    assert (given_up.state, given_up.end_reason) == (ContactState.GIVEN_UP, outcome.value)


def test_the_pause_doubles_with_each_fault_of_ours_up_to_an_hour():
    trio = reached(AttemptMode.OPERATOR_FIRST, AttemptStep.CUSTOMER_DIALLED)
    pauses = []
    for faults in range(8):
        often = replace(trio, contact=replace(trio.contact, faults=faults))
        pauses.append(end(often, Outcome.TRUNK_FAILED, RULES, 140).contact.due_at - 140)
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600]


@pytest.mark.parametrize(
    ("outcome", "tries", "faults", "due_at"),
    [
        (Outcome.LOST, 0, 1, 200),
        (Outcome.OPERATOR_REFUSED, 0, 1, 200),
        (Outcome.CALLER_LEFT, 1, 0, 440),
    ],
)
def test_a_callback_in_which_nobody_talked_goes_back_to_its_place(outcome, tries, faults, due_at):
    before = joined(planned(CALLBACK, at=20))
    after = end(before, outcome, RULES, 140)
    contact = after.contact
    assert (contact.state, contact.rank) == (ContactState.WAITING, before.contact.rank)
    assert (contact.tries, contact.faults, contact.due_at) == (tries, faults, due_at)
    assert (after.attempt.outcome, after.attempt.joined_at) == (outcome, None)
    assert after.operator.state is OperatorState.WRAP_UP
    spent = replace(before, contact=replace(before.contact, tries=2, faults=9))
    assert end(spent, outcome, RULES, 140).contact.state is ContactState.GIVEN_UP


def test_a_conversation_that_was_cut_later_is_not_begun_anew():
    done = end(joined(planned(CALLBACK)), Outcome.LOST, RULES, 141)
    assert (done.contact.state, done.contact.end_reason) == (ContactState.DONE, "lost")
    assert done.attempt.outcome is Outcome.CONNECTED


@pytest.mark.parametrize(
    ("mode", "step", "outcome", "faults", "due_at"),
    [
        # the customer is there already when the operator's phone fails
        (
            AttemptMode.CUSTOMER_FIRST,
            AttemptStep.OPERATOR_DIALLED,
            Outcome.OPERATOR_FAILED,
            1,
            200,
        ),
        # and has not been dialled yet when it is the operator who comes first
        (AttemptMode.OPERATOR_FIRST, AttemptStep.OPERATOR_UP, Outcome.OPERATOR_REFUSED, 0, 0),
        (AttemptMode.OPERATOR_FIRST, AttemptStep.CUSTOMER_DIALLED, Outcome.LOST, 1, 200),
        (AttemptMode.CUSTOMER_FIRST, AttemptStep.CUSTOMER_DIALLED, Outcome.NODE_FAILED, 1, 200),
        (AttemptMode.OPERATOR_FIRST, AttemptStep.CUSTOMER_DIALLED, Outcome.TRUNK_FAILED, 1, 200),
    ],
)
def test_what_counts_as_having_rung(mode, step, outcome, faults, due_at):
    after = end(reached(mode, step), outcome, RULES, 140).contact
    assert (after.state, after.faults, after.due_at) == (ContactState.WAITING, faults, due_at)
    assert after.tries == 0


def test_the_next_try_keeps_the_quiet_hours():
    rules = QueueRules(call_from=lambda number, at: max(at, 5000.0))
    after = end(planned(CALLBACK, rules), Outcome.CUSTOMER_BUSY, rules, 140).contact
    assert after.due_at == 5000


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.CONNECTED}))
def test_every_failure_frees_the_operator_and_a_phone_that_failed_is_put_aside(outcome):
    after = end(planned(CALLBACK), outcome, RULES, 140).operator
    aside = outcome.value.startswith("operator_")
    assert after.state is (OperatorState.PAUSED if aside else OperatorState.AVAILABLE)
    assert after.reason == (outcome.value if aside else "")


def test_a_caller_who_left_is_fenced_off_from_the_attempt():
    trio = planned()
    gone = leave(trio.contact, 110)
    assert gone.state is ContactState.ABANDONED
    assert not is_wanted(gone, trio.attempt)
    after = end(replace(trio, contact=gone), Outcome.CALLER_LEFT, RULES, 112)
    assert after.contact == gone
    assert after.operator.state is OperatorState.AVAILABLE
    with pytest.raises(InvalidStateError):
        leave(gone, 113)


def test_a_stale_attempt_cannot_join_a_contact_that_was_offered_anew():
    trio = planned()
    newer = replace(trio.contact, version=trio.contact.version + 2)
    attempt = trio.attempt
    for step in (AttemptStep.CLAIMED, *STEPS[attempt.mode]):
        attempt = advance(attempt, step)
    with pytest.raises(InvalidStateError):
        join(Trio(newer, trio.operator, attempt), 130)


def test_hanging_up_costs_nothing_the_callback_keeps_the_place():
    call = a_contact(at=50)
    callback = become_callback(call, "9037654321", RULES, 300)
    assert (callback.kind, callback.rank, callback.node) == (CALLBACK, call.rank, "")
    assert callback.promise == ("9037654321", "operator")
    assert call.promise is None


def test_a_booked_slot_counts_from_its_beginning():
    booked = become_callback(a_contact(at=50), "9031234567", RULES, 300, slot_at=7200)
    assert (booked.place_at, booked.due_at, booked.rank) == (7200, 7200, 7200)


def test_giving_up_a_slot_is_no_way_to_the_front():
    booked = become_callback(a_contact(at=50), "9031234567", RULES, 300, slot_at=7200)
    on_line = return_to_line(booked, RULES, 3600, node=NODE, call_id="k")
    assert (on_line.kind, on_line.place_at, on_line.due_at) == (CALL, 3600, 0)
    in_turn = become_callback(booked, "9031234567", RULES, 3600)
    assert (in_turn.place_at, in_turn.due_at) == (3600, 0)


def test_a_slot_in_the_past_is_no_way_to_the_front():
    booked = become_callback(a_contact(at=500), "9031234567", RULES, 600, slot_at=10)
    assert booked.place_at == 600


def test_who_was_promised_a_call_and_hangs_up_on_the_line_is_called_all_the_same():
    promised = a_contact(kind=CALLBACK, at=10)
    on_line = return_to_line(promised, RULES, 100, node=NODE, call_id="k")
    assert on_line.rank == promised.rank
    again = leave(on_line, 120)
    assert (again.kind, again.state, again.rank) == (CALLBACK, ContactState.WAITING, promised.rank)


def test_and_so_is_one_who_hangs_up_while_the_operator_rings():
    on_line = return_to_line(a_contact(kind=CALLBACK), RULES, 90, node=NODE, call_id="k")
    trio = plan(on_line, an_operator(), attempt_id=AttemptId("a"), node=NODE, rules=RULES, now=100)
    gone = leave(trio.contact, 110)
    assert gone.state is ContactState.OFFERED
    assert not is_wanted(gone, trio.attempt)
    for contact in (gone, trio.contact):  # told before, or only by the end of the attempt
        after = end(replace(trio, contact=contact), Outcome.CALLER_LEFT, RULES, 112).contact
        assert (after.kind, after.state, after.tries) == (CALLBACK, ContactState.WAITING, 0)
    lost = end(trio, Outcome.LOST, RULES, 112).contact
    assert (lost.kind, lost.state) == (CALLBACK, ContactState.WAITING)


@pytest.mark.parametrize("outcome", [Outcome.CANCELLED, Outcome.CUSTOMER_BUSY, Outcome.LOST])
def test_who_calls_while_the_promise_is_being_kept_waits_at_its_place_on_the_line(outcome):
    trio = planned(kind=CALLBACK, at=20)
    on_line = return_to_line(trio.contact, RULES, 110, node=NODE, call_id="k")
    assert (on_line.kind, on_line.state) == (CALL, ContactState.OFFERED)
    assert not is_wanted(on_line, trio.attempt)
    after = end(replace(trio, contact=on_line), outcome, RULES, 112).contact
    assert (after.kind, after.state) == (CALL, ContactState.WAITING)
    assert (after.rank, after.tries, after.due_at) == (trio.contact.rank, 0, 0)


@pytest.mark.parametrize("talked", [False, True])  # who is on the line keeps it by staying
def test_a_line_that_a_fault_cut_keeps_its_place_for_a_while(talked):
    trio = joined(planned(at=20)) if talked else planned(at=20)
    cut = end(trio, Outcome.LOST, RULES, 200).contact
    assert not cut.is_live
    back = return_to_line(cut, RULES, 700, node=NODE, call_id="k2")
    assert (back.state, back.rank, back.end_reason) == (ContactState.WAITING, trio.contact.rank, "")
    with pytest.raises(InvalidStateError):
        return_to_line(cut, RULES, 801, node=NODE, call_id="k2")


def test_a_line_cut_while_waiting_is_lost_with_its_place_kept():
    cut = lose(a_contact(at=20), 200)
    assert cut.end_reason == "lost"
    assert return_to_line(cut, RULES, 300, node=NODE, call_id="k").rank == cut.rank


def test_nobody_takes_over_a_place_that_another_caller_holds_on_the_line():
    with pytest.raises(InvalidStateError):
        return_to_line(a_contact(), RULES, 10, node=NODE, call_id="another")


def test_what_is_over_stays_over():
    for done in (cancel(a_contact(), 5), leave(a_contact(), 5), give_way(a_contact(), 5)):
        for event in (leave, cancel, give_way, lose, put_off):
            with pytest.raises(InvalidStateError):
                event(done, 10)


def test_a_class_is_treated_as_if_it_had_come_earlier():
    rules = QueueRules(overflows={"general": Overflow("sales", 90)}, prefer_s=30)
    vip = placed(a_contact(at=1000, priority=Priority.VIP, preferred_operator="o1"), rules)
    assert (vip.rank, vip.overflow_at, vip.overflow_skill) == (400, 1090, "sales")
    assert vip.preferred_until == 1030
    assert rules.most_overtaking_s(Priority.LOW) == 1500
    assert rules.most_overtaking_s(Priority.VIP) == 0


def test_a_wish_waits_for_the_end_of_the_contact():
    busy = joined(planned())
    for wish, state in (
        (lambda o: pause(o, "break", 140), "paused"),
        (lambda o: log_out(o, 140), "offline"),
    ):
        asked = wish(busy.operator)
        assert asked.state is OperatorState.ON_CALL
        after = end(replace(busy, operator=asked), Outcome.CONNECTED, RULES, 200).operator
        assert after.state.value == state
        assert after.wish is None


def test_logging_in_takes_a_wish_back_with_its_reason():
    asked = pause(planned().operator, "break", 120)
    back = log_in(asked, 121)
    assert (back.wish, back.reason, back.state) == (None, "", OperatorState.RESERVED)


def test_saying_it_twice_moves_no_clock():
    paused = pause(an_operator(), "break", 10)
    assert pause(paused, "lunch", 20).state_since == 10
    offline = log_out(an_operator(), 10)
    assert log_out(offline, 20) == offline
    with pytest.raises(InvalidStateError):
        pause(offline, "break", 30)
