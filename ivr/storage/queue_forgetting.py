"""Contacts of the shared queue that ended long ago, their attempts and events: deleted bit by bit.

Each step is one short transaction, so that calls never wait for it; on PostgreSQL one node at a
time takes it. Who is owed something, and whatever belongs to them, is never touched.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Select,
    bindparam,
    delete,
    func,
    or_,
    select,
    text,
    tuple_,
)

from ivr.storage.queue_tables import attempts, contacts, events

CONTACTS_AT_ONCE: Final = 100
EVENTS_AT_ONCE: Final = 500
FORGETTING: Final = 0x0613
"""Key of PostgreSQL's advisory lock: one node at a time."""
BEFORE: Final = bindparam("before", type_=Double)
LOCK: Final = text("SELECT pg_try_advisory_xact_lock(:key)")


@dataclass(frozen=True, slots=True)
class EventsSeen:
    """How far events were looked at, and how many of them went."""

    at: float = 0.0
    seq: int = 0
    looked_at: int = 0
    deleted: int = 0


def _over() -> ColumnElement[bool]:
    """Ended before, and so did every attempt: figures of later times need none of it."""
    later = select(attempts.c.attempt_id).where(
        attempts.c.contact_id == contacts.c.contact_id,
        or_(attempts.c.ended_at.is_(None), attempts.c.ended_at >= BEFORE),
    )
    return (contacts.c.ended_at < BEFORE) & ~later.exists()


def _nobodys() -> ColumnElement[bool]:
    """Of an operator alone, or of a contact that is forgotten."""
    of_contact = select(contacts.c.contact_id).where(contacts.c.contact_id == events.c.contact_id)
    return or_(events.c.contact_id == "", ~of_contact.exists())


CONTACTS: Final = (
    select(contacts.c.contact_id).where(_over()).order_by(contacts.c.ended_at).with_for_update()
)
EVENTS: Final = (
    select(events.c.seq, events.c.at, _nobodys().label("nobodys"))
    .where(
        events.c.at < BEFORE,
        tuple_(events.c.at, events.c.seq) > tuple_(bindparam("at", type_=Double), bindparam("seq")),
    )
    .order_by(events.c.at, events.c.seq)
)
OWED: Final = select(contacts.c.call_id).where(contacts.c.ended_at.is_(None))


def owed_calls(db: Connection) -> frozenset[str]:
    """Calls that asked for what is still owed: their records are needed."""
    return frozenset(db.execute(OWED).scalars())


def forget_contacts(db: Connection, before: float) -> tuple[int, int] | None:
    """Some contacts that ended before, with their attempts: how many of each went; (0, 0): no more.
    None: another node is at it."""
    if not _alone(db):
        return None
    over = list(db.execute(CONTACTS.limit(CONTACTS_AT_ONCE), {"before": before}).scalars())
    if not over:
        return 0, 0
    tried = db.execute(delete(attempts).where(attempts.c.contact_id.in_(over))).rowcount
    return db.execute(delete(contacts).where(contacts.c.contact_id.in_(over))).rowcount, tried


def forget_events(db: Connection, before: float, seen: EventsSeen) -> EventsSeen | None:
    """Those after `seen` that tell of nobody any more; nothing looked at: no more are so old.
    Events of contacts that still matter stay. None: another node is at it."""
    if not _alone(db):
        return None
    page = db.execute(
        EVENTS.limit(EVENTS_AT_ONCE), {"before": before, "at": seen.at, "seq": seen.seq}
    ).all()
    if not page:
        return EventsSeen(seen.at, seen.seq)
    old = [row.seq for row in page if row.nobodys]
    if old:
        db.execute(delete(events).where(events.c.seq.in_(old)))
    return EventsSeen(page[-1].at, page[-1].seq, len(page), len(old))


def forgettable(db: Connection, before: float) -> tuple[int, int, int]:
    """Contacts, attempts and events that would go; nothing is changed."""
    over = select(contacts.c.contact_id).where(_over())
    old_events = select(func.count()).where(
        events.c.at < BEFORE,
        or_(_nobodys(), events.c.contact_id.in_(over)),
    )

    def counted(query: Select[int]) -> int:
        return int(db.execute(query, {"before": before}).scalar_one())

    return (
        counted(select(func.count()).select_from(contacts).where(_over())),
        counted(select(func.count()).where(attempts.c.contact_id.in_(over))),
        counted(old_events),
    )


def _alone(db: Connection) -> bool:
    if db.dialect.name != "postgresql":
        return True
    return bool(db.execute(LOCK, {"key": FORGETTING}).scalar_one())
