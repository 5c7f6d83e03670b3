"""Which value follows which: contacts, operators and attempts, one event at a time. Pure.

    contact   WAITING -> OFFERED -> CONNECTED -> DONE
                 ^          |            caller leaves: ABANDONED; promise taken back: CANCELLED
                 +----------+            attempt failed: back at the same place, perhaps due later
    operator  OFFLINE -> AVAILABLE -> RESERVED -> ON_CALL -> WRAP_UP -> AVAILABLE; PAUSED by wish or
              because a reserved phone rang in vain
    attempt   PLANNED -> CLAIMED -> ... -> JOINED -> ENDED

An event that does not fit the state raises `InvalidStateError`: in a shared queue it means that
somebody else was quicker.
"""

from dataclasses import dataclass, replace

from ivr.errors import IvrError
from ivr.queue.model import (
    BUSY_STATES,
    Attempt,
    AttemptId,
    AttemptMode,
    AttemptOutcome,
    AttemptStep,
    Contact,
    ContactKind,
    ContactState,
    NodeId,
    Operator,
    OperatorState,
)
from ivr.queue.rules import QueueRules

OPERATOR_FAULTS = frozenset(
    {
        AttemptOutcome.OPERATOR_NO_ANSWER,
        AttemptOutcome.OPERATOR_REFUSED,
        AttemptOutcome.OPERATOR_FAILED,
    }
)
OPERATOR_STEPS = (AttemptStep.OPERATOR_DIALLED, AttemptStep.OPERATOR_UP)
CUSTOMER_STEPS = (
    AttemptStep.CUSTOMER_DIALLED,
    AttemptStep.CUSTOMER_UP,
    AttemptStep.IDENTIFIED,
)
STEPS = {
    AttemptMode.DELIVERY: OPERATOR_STEPS,
    AttemptMode.OPERATOR_FIRST: OPERATOR_STEPS + CUSTOMER_STEPS,
    AttemptMode.CUSTOMER_FIRST: CUSTOMER_STEPS + OPERATOR_STEPS,
}
"""Between CLAIMED and JOINED, in order."""


class InvalidStateError(IvrError):
    """The event does not fit the state it met."""

    def __init__(self, event: str, state: str) -> None:
        super().__init__("invalid_state", f"{event} while {state}")


@dataclass(frozen=True, slots=True)
class Trio:
    """What one event of an attempt changes, all or nothing."""

    contact: Contact
    operator: Operator
    attempt: Attempt


def rank_of(contact: Contact, rules: QueueRules) -> float:
    """Place in the one order: the lowest first."""
    return contact.place_at - rules.head_starts[contact.priority]


# ---- attempts


def plan(
    contact: Contact,
    operator: Operator,
    *,
    attempt_id: AttemptId,
    node: NodeId,
    rules: QueueRules,
    now: float,
) -> Trio:
    """Reserve the operator for the contact."""
    _require(contact.state is ContactState.WAITING, "plan", contact.state)
    _require(operator.state is OperatorState.AVAILABLE, "plan", operator.state)
    live = contact.kind is not ContactKind.CALLBACK
    offered = _contact(contact, state=ContactState.OFFERED)
    attempt = Attempt(
        attempt_id=attempt_id,
        contact_id=contact.contact_id,
        operator_id=operator.operator_id,
        mode=AttemptMode.DELIVERY if live else rules.callback_mode,
        node=node,
        fence=offered.version,
        planned_at=now,
    )
    return Trio(offered, _operator(operator, now, OperatorState.RESERVED), attempt)


def advance(attempt: Attempt, step: AttemptStep) -> Attempt:
    """The attempt has come to the next step; none is left out, none comes twice."""
    order = (AttemptStep.PLANNED, AttemptStep.CLAIMED, *STEPS[attempt.mode])
    fits = attempt.step in order[:-1] and order[order.index(attempt.step) + 1] is step
    _require(fits, step.value, attempt.step)
    return replace(attempt, step=step)


def join(trio: Trio, now: float) -> Trio:
    """Contact and operator hear each other."""
    attempt = trio.attempt
    _require(attempt.step is STEPS[attempt.mode][-1], "join", attempt.step)
    _require(trio.contact.state is ContactState.OFFERED, "join", trio.contact.state)
    return Trio(
        _contact(trio.contact, state=ContactState.CONNECTED),
        _operator(trio.operator, now, OperatorState.ON_CALL),
        replace(attempt, step=AttemptStep.JOINED, joined_at=now),
    )


def end(trio: Trio, outcome: AttemptOutcome, rules: QueueRules, now: float) -> Trio:
    """The attempt is over: after a conversation, or because it failed with `outcome`."""
    contact, operator, attempt = trio.contact, trio.operator, trio.attempt
    _require(attempt.is_live, "end", attempt.step)
    if attempt.step is AttemptStep.JOINED:
        outcome = AttemptOutcome.CONNECTED  # however it ended, they have talked
        contact = _finished(contact, ContactState.DONE, "served", now)
        operator = _after_contact(operator, rules, now)
    else:
        _require(outcome is not AttemptOutcome.CONNECTED, "end as connected", attempt.step)
        contact = _after_failure(contact, outcome, rules, now)
        operator = _released(operator, outcome, now)
    ended = replace(attempt, step=AttemptStep.ENDED, ended_at=now, outcome=outcome)
    return Trio(contact, operator, ended)


def _after_failure(
    contact: Contact, outcome: AttemptOutcome, rules: QueueRules, now: float
) -> Contact:
    if contact.state is not ContactState.OFFERED:
        return contact  # the caller left or took the promise back meanwhile
    if outcome is AttemptOutcome.CALLER_LEFT:
        return _finished(contact, ContactState.ABANDONED, outcome.value, now)
    if outcome in (AttemptOutcome.CANCELLED, AttemptOutcome.CUSTOMER_REFUSED):
        return _finished(contact, ContactState.CANCELLED, outcome.value, now)
    if outcome is AttemptOutcome.LOST and contact.kind is ContactKind.CALL:
        return _finished(contact, ContactState.ABANDONED, outcome.value, now)
    back = _contact(contact, state=ContactState.WAITING)
    if outcome not in rules.retry_delays:
        return back  # an operator's fault or a node's: the customer was not reached for, no try
    tries = contact.tries + 1
    if tries >= rules.tries:
        return _finished(replace(contact, tries=tries), ContactState.GIVEN_UP, outcome.value, now)
    return replace(back, tries=tries, due_at=now + rules.retry_delays[outcome])


def _released(operator: Operator, outcome: AttemptOutcome, now: float) -> Operator:
    """Back from a reservation that came to nothing; a phone that rings in vain is put aside."""
    if operator.state is not OperatorState.RESERVED:
        return operator
    if operator.wish is not None:
        return _granted(operator, now)
    if outcome in OPERATOR_FAULTS:
        return _operator(operator, now, OperatorState.PAUSED, reason=outcome.value)
    return _operator(operator, now, OperatorState.AVAILABLE)


def _after_contact(operator: Operator, rules: QueueRules, now: float) -> Operator:
    if operator.state is not OperatorState.ON_CALL:
        return operator
    if operator.wish is not None:
        return replace(_granted(operator, now), idle_since=now)
    if rules.wrap_up_s > 0:
        until = now + rules.wrap_up_s
        return replace(_operator(operator, now, OperatorState.WRAP_UP), wrap_up_until=until)
    return replace(_operator(operator, now, OperatorState.AVAILABLE), idle_since=now)


# ---- contacts


def leave(contact: Contact, now: float) -> Contact:
    """The live caller hung up while waiting or while an operator was being reached."""
    _require(contact.kind is not ContactKind.CALLBACK, "leave", contact.kind)
    _require(contact.state in (ContactState.WAITING, ContactState.OFFERED), "leave", contact.state)
    return _finished(contact, ContactState.ABANDONED, AttemptOutcome.CALLER_LEFT.value, now)


def cancel(contact: Contact, now: float) -> Contact:
    """The caller takes the promise back."""
    _require(contact.state in (ContactState.WAITING, ContactState.OFFERED), "cancel", contact.state)
    return _finished(contact, ContactState.CANCELLED, AttemptOutcome.CANCELLED.value, now)


def become_callback(
    contact: Contact, number: str, rules: QueueRules, *, slot_at: float = 0.0
) -> Contact:
    """The caller hangs up and keeps the place, or takes a slot that begins at `slot_at`."""
    _require(contact.state is ContactState.WAITING, "become a callback", contact.state)
    changed = replace(
        contact,
        kind=ContactKind.CALLBACK,
        number=number,
        node=NodeId(""),
        place_at=slot_at or contact.first_promised_at,
        due_at=slot_at,
    )
    return _contact(replace(changed, rank=rank_of(changed, rules)), state=ContactState.WAITING)


def return_to_line(contact: Contact, *, node: NodeId, call_id: str) -> Contact:
    """Somebody who was promised a call, or whose line was lost, calls and waits on the line."""
    fits = contact.state is ContactState.WAITING or (
        contact.state is ContactState.ABANDONED and contact.end_reason == AttemptOutcome.LOST.value
    )
    _require(fits, "return to the line", contact.state)
    changed = replace(
        contact,
        kind=ContactKind.CALL,
        node=node,
        call_id=call_id,
        due_at=0.0,
        ended_at=None,
        end_reason="",
    )
    return _contact(changed, state=ContactState.WAITING)


# ---- operators


def log_in(operator: Operator, now: float) -> Operator:
    """The shift begins; a second log-in changes nothing but a pause."""
    if operator.state in (OperatorState.OFFLINE, OperatorState.PAUSED):
        ready = _operator(operator, now, OperatorState.AVAILABLE, reason="")
        return replace(ready, idle_since=now, wish=None)
    return _changed(replace(operator, wish=None))


def log_out(operator: Operator, now: float) -> Operator:
    """The shift ends, after the present contact where there is one."""
    if operator.state in BUSY_STATES:
        return _changed(replace(operator, wish=OperatorState.OFFLINE))
    return _operator(operator, now, OperatorState.OFFLINE, reason="")


def pause(operator: Operator, reason: str, now: float) -> Operator:
    """No contacts for a while, after the present one where there is one."""
    _require(operator.state is not OperatorState.OFFLINE, "pause", operator.state)
    if operator.state in BUSY_STATES:
        return _changed(replace(operator, wish=OperatorState.PAUSED, reason=reason))
    return _operator(operator, now, OperatorState.PAUSED, reason=reason)


def wrap_up_over(operator: Operator, now: float) -> Operator:
    """The notes are written, or the time for them is over."""
    _require(operator.state is OperatorState.WRAP_UP, "end of wrap-up", operator.state)
    return replace(_operator(operator, now, OperatorState.AVAILABLE), idle_since=now)


def _granted(operator: Operator, now: float) -> Operator:
    wished = operator.wish
    assert wished is not None
    reason = operator.reason if wished is OperatorState.PAUSED else ""
    return replace(_operator(operator, now, wished, reason=reason), wish=None)


def _operator(
    operator: Operator, now: float, state: OperatorState, *, reason: str | None = None
) -> Operator:
    why = operator.reason if reason is None else reason
    return _changed(replace(operator, state=state, state_since=now, reason=why))


def _changed(operator: Operator) -> Operator:
    return replace(operator, version=operator.version + 1)


def _contact(contact: Contact, *, state: ContactState) -> Contact:
    return replace(contact, state=state, version=contact.version + 1)


def _finished(contact: Contact, state: ContactState, reason: str, now: float) -> Contact:
    return replace(_contact(contact, state=state), ended_at=now, end_reason=reason)


def _require(fits: bool, event: str, state: str) -> None:
    if not fits:
        raise InvalidStateError(event, state)
