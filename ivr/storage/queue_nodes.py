"""Nodes of the shared queue: leases, and what becomes of the work of those that are gone."""

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update

from ivr.errors import StoreError
from ivr.queue import transitions
from ivr.queue.model import (
    AttemptOutcome,
    ContactKind,
    NodeId,
    OperatorState,
)
from ivr.queue.transitions import Trio
from ivr.storage import queue_attempts
from ivr.storage.queue_tables import attempts, contacts, is_waiting, literally, nodes, operators
from ivr.storage.queue_work import Work


def renew(work: Work, node: NodeId, *, first: bool) -> float:
    """Seconds that the lease is good for. The first renewal of a process takes the node's name
    over from whoever had it; who has lost it to another process gets `StoreError` 'lease'."""
    until = work.now + work.rules.lease_s
    if not first:
        _require_name(work, node)
    row = {"process": work.process, "lease_until": until}
    if work.db.execute(update(nodes).where(nodes.c.node == node).values(row)).rowcount == 0:
        work.db.execute(insert(nodes).values(node=node, **row))
    return work.rules.lease_s


def recover(work: Work, node: NodeId, *, starting: bool) -> tuple[Trio, ...]:
    """End as LOST what nodes had begun whose lease has been over for the grace, and the lines that
    hung on them; with `starting` this node's own too. Wrap-ups that are over end as well."""
    end_rests(work)
    gone = set(
        work.db.execute(
            select(nodes.c.node).where(nodes.c.lease_until < work.now - work.rules.lease_grace_s)
        ).scalars()
    )
    gone |= {node} if starting else set()
    ended = [
        queue_attempts.end(work, attempt, AttemptOutcome.LOST)
        if starting and attempt.node == node
        else queue_attempts.lose_sight(work, attempt)
        for attempt in work.attempts(or_(attempts.c.node.in_(sorted(gone)), _is_ownerless(work)))
    ]
    lines = select(contacts).where(
        is_waiting(),
        contacts.c.node.in_(sorted(gone)),
        contacts.c.node != "",
        contacts.c.kind == ContactKind.CALL.value,
    )
    for contact in work.contacts(lines.order_by(contacts.c.contact_id).with_for_update()):
        work.put_contact(contact, transitions.lose(contact, work.now))
    others = sorted(gone - {node})
    if others:
        silent = nodes.c.lease_until < work.now - work.rules.lease_grace_s
        work.db.execute(delete(nodes).where(nodes.c.node.in_(others), silent))
    return tuple(trio for trio in ended if trio is not None)


def _is_ownerless(work: Work) -> ColumnElement[bool]:
    """Of a node that nobody knows any more: planned for it while it was taken for dead."""
    known = select(nodes.c.node).where(nodes.c.node == attempts.c.node)
    lately = work.now - work.rules.lease_s - work.rules.lease_grace_s
    return and_(~known.exists(), attempts.c.planned_at < lately)


def _require_name(work: Work, node: NodeId) -> None:
    row = work.db.execute(select(nodes).where(nodes.c.node == node)).one_or_none()
    if row is not None and row.process != work.process:
        raise StoreError("lease", f"another process goes by the name of node {node}")


def end_rests(work: Work) -> None:
    """Whose time for notes is over takes the next contact, and so does, on trial, whoever could not
    be reached some time ago."""
    wrapped_up = and_(
        operators.c.state == literally(OperatorState.WRAP_UP),
        operators.c.wrap_up_until <= work.now,
    )
    to_be_tried = and_(
        operators.c.state == literally(OperatorState.PAUSED),
        operators.c.retry_at > 0,
        operators.c.retry_at <= work.now,
    )
    for known in work.operators(or_(wrapped_up, to_be_tried)):
        operator = work.operator(known.operator_id)
        if operator == known:  # locked, and still what it was
            work.put_operator(known, transitions.rested(known, work.now))
