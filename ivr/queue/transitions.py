"""Which value follows which: contacts, operators and attempts, one event at a time. Pure.

    contact   WAITING -> OFFERED -> CONNECTED -> DONE
                 ^          |            caller leaves: ABANDONED; promise taken back: CANCELLED
                 +----------+            attempt failed: back at the same place, perhaps due later
    operator  OFFLINE -> AVAILABLE -> RESERVED -> ON_CALL -> WRAP_UP -> AVAILABLE; PAUSED by wish or
              because a reserved phone rang in vain
    attempt   PLANNED -> CLAIMED -> ... -> JOINED -> ENDED

An event that does not fit the state raises `InvalidStateError`: stores translate it to "somebody
else was quicker".
"""

from dataclasses import dataclass

from ivr.errors import IvrError
from ivr.queue.model import (
    BUSY_STATES,
    PENDING,
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
from ivr.queue.replacing import replace
from ivr.queue.rules import QueueRules

OPERATOR_FAULTS = frozenset(
    {
        AttemptOutcome.OPERATOR_NO_ANSWER,
        AttemptOutcome.OPERATOR_REFUSED,
        AttemptOutcome.OPERATOR_FAILED,
    }
)
LOST = AttemptOutcome.LOST.value
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


def placed(contact: Contact, rules: QueueRules) -> Contact:
    """The contact with what follows from kind and place: rank, overflow, time of preference."""
    overflow = rules.overflows.get(contact.skill)
    return replace(
        contact,
        promised=contact.promised or contact.kind is ContactKind.CALLBACK,
        rank=contact.place_at - rules.head_starts[contact.priority],
        overflow_at=contact.place_at + overflow.after_s if overflow else None,
        overflow_skill=overflow.skill if overflow else "",
        preferred_until=contact.place_at + rules.prefer_s if contact.preferred_operator else 0.0,
    )


def is_wanted(contact: Contact, attempt: Attempt) -> bool:
    """The fence: nothing has happened to the contact since the attempt was planned. Asked in the
    same transaction before every step is written."""
    return contact.state is ContactState.OFFERED and contact.version == attempt.fence


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
    _require(fits, step, attempt.step)
    return replace(attempt, step=step)


def join(trio: Trio, now: float) -> Trio:
    """Contact and operator hear each other."""
    attempt = trio.attempt
    _require(attempt.step is STEPS[attempt.mode][-1], "join", attempt.step)
    _require(is_wanted(trio.contact, attempt), "join", trio.contact.state)
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
        # However it ended, they have talked; cut off by a fault they may take their place again.
        lost = outcome is AttemptOutcome.LOST
        outcome = AttemptOutcome.CONNECTED
        contact = _finished(contact, ContactState.DONE, LOST if lost else "served", now)
        operator = _after_contact(operator, rules, now)
    else:
        _require(outcome is not AttemptOutcome.CONNECTED, "end as connected", attempt.step)
        contact = _after_failure(contact, attempt, outcome, rules, now)
        operator = _released(operator, outcome, now)
    ended = replace(attempt, step=AttemptStep.ENDED, ended_at=now, outcome=outcome)
    return Trio(contact, operator, ended)


def _after_failure(
    contact: Contact, attempt: Attempt, outcome: AttemptOutcome, rules: QueueRules, now: float
) -> Contact:
    if contact.state is not ContactState.OFFERED:
        return contact  # the caller left or took the promise back meanwhile
    if not is_wanted(contact, attempt):
        return _contact(contact, state=ContactState.WAITING)  # and waits elsewhere since then
    if outcome is AttemptOutcome.CALLER_LEFT and contact.kind is not ContactKind.CALLBACK:
        return leave(replace(contact, state=ContactState.WAITING), now)
    if outcome in (AttemptOutcome.CANCELLED, AttemptOutcome.CUSTOMER_REFUSED):
        return _finished(contact, ContactState.CANCELLED, outcome.value, now)
    if outcome is AttemptOutcome.LOST and contact.kind is ContactKind.CALL:
        return lose(contact, now)
    back = _contact(contact, state=ContactState.WAITING)
    if attempt.mode is AttemptMode.DELIVERY:
        return back
    theirs = outcome in rules.retry_delays
    if not theirs and not _may_have_rung(attempt):
        return back  # an operator's fault or a node's: the customer was not reached for, no try
    due_at = rules.call_from(contact.number, now + rules.retry_delays.get(outcome, rules.again_s))
    if outcome is AttemptOutcome.NODE_FAILED and attempt.step is AttemptStep.CUSTOMER_DIALLED:
        # Most likely there was no leg to dial with: later, but a full node gives nobody up.
        return replace(back, due_at=due_at)
    tries = contact.tries + 1
    if tries >= rules.tries:
        return _finished(replace(contact, tries=tries), ContactState.GIVEN_UP, outcome.value, now)
    return replace(back, tries=tries, due_at=due_at)


def _may_have_rung(attempt: Attempt) -> bool:
    """The customer's phone was dialled: ringing it again at once, and without end, is a nuisance
    whoever's fault the failure was."""
    customer_first = attempt.mode is AttemptMode.CUSTOMER_FIRST
    return attempt.step in CUSTOMER_STEPS or (customer_first and attempt.step in OPERATOR_STEPS)


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
    """The live caller hung up while waiting or while an operator was being reached. Who had been
    promised a call before is owed it again; a living attempt is fenced off and ends by itself."""
    _require(contact.kind is not ContactKind.CALLBACK, "leave", contact.kind)
    _require(contact.state in PENDING, "leave", contact.state)
    if contact.promised:
        return _promised_again(contact)
    return _finished(contact, ContactState.ABANDONED, AttemptOutcome.CALLER_LEFT.value, now)


def cut_off(contact: Contact, now: float) -> Contact:
    """The waiting caller's line was cut, while the node that held it lives: as `lose`, but a living
    attempt is ended by that node, not in the same transaction."""
    return leave(contact, now) if contact.promised else lose(contact, now)


def lose(contact: Contact, now: float) -> Contact:
    """The node that held the waiting caller's line is gone: the place is kept for a while."""
    _require(contact.kind is not ContactKind.CALLBACK, "lose", contact.kind)
    _require(contact.state in PENDING, "lose", contact.state)
    if contact.promised:
        # The attempt, if there was one, is ended in the same transaction.
        return _promised_again(replace(contact, state=ContactState.WAITING))
    return _finished(contact, ContactState.ABANDONED, LOST, now)


def cancel(contact: Contact, now: float) -> Contact:
    """The caller takes the promise back."""
    _require(contact.state in PENDING, "cancel", contact.state)
    return _finished(contact, ContactState.CANCELLED, AttemptOutcome.CANCELLED.value, now)


def give_way(contact: Contact, now: float) -> Contact:
    """The caller names a number that has a promise for this topic already: that one counts."""
    _require(contact.state is ContactState.WAITING, "give way", contact.state)
    return _finished(contact, ContactState.CANCELLED, "known", now)


def become_callback(
    contact: Contact, number: str, rules: QueueRules, now: float, *, slot_at: float = 0.0
) -> Contact:
    """The caller hangs up and keeps the place, or takes a slot that begins at `slot_at`.

    Whoever gives a slot up again has a place from now on: booking for tomorrow and calling at noon
    is no way to the front.
    """
    _require(contact.state is ContactState.WAITING, "become a callback", contact.state)
    changed = replace(
        contact,
        kind=ContactKind.CALLBACK,
        number=number,
        node=NodeId(""),
        place_at=max(slot_at, now) if slot_at else min(contact.place_at, now),
        due_at=slot_at,
    )
    return _contact(placed(changed, rules), state=ContactState.WAITING)


def return_to_line(
    contact: Contact, rules: QueueRules, now: float, *, node: NodeId, call_id: str
) -> Contact:
    """Somebody who was promised a call, or whose line was lost lately, calls and waits on the line.

    A contact that waits on a line already is not to be taken over: its caller may be another one.
    An attempt to keep the promise is fenced off, and ends by itself. One that had ended may have
    been promised anew meanwhile: then the store refuses.
    """
    owed = contact.state in PENDING and contact.kind is ContactKind.CALLBACK
    _require(owed or is_lost(contact, rules, now), "return to the line", contact.state)
    changed = replace(
        contact,
        kind=ContactKind.CALL,
        node=node,
        call_id=call_id,
        place_at=min(contact.place_at, now),
        due_at=0.0,
        ended_at=None,
        end_reason="",
    )
    state = contact.state if owed else ContactState.WAITING
    return _contact(placed(changed, rules), state=state)


def is_lost(contact: Contact, rules: QueueRules, now: float) -> bool:
    """A fault on our side cut the line, so lately that the place is still kept."""
    return (
        contact.state in (ContactState.ABANDONED, ContactState.DONE)
        and contact.end_reason == LOST
        and contact.ended_at is not None
        and now - contact.ended_at <= rules.lost_place_s
    )


def put_off(contact: Contact, until: float) -> Contact:
    """It is its turn, but the number may not be called before `until`."""
    _require(contact.state is ContactState.WAITING, "put off", contact.state)
    return replace(_contact(contact, state=ContactState.WAITING), due_at=until)


def _promised_again(contact: Contact) -> Contact:
    """Still OFFERED while its attempt lives, which the new version fences off."""
    back = replace(contact, kind=ContactKind.CALLBACK, node=NodeId(""))
    return _contact(back, state=contact.state)


# ---- operators


def log_in(operator: Operator, now: float) -> Operator:
    """The shift begins; a second log-in changes nothing but a pause."""
    if operator.state in (OperatorState.OFFLINE, OperatorState.PAUSED):
        ready = _operator(operator, now, OperatorState.AVAILABLE, reason="")
        return replace(ready, idle_since=now, wish=None)
    return _changed(replace(operator, wish=None, reason=""))


def log_out(operator: Operator, now: float) -> Operator:
    """The shift ends, after the present contact where there is one."""
    if operator.state in BUSY_STATES:
        return _changed(replace(operator, wish=OperatorState.OFFLINE))
    if operator.state is OperatorState.OFFLINE:
        return operator
    return _operator(operator, now, OperatorState.OFFLINE, reason="")


def pause(operator: Operator, reason: str, now: float) -> Operator:
    """No contacts for a while, after the present one where there is one."""
    _require(operator.state is not OperatorState.OFFLINE, "pause", operator.state)
    if operator.state in BUSY_STATES:
        return _changed(replace(operator, wish=OperatorState.PAUSED, reason=reason))
    if operator.state is OperatorState.PAUSED:
        return _changed(replace(operator, reason=reason))
    return _operator(operator, now, OperatorState.PAUSED, reason=reason)


def wrap_up_over(operator: Operator, now: float) -> Operator:
    """The notes are written, or the time for them is over."""
    _require(operator.state is OperatorState.WRAP_UP, "end of wrap-up", operator.state)
    since = min(now, operator.wrap_up_until)  # whoever looked late must not make them wait longer
    return replace(_operator(operator, now, OperatorState.AVAILABLE), idle_since=since)


def _granted(operator: Operator, now: float) -> Operator:
    wished = operator.wish
    assert wished is not None
    reason = operator.reason if wished is OperatorState.PAUSED else ""
    return replace(_operator(operator, now, wished, reason=reason), wish=None)


def _operator(
    operator: Operator, now: float, state: OperatorState, *, reason: str | None = None
) -> Operator:
    why = operator.reason if reason is None else reason
    version = operator.version + 1
    return replace(operator, state=state, state_since=now, reason=why, version=version)


def _changed(operator: Operator) -> Operator:
    return replace(operator, version=operator.version + 1)


def _contact(contact: Contact, *, state: ContactState) -> Contact:
    return replace(contact, state=state, version=contact.version + 1)


def _finished(contact: Contact, state: ContactState, reason: str, now: float) -> Contact:
    return replace(_contact(contact, state=state), ended_at=now, end_reason=reason)


def _require(fits: bool, event: str, state: str) -> None:
    if not fits:
        raise InvalidStateError(event, state)
