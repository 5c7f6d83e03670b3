"""Which value follows which: contacts, operators and attempts, one event at a time. Pure.

    contact   WAITING -> OFFERED -> CONNECTED -> DONE
                 ^          |            caller leaves: ABANDONED; promise taken back: CANCELLED
                 +----------+            attempt failed: back at the same place, perhaps due later;
                                         also from CONNECTED, when nobody talked on a callback
    operator  OFFLINE -> AVAILABLE -> RESERVED -> ON_CALL -> WRAP_UP -> AVAILABLE; PAUSED by wish or
              because a reserved phone rang in vain
    attempt   PLANNED -> CLAIMED -> ... -> JOINED -> ENDED

An event that does not fit the state raises `InvalidStateError`: stores translate it to "somebody
else was quicker".
"""

from dataclasses import dataclass

from ivr.errors import IvrError
from ivr.queue import duty
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
from ivr.queue.steps import STEPS, have_talked, may_have_rung

LOST = AttemptOutcome.LOST.value


class InvalidStateError(IvrError):
    """The event does not fit the state it met."""

    def __init__(self, event: str, state: str) -> None:
        super().__init__("invalid_state", f"{event} while {state}")


class SlotTakenError(IvrError):
    """The slot has no room left: another caller may just have taken the last of it."""

    def __init__(self, slot_at: float) -> None:
        super().__init__("slot_taken", f"no room in the slot at {slot_at:.0f}")


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


def booked_slot(contact: Contact, now: float) -> float | None:
    """Beginning of the slot that the contact waits for; None: in turn, or it has begun."""
    booked = contact.kind is ContactKind.CALLBACK and contact.place_at > now
    return contact.place_at if booked and contact.state is ContactState.WAITING else None


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
    return Trio(offered, duty.in_state(operator, now, OperatorState.RESERVED), attempt)


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
        duty.talking(trio.operator, now),
        replace(attempt, step=AttemptStep.JOINED, joined_at=now),
    )


def end(trio: Trio, outcome: AttemptOutcome, rules: QueueRules, now: float) -> Trio:
    """The attempt is over: after a conversation, or because it failed with `outcome`."""
    contact, operator, attempt = trio.contact, trio.operator, trio.attempt
    _require(attempt.is_live, "end", attempt.step)
    if attempt.step is AttemptStep.JOINED:
        operator = duty.after_talk(operator, rules, now)
        if have_talked(contact, attempt, outcome, rules, now):
            # However it ended; cut off by a fault they may take their place again.
            lost = outcome is AttemptOutcome.LOST
            outcome = AttemptOutcome.CONNECTED
            contact = _finished(contact, ContactState.DONE, LOST if lost else "served", now)
        else:
            contact = _after_failure(contact, attempt, outcome, rules, now)
            attempt = replace(attempt, joined_at=None)
    else:
        _require(outcome is not AttemptOutcome.CONNECTED, "end as connected", attempt.step)
        contact = _after_failure(contact, attempt, outcome, rules, now)
        picked_up = _has_come_to(attempt, AttemptStep.OPERATOR_UP)
        operator = duty.released(operator, outcome, rules, now, picked_up=picked_up)
    ended = replace(attempt, step=AttemptStep.ENDED, ended_at=now, outcome=outcome)
    return Trio(contact, operator, ended)


def _has_come_to(attempt: Attempt, step: AttemptStep) -> bool:
    order = STEPS[attempt.mode]
    return attempt.step in order and order.index(attempt.step) >= order.index(step)


def _after_failure(
    contact: Contact, attempt: Attempt, outcome: AttemptOutcome, rules: QueueRules, now: float
) -> Contact:
    if contact.state not in (ContactState.OFFERED, ContactState.CONNECTED):
        return contact  # the caller left or took the promise back meanwhile
    if contact.state is ContactState.OFFERED and not is_wanted(contact, attempt):
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
    if not theirs and not may_have_rung(attempt) and outcome is not AttemptOutcome.NOT_ALLOWED:
        return back  # an operator's fault or a node's: the customer was not reached for
    # Whoever answers and asks for another time was told that we call again.
    vain = theirs and outcome is not AttemptOutcome.CUSTOMER_LATER
    tries, faults = contact.tries + vain, contact.faults + (not theirs)
    if tries >= rules.tries or faults >= rules.faults:
        spent = replace(contact, tries=tries, faults=faults)
        return _finished(spent, ContactState.GIVEN_UP, outcome.value, now)
    pause_s = rules.retry_delays[outcome] if theirs else rules.pause_s(outcome, faults)
    due_at = rules.call_from(contact.number, now + pause_s)
    return replace(back, tries=tries, faults=faults, due_at=due_at)


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
        ready = duty.in_state(_rid_of_tries(operator), now, OperatorState.AVAILABLE, reason="")
        return replace(ready, idle_since=now, wish=None)
    return _changed(replace(operator, wish=None, reason=""))


def log_out(operator: Operator, now: float) -> Operator:
    """The shift ends, after the present contact where there is one."""
    if operator.state in BUSY_STATES:
        return _changed(replace(operator, wish=OperatorState.OFFLINE))
    if operator.state is OperatorState.OFFLINE:
        return operator
    return duty.in_state(_rid_of_tries(operator), now, OperatorState.OFFLINE, reason="")


def pause(operator: Operator, reason: str, now: float) -> Operator:
    """No contacts for a while, after the present one where there is one."""
    _require(operator.state is not OperatorState.OFFLINE, "pause", operator.state)
    if operator.state in BUSY_STATES:
        return _changed(replace(operator, wish=OperatorState.PAUSED, reason=reason))
    operator = _rid_of_tries(operator)
    if operator.state is OperatorState.PAUSED:
        return _changed(replace(operator, reason=reason))
    return duty.in_state(operator, now, OperatorState.PAUSED, reason=reason)


def wrap_up_over(operator: Operator, now: float) -> Operator:
    """The notes are written, or the time for them is over."""
    _require(operator.state is OperatorState.WRAP_UP, "end of wrap-up", operator.state)
    since = min(now, operator.wrap_up_until)  # whoever looked late must not make them wait longer
    return replace(duty.in_state(operator, now, OperatorState.AVAILABLE), idle_since=since)


def rests_until(operator: Operator) -> float | None:
    """When the operator is available without anybody's doing; None: not of their own accord."""
    if operator.state is OperatorState.WRAP_UP:
        return operator.wrap_up_until
    return operator.retry_at or None


def rested(operator: Operator, now: float) -> Operator:
    """The wrap-up, or the pause before the next try, is over."""
    return duty.tried_again(operator, now) if operator.retry_at else wrap_up_over(operator, now)


def _rid_of_tries(operator: Operator) -> Operator:
    """What the operator says counts, not what became of dials before."""
    return replace(operator, misses=0, retry_at=0.0)


def _changed(operator: Operator) -> Operator:
    return replace(operator, version=operator.version + 1)


def _contact(contact: Contact, *, state: ContactState) -> Contact:
    return replace(contact, state=state, version=contact.version + 1)


def _finished(contact: Contact, state: ContactState, reason: str, now: float) -> Contact:
    return replace(_contact(contact, state=state), ended_at=now, end_reason=reason)


def _require(fits: bool, event: str, state: str) -> None:
    if not fits:
        raise InvalidStateError(event, state)
