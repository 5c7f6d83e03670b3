"""Where a contact stands, as a caller may be told. Pure."""

from ivr.queue.model import Contact, ContactState, Place
from ivr.queue.rules import LONGEST_PAUSE_S, QueueRules
from ivr.queue.transitions import booked_slot


def place_of(
    contact: Contact, rules: QueueRules, now: float, *, ahead: int, operators: int
) -> Place:
    """The place without an estimate of the wait; `ahead` and `operators` as the queue counts."""
    waiting = contact.state is ContactState.WAITING
    slot_at = booked_slot(contact, now)
    return Place(
        contact_id=contact.contact_id,
        kind=contact.kind,
        state=contact.state,
        ahead=ahead if waiting else 0,
        waited_s=max(0.0, now - contact.first_promised_at),
        operators=operators,
        due_at=slot_at or 0.0,
        calls_from=_calls_from(contact, rules, now) if waiting and slot_at is None else 0.0,
        number=contact.number,
        topic=contact.topic,
    )


def _calls_from(contact: Contact, rules: QueueRules, now: float) -> float:
    """0 while the hours allow a call; a pause before the next try is not worth a word."""
    begin = rules.call_from(contact.number, max(now, contact.due_at))
    closed = rules.call_from(contact.number, now) > now
    return begin if closed or begin - now > LONGEST_PAUSE_S else 0.0
