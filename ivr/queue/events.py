"""What happened in the queue, as it is kept for figures, reports and live views. Pure.

Every transition of a contact, an operator or an attempt gives one event, which stores write in the
same transaction: what the figures say and what happened cannot differ. Phone numbers are not in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from ivr.queue.model import (
    Attempt,
    AttemptId,
    AttemptOutcome,
    AttemptStep,
    Contact,
    ContactId,
    ContactKind,
    ContactState,
    Operator,
    OperatorId,
    Place,
)

NO_CONTACT: Final = ContactId("")
NO_OPERATOR: Final = OperatorId("")
NO_ATTEMPT: Final = AttemptId("")


class What(StrEnum):
    """Kinds of events; the keys of `QueueEvent.values` behind each."""

    ENQUEUED = "enqueued"  # priority, topic, language, ahead, due_s (until a booked slot, 0: none)
    OFFERED = "offered"  # an operator is reserved: waited_s, mode
    CONNECTED = "connected"  # they hear each other: waited_s, late_s, tries, mode
    RESUMED = "resumed"  # they had talked on: the end before was that of their node; as SERVED
    SERVED = "served"  # the conversation is over: waited_s (until joined), talk_s, reason
    ABANDONED = "abandoned"  # the live caller left, or the line to them was lost: waited_s, reason
    CANCELLED = "cancelled"  # the promise was taken back: waited_s, reason
    GIVEN_UP = "given_up"  # not reached in the allowed number: waited_s, reason, tries, faults
    BECAME_CALLBACK = "became_callback"  # left the line and is owed a call: waited_s, due_s
    BACK_ON_LINE = "back_on_line"  # called again and waits on the line: waited_s
    RETURNED = "returned"  # back at the same place, not the customer's doing: waited_s, reason,
    # faults, due_s; after CONNECTED of the same attempt: nobody had talked
    RETRIED = "retried"  # the customer was tried in vain: waited_s, reason, tries, due_s
    PUT_OFF = "put_off"  # its turn, but it may not be called at this hour: waited_s, due_s
    STEP = "step"  # an attempt has come to `step`, written before it is acted on
    ATTEMPT_ENDED = "attempt_ended"  # outcome, step (the last before the end), mode, lasted_s
    OPERATOR_STATE = "operator_state"  # was, now, reason, lasted_s (in the state before)
    OPERATOR_WISH = "operator_wish"  # asked for while busy: wish ('' taken back), reason
    TOLD = "told"  # a caller heard how long it may take: wait_s, bound_s (where known), ahead


Value = str | float | int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEvent:
    """One thing that happened."""

    at: float
    """Seconds since the epoch, by the database's clock."""
    what: What
    contact_id: ContactId = NO_CONTACT
    """'' for what operators do of their own."""
    kind: ContactKind | None = None
    """How the contact waited when it happened (after it, where the kind changed)."""
    skill: str = ""
    operator_id: OperatorId = NO_OPERATOR
    attempt_id: AttemptId = NO_ATTEMPT
    values: Mapping[str, Value] = field(default_factory=dict)
    seq: int = 0
    """Grows with every event of a database; 0 before it is written. Gaps are possible."""


NEXT: Final = {
    ContactState.OFFERED: What.OFFERED,
    ContactState.CONNECTED: What.CONNECTED,
    ContactState.DONE: What.SERVED,
    ContactState.ABANDONED: What.ABANDONED,
    ContactState.CANCELLED: What.CANCELLED,
    ContactState.GIVEN_UP: What.GIVEN_UP,
}


def enqueued(contact: Contact, *, ahead: int, at: float) -> QueueEvent:
    """A contact has got its place."""
    return QueueEvent(
        at=at,
        what=What.ENQUEUED,
        contact_id=contact.contact_id,
        kind=contact.kind,
        skill=contact.skill,
        values={
            "priority": contact.priority.value,
            "topic": contact.topic,
            "language": contact.language,
            "ahead": ahead,
            "due_s": max(0.0, contact.due_at - at),
        },
    )


def contact_changed(
    before: Contact, after: Contact, *, at: float, attempt: Attempt | None = None
) -> Iterator[QueueEvent]:
    """What a transition of a contact is called; nothing when nothing changed.

    `attempt`: the one that brought it about, after the same transition.
    """
    if before == after:
        return
    yield QueueEvent(
        at=at,
        what=_named(before, after),
        contact_id=after.contact_id,
        kind=after.kind,
        skill=after.skill,
        operator_id=attempt.operator_id if attempt else NO_OPERATOR,
        attempt_id=attempt.attempt_id if attempt else NO_ATTEMPT,
        values=_values(before, after, at, attempt),
    )


def operator_changed(before: Operator, after: Operator, *, at: float) -> Iterator[QueueEvent]:
    """The operator's state or wish is another one now."""
    if before.state is not after.state:
        yield QueueEvent(
            at=at,
            what=What.OPERATOR_STATE,
            operator_id=after.operator_id,
            values={
                "was": before.state.value,
                "now": after.state.value,
                "reason": after.reason,
                "lasted_s": max(0.0, at - before.state_since),
            },
        )
    elif before.wish is not after.wish:
        yield QueueEvent(
            at=at,
            what=What.OPERATOR_WISH,
            operator_id=after.operator_id,
            values={"wish": after.wish.value if after.wish else "", "reason": after.reason},
        )


def attempt_changed(
    before: Attempt, after: Attempt, *, contact: Contact, at: float
) -> Iterator[QueueEvent]:
    """The attempt came to another step, or to its end."""
    if before.step is after.step or not before.is_live:  # what goes on is told of the contact
        return
    ended = after.step is AttemptStep.ENDED
    values: dict[str, Value] = {"step": after.step.value, "mode": after.mode.value}
    if ended:
        values |= {
            "step": before.step.value,
            "outcome": after.outcome.value if after.outcome else "",
            "lasted_s": max(0.0, at - after.planned_at),
        }
    yield QueueEvent(
        at=at,
        what=What.ATTEMPT_ENDED if ended else What.STEP,
        contact_id=after.contact_id,
        kind=contact.kind,
        skill=contact.skill,
        operator_id=after.operator_id,
        attempt_id=after.attempt_id,
        values=values,
    )


def told(place: Place, *, skill: str, at: float) -> QueueEvent | None:
    """The caller heard the estimate of this place; None where there was none to hear."""
    if place.wait_s is None:
        return None
    values: dict[str, Value] = {"wait_s": place.wait_s, "ahead": place.ahead}
    if place.wait_bound_s is not None:
        values["bound_s"] = place.wait_bound_s
    return QueueEvent(
        at=at,
        what=What.TOLD,
        contact_id=place.contact_id,
        kind=place.kind,
        skill=skill,
        values=values,
    )


def _named(before: Contact, after: Contact) -> What:
    if after.is_live and before.kind is not after.kind:
        back = after.kind is ContactKind.CALL
        return What.BACK_ON_LINE if back else What.BECAME_CALLBACK
    if before.state is ContactState.DONE and after.state is ContactState.CONNECTED:
        return What.RESUMED
    if after.state is not ContactState.WAITING:
        return NEXT[after.state]
    if before.state in (ContactState.OFFERED, ContactState.CONNECTED):
        return What.RETRIED if after.tries > before.tries else What.RETURNED
    if not before.is_live:
        return What.BACK_ON_LINE
    only_later = replace(before, due_at=after.due_at, version=after.version)
    return What.PUT_OFF if only_later == after else What.BECAME_CALLBACK


def _values(
    before: Contact, after: Contact, at: float, attempt: Attempt | None
) -> dict[str, Value]:
    joined_at = attempt.joined_at if attempt else None
    values: dict[str, Value] = {
        "waited_s": max(0.0, (at if joined_at is None else joined_at) - after.first_promised_at)
    }
    match _named(before, after):
        case What.OFFERED:
            values["mode"] = attempt.mode.value if attempt else ""
        case What.CONNECTED:
            since = max(after.first_promised_at, after.place_at, after.due_at)
            values["late_s"] = max(0.0, at - since)
            values["tries"] = after.tries
            values["mode"] = attempt.mode.value if attempt else ""
        case What.SERVED | What.RESUMED:
            values["talk_s"] = 0.0 if joined_at is None else max(0.0, at - joined_at)
            values["reason"] = after.end_reason
        case What.BECAME_CALLBACK | What.PUT_OFF:
            values["due_s"] = max(0.0, after.due_at - at)
        case What.RETURNED | What.RETRIED:
            values["reason"] = _outcome(attempt)
            values["tries"] = after.tries
            values["faults"] = after.faults
            values["due_s"] = max(0.0, after.due_at - at)
        case What.ABANDONED | What.CANCELLED | What.GIVEN_UP:
            values["reason"] = after.end_reason
            values["tries"] = after.tries
            values["faults"] = after.faults
    return values


def _outcome(attempt: Attempt | None) -> str:
    outcome: AttemptOutcome | None = attempt.outcome if attempt else None
    return outcome.value if outcome else ""
