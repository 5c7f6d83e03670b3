"""Waiting contacts and available operators brought together in the shared queue. One transaction.

`ivr.queue.matching` decides; here is loaded what it has to see, which is little however many wait:
the first contacts of every skill and language that somebody is available for.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, or_, select, text

from ivr.queue import transitions
from ivr.queue.matching import Line, ListedBench, line_of, next_pair, order_of
from ivr.queue.model import (
    AttemptId,
    Contact,
    ContactKind,
    ContactState,
    NodeId,
    Operator,
    OperatorState,
)
from ivr.queue.transitions import Trio
from ivr.storage.queue_nodes import end_rests
from ivr.storage.queue_tables import attempts, contacts, is_waiting, literally, nodes, operators
from ivr.storage.queue_work import Work

PAIRS = 50
"""Planned in one transaction at most; more come with the next one."""
SPARE = 20
"""So many more of a group are loaded, for those that turn out not to be taken."""
PREFERRING = 500
"""Contacts that wait for an operator of their own, looked at in one transaction."""
ASSIGNING = 0x0611
"""Key of PostgreSQL's advisory lock: one node assigns at a time, or the order would be lost."""
AVAILABLE = operators.c.state == literally(OperatorState.AVAILABLE)


@dataclass(slots=True)
class _Heads:
    """Waiting contacts by line, the first first."""

    lines: dict[Line, deque[Contact]] = field(default_factory=dict)

    def first(self, *, callbacks: bool) -> Iterator[Contact]:
        for line, waiting in self.lines.items():
            if waiting and (callbacks or not line.callback):
                yield waiting[0]

    def drop(self, contact: Contact, now: float) -> None:
        self.lines[line_of(contact, now)].popleft()


def assign(work: Work, node: NodeId, callbacks: int) -> tuple[Trio, ...]:
    """At most `callbacks` callbacks, which this node is to carry out; live calls go to the nodes
    that hold them."""
    if work.db.dialect.name == "postgresql":
        work.db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ASSIGNING})
        work.refresh()
    work.require_lease(node)
    end_rests(work)
    planned: list[Trio] = []
    again = True
    while again and len(planned) < PAIRS:
        available = work.operators(AVAILABLE)
        if not available:
            break
        heads = _heads(work, available, callbacks=callbacks > 0)
        preferred = {
            contact.preferred_operator
            for waiting in heads.lines.values()
            for contact in waiting
            if contact.preferred_operator is not None
        }
        others = work.operators(operators.c.operator_id.in_(sorted(preferred))) if preferred else []
        found, again = _pairs(work, node, heads, ListedBench([*others, *available]), callbacks)
        callbacks -= sum(trio.contact.kind is ContactKind.CALLBACK for trio in found)
        planned += found
    return tuple(planned)


def _pairs(
    work: Work, node: NodeId, heads: _Heads, bench: ListedBench, callbacks: int
) -> tuple[list[Trio], bool]:
    """Pairs among what was loaded; True: look again, what was loaded is no longer the order."""
    planned: list[Trio] = []
    passed_over = 0
    while len(planned) < PAIRS and passed_over < SPARE:
        pair = next_pair(heads.first(callbacks=callbacks > 0), bench, work.now)
        if pair is None:
            break
        contact, operator = pair
        heads.drop(contact, work.now)
        current = work.contact(contact.contact_id)  # locked from here on
        if current != contact:
            if current is not None and current.state is ContactState.WAITING:
                return planned, True
            passed_over += 1  # gone since it was read
            continue
        if contact.kind is ContactKind.CALLBACK:
            allowed_at = work.rules.call_from(contact.number, work.now)
            if allowed_at > work.now:
                work.put_contact(contact, transitions.put_off(contact, allowed_at))
                passed_over += 1
                continue
            callbacks -= 1
        trio = transitions.plan(
            contact,
            operator,
            attempt_id=AttemptId(uuid4().hex),
            node=contact.node or node,
            rules=work.rules,
            now=work.now,
        )
        work.put_contact(contact, trio.contact, trio.attempt)
        work.put_operator(operator, trio.operator)
        work.add_attempt(trio.attempt)
        bench.put(trio.operator)
        planned.append(trio)
    return planned, passed_over > 0


def _heads(work: Work, available: Iterable[Operator], *, callbacks: bool) -> _Heads:
    """Who may be next: as many of each group as there are operators, as more cannot be planned,
    and some to spare."""
    available = list(available)
    limit = min(len(available), PAIRS) + SPARE
    kinds = [kind for kind in ContactKind if callbacks or kind is not ContactKind.CALLBACK]
    pools = {
        (skill, language)
        for operator in available
        for skill in operator.skills
        for language in operator.languages
    }
    found: dict[str, Contact] = {}
    for skill, language in sorted(pools):
        for kind in kinds:
            for of_skill in _of_skill(work, skill):
                query = (
                    _takeable(work)
                    .where(
                        *of_skill,
                        contacts.c.language == language,
                        contacts.c.kind == kind.value,
                        contacts.c.preferred_until <= work.now,
                    )
                    .limit(limit)
                )
                found |= {contact.contact_id: contact for contact in work.contacts(query)}
    prefer = _takeable(work).where(
        contacts.c.preferred_operator.is_not(None), contacts.c.preferred_until > work.now
    )
    for contact in work.contacts(prefer.limit(PREFERRING)):
        if contact.kind in kinds:
            found[contact.contact_id] = contact
    heads = _Heads()
    for contact in sorted(found.values(), key=order_of):
        heads.lines.setdefault(line_of(contact, work.now), deque()).append(contact)
    return heads


def _of_skill(work: Work, skill: str) -> tuple[tuple[ColumnElement[bool], ...], ...]:
    """Those of the skill, the overflowed ones apart, whom also others may take; and those who may
    take operators of this skill by overflow."""
    overflowed = contacts.c.overflow_at <= work.now
    return (
        (contacts.c.skill == skill,),
        (contacts.c.overflow_at.is_not(None), overflowed, contacts.c.overflow_skill == skill),
    )


def _takeable(work: Work) -> Select[tuple[object, ...]]:
    """Waiting, due, without a living attempt, and not on the line of a node that is silent."""
    silent = select(nodes.c.node).where(nodes.c.lease_until <= work.now)
    living = select(attempts.c.attempt_id).where(
        attempts.c.contact_id == contacts.c.contact_id, attempts.c.ended_at.is_(None)
    )
    return (
        select(contacts)
        .where(
            is_waiting(),
            contacts.c.due_at <= work.now,
            or_(contacts.c.node == "", contacts.c.node.not_in(silent)),
            ~living.exists(),
        )
        .order_by(contacts.c.rank, contacts.c.contact_id)
    )
