"""What the shared queue can be asked for by people and by estimates: nothing here changes it."""

from sqlalchemy import func, or_, select

from ivr.queue.events import QueueEvent
from ivr.queue.model import NodeId, OperatorId
from ivr.queue.ports import Handled, Snapshot
from ivr.storage.queue_tables import attempts, contacts, event_of, events, is_waiting, nodes
from ivr.storage.queue_work import Work

SHOWN = 1000
"""Waiting contacts of a snapshot."""


def snapshot(work: Work) -> Snapshot:
    """The whole queue; contacts that are not due yet come last."""
    due_first = (contacts.c.due_at > work.now, contacts.c.rank, contacts.c.contact_id)
    waiting = select(contacts).where(is_waiting()).order_by(*due_first).limit(SHOWN)
    count = select(func.count()).select_from(contacts).where(is_waiting())
    return Snapshot(
        at=work.now,
        waiting=tuple(work.contacts(waiting)),
        waiting_count=work.db.execute(count).scalar_one(),
        operators=tuple(work.operators()),
        attempts=tuple(work.attempts()),
        nodes={NodeId(row.node): row.lease_until for row in work.db.execute(select(nodes))},
    )


def happened(
    work: Work, *, after: int, since: float, until: float | None, limit: int
) -> tuple[QueueEvent, ...]:
    """In the order in which they were written."""
    query = select(events).where(events.c.seq > after).order_by(events.c.seq).limit(limit)
    if since > 0:
        query = query.where(events.c.at >= since)
    if until is not None:
        query = query.where(events.c.at < until)
    return tuple(event_of(row) for row in work.db.execute(query))


def history(work: Work, *, skill: str, since: float, limit: int) -> tuple[Handled, ...]:
    """Conversations that are over, the latest first."""
    query = (
        select(attempts, contacts.c.skill)
        .join(contacts, contacts.c.contact_id == attempts.c.contact_id)
        .where(attempts.c.joined_at.is_not(None), attempts.c.ended_at >= since)
        .order_by(attempts.c.ended_at.desc(), attempts.c.attempt_id)
        .limit(limit)
    )
    if skill:
        query = query.where(contacts.c.skill == skill)
    return tuple(
        Handled(
            ended_at=row.ended_at,
            skill=row.skill,
            operator_id=OperatorId(row.operator_id),
            reserved_s=max(0.0, row.joined_at - row.planned_at),
            talk_s=max(0.0, row.ended_at - row.joined_at),
        )
        for row in work.db.execute(query)
    )


def last_operator(work: Work, number: str) -> OperatorId | None:
    """Who talked to this number last."""
    if not number:
        return None
    query = (
        select(attempts.c.operator_id)
        .join(contacts, contacts.c.contact_id == attempts.c.contact_id)
        .where(
            or_(contacts.c.number == number, contacts.c.caller == number),
            attempts.c.joined_at.is_not(None),
        )
        .order_by(attempts.c.joined_at.desc(), attempts.c.attempt_id)
        .limit(1)
    )
    found = work.db.execute(query).scalar_one_or_none()
    return None if found is None else OperatorId(found)
