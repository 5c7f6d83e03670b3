"""Contacts in the shared queue: promised, found, counted, left. One transaction each."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Double,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    union_all,
)

from ivr.queue import transitions
from ivr.queue.events import enqueued, told
from ivr.queue.model import (
    ON_DUTY,
    PENDING,
    Contact,
    ContactId,
    ContactKind,
    ContactState,
    NodeId,
    Place,
)
from ivr.queue.places import place_of
from ivr.queue.ports import Enqueued
from ivr.queue.transitions import InvalidStateError, SlotTakenError
from ivr.storage.queue_tables import contacts, is_waiting, literally, operators, skills
from ivr.storage.queue_work import Work

AHEAD_COUNTED: Final = 10_000
"""Places behind so many are all told as this one."""
BOOKING: Final = 0x0612
"""Key of PostgreSQL's advisory locks of slots, with the minute at which each begins."""


def _before(of_skill: ColumnElement[bool], kind: ContactKind) -> Select[int]:
    order = tuple_(contacts.c.rank, contacts.c.contact_id)
    return (
        select(literal(1).label("one"))
        .where(
            is_waiting(),
            of_skill,
            contacts.c.language == bindparam("language"),
            contacts.c.kind == literally(kind),
            order < tuple_(bindparam("rank", type_=Double), bindparam("contact_id", type_=Text)),
            contacts.c.due_at <= bindparam("now"),
        )
        .limit(AHEAD_COUNTED)
    )


_OF_SKILL: Final = (
    contacts.c.skill == bindparam("skill"),
    and_(
        contacts.c.overflow_at.is_not(None),
        contacts.c.overflow_at <= bindparam("now"),
        contacts.c.overflow_skill == bindparam("skill"),
        contacts.c.skill != bindparam("skill"),
    ),
)
AHEAD: Final = select(func.count()).select_from(
    union_all(
        *(
            _before(of_skill, kind).subquery().select()
            for of_skill in _OF_SKILL
            for kind in ContactKind
        )
    ).subquery()
)
"""Waiting and due before a place, whom operators of its own skill and language may take."""
ON_DUTY_WITH: Final = (
    select(operators.c.languages)
    .join(skills, skills.c.operator_id == operators.c.operator_id)
    .where(
        skills.c.skill == bindparam("skill"),
        operators.c.state.in_([state.value for state in sorted(ON_DUTY)]),
    )
)
PROMISED: Final = (
    select(contacts)
    .where(
        contacts.c.promised,
        contacts.c.state.in_([state.value for state in sorted(PENDING)]),
        contacts.c.number == bindparam("number"),
        contacts.c.topic == bindparam("topic"),
    )
    .with_for_update()
)
HOLD_SLOT: Final = text("SELECT pg_advisory_xact_lock(:key, :minute)")
BOOKED: Final = (
    select(func.count())
    .select_from(contacts)
    .where(
        is_waiting(),
        contacts.c.kind == literally(ContactKind.CALLBACK),
        contacts.c.place_at == bindparam("slot_at", type_=Double),
        contacts.c.contact_id != bindparam("contact_id", type_=Text),
    )
)
"""Others who wait for a slot."""


def enqueue(work: Work, contact: Contact) -> Enqueued:
    """Put a contact in its place, or find what the number was promised for the topic."""
    again = work.contact(contact.contact_id)
    if again is not None:
        return _enqueued(work, again, known=True)
    contact = transitions.placed(contact, work.rules)
    _hold_slot(work, transitions.booked_slot(contact, work.now))
    known = promised(work, contact)
    on_line = known is not None and known.kind is not ContactKind.CALLBACK
    if known is not None and not (on_line and contact.kind is not ContactKind.CALLBACK):
        return _enqueued(work, known, known=True)
    _require_room(work, contact)
    work.add_contact(contact)
    result = _enqueued(work, contact, known=False)
    work.note([enqueued(contact, ahead=result.place.ahead, at=work.now)])
    return result


def promised(work: Work, contact: Contact) -> Contact | None:
    """Who has the promise for this contact's number and topic."""
    if not contact.number:
        return None
    found = work.contacts(PROMISED, number=contact.number, topic=contact.topic)
    return found[0] if found else None


def open_contacts(work: Work, number: str) -> tuple[Contact, ...]:
    """What is owed to this number, and lines to it lost lately; the oldest first."""
    if not number:
        return ()
    lately = work.now - work.rules.lost_place_s
    fresh = or_(contacts.c.ended_at.is_(None), contacts.c.ended_at >= lately)
    by_number = select(contacts).where(contacts.c.number == number, fresh)
    by_caller = select(contacts).where(contacts.c.caller == number, fresh)
    found = {
        contact.contact_id: contact
        for query in (by_number, by_caller)
        for contact in work.contacts(query)
        if contact.is_live or transitions.is_lost(contact, work.rules, work.now)
    }
    return tuple(sorted(found.values(), key=lambda c: (c.first_promised_at, c.contact_id)))


def place(work: Work, contact_id: ContactId) -> Place | None:
    """Position now, without the estimate of the wait."""
    contact = work.contact(contact_id, lock=False)
    return None if contact is None or not contact.is_live else _place(work, contact)


def tell(work: Work, place: Place) -> None:
    """The caller heard the estimate of this place."""
    contact = work.contact(place.contact_id, lock=False)
    event = None if contact is None else told(place, skill=contact.skill, at=work.now)
    work.note([event] if event else [])


def leave(work: Work, contact_id: ContactId, *, lost: bool) -> bool:
    """The live caller hung up, or the line was cut."""
    return _try(work, contact_id, transitions.cut_off if lost else transitions.leave)


def cancel(work: Work, contact_id: ContactId) -> bool:
    """The promise is taken back."""
    return _try(work, contact_id, transitions.cancel)


def become_callback(work: Work, contact_id: ContactId, number: str, slot_at: float) -> Enqueued:
    """The waiting contact keeps its place, or gives way to the promise made before."""
    _hold_slot(work, slot_at or None)
    contact = _known(work, contact_id)
    changed = transitions.become_callback(contact, number, work.rules, work.now, slot_at=slot_at)
    other = promised(work, changed)
    if other is not None and other.contact_id != contact_id:
        work.put_contact(contact, transitions.give_way(contact, work.now))
        return _enqueued(work, other, known=True)
    _require_room(work, changed)
    work.put_contact(contact, changed)
    return _enqueued(work, changed, known=False)


def return_to_line(work: Work, contact_id: ContactId, node: NodeId, call_id: str) -> Enqueued:
    """Somebody with a promise, or whose line was lost, waits on the line of this call."""
    contact = _known(work, contact_id)
    changed = transitions.return_to_line(contact, work.rules, work.now, node=node, call_id=call_id)
    other = promised(work, changed)
    if other is not None and other.contact_id != contact_id:
        raise InvalidStateError("return to the line", "promised anew")
    work.put_contact(contact, changed)
    return _enqueued(work, changed, known=True)


def _hold_slot(work: Work, slot_at: float | None) -> None:
    """Whoever books a slot on PostgreSQL counts its room alone; SQLite has one writer anyway.
    Before any row is locked."""
    if slot_at is None or work.rules.slot_calls is None:
        return
    if work.db.dialect.name == "postgresql":
        work.db.execute(HOLD_SLOT, {"key": BOOKING, "minute": int(slot_at // 60.0)})


def _require_room(work: Work, contact: Contact) -> None:
    slot_at, room = transitions.booked_slot(contact, work.now), work.rules.slot_calls
    if slot_at is None or room is None:
        return
    values = {"slot_at": slot_at, "contact_id": contact.contact_id}
    if work.db.execute(BOOKED, values).scalar_one() >= room:
        raise SlotTakenError(slot_at)


def _try(work: Work, contact_id: ContactId, change: Callable[[Contact, float], Contact]) -> bool:
    contact = work.contact(contact_id)
    if contact is None:
        return False
    try:
        changed = change(contact, work.now)
    except InvalidStateError:
        return False
    work.put_contact(contact, changed)
    return True


def _known(work: Work, contact_id: ContactId) -> Contact:
    contact = work.contact(contact_id)
    if contact is None:
        raise InvalidStateError("an event for a contact", "unknown")
    return contact


def _enqueued(work: Work, contact: Contact, *, known: bool) -> Enqueued:
    if not contact.is_live:
        raise InvalidStateError("a place", contact.state)
    return Enqueued(contact, _place(work, contact), known)


def _place(work: Work, contact: Contact) -> Place:
    waiting = contact.state is ContactState.WAITING
    return place_of(
        contact,
        work.rules,
        work.now,
        ahead=_ahead(work, contact) if waiting else 0,
        operators=_on_duty(work, contact.skill, contact.language),
    )


def _ahead(work: Work, contact: Contact) -> int:
    values = {
        "now": work.now,
        "skill": contact.skill,
        "language": contact.language,
        "rank": contact.rank,
        "contact_id": contact.contact_id,
    }
    return min(work.db.execute(AHEAD, values).scalar_one(), AHEAD_COUNTED)


def _on_duty(work: Work, skill: str, language: str) -> int:
    found = work.db.execute(ON_DUTY_WITH, {"skill": skill})
    return sum(language in row.languages.split() for row in found)
