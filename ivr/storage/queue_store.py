"""`QueueStore` on a relational database: SQLite for one machine, PostgreSQL for several nodes."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, TypeVar
from uuid import uuid4

from sqlalchemy import Connection

from ivr.errors import StoreError
from ivr.queue import transitions
from ivr.queue.destinations import Spent
from ivr.queue.events import QueueEvent
from ivr.queue.model import (
    Attempt,
    AttemptOutcome,
    AttemptStep,
    Contact,
    ContactId,
    NodeId,
    Operator,
    OperatorId,
    Place,
)
from ivr.queue.ports import Enqueued, Handled, Snapshot
from ivr.queue.rules import QueueRules
from ivr.queue.transitions import Trio
from ivr.storage import (
    queue_attempts,
    queue_contacts,
    queue_counts,
    queue_figures,
    queue_matching,
    queue_nodes,
    queue_operators,
)
from ivr.storage.again import undisturbed
from ivr.storage.database import Database
from ivr.storage.engines import Schema
from ivr.storage.queue_work import Now, StaleError, Work, database_clock

T = TypeVar("T")

SCHEMA: Final = Schema(folder="queue", table="queue_schema_version", locking=True)
ANSWER_S: Final = 4.0
"""A database that has not answered within this time is given up: shorter than a lease."""


class SqlQueueStore:
    """See `ivr.queue.ports.QueueStore`. Coroutines of the event loop, one database thread.

    Leases are held by this object: a second one that renews the lease of the same node, in this
    process or another, takes it from the first.
    """

    def __init__(self, database: Database, rules: QueueRules, now: Now = database_clock) -> None:
        self._database = database
        self._rules = rules
        self._now = now
        self._process = uuid4().hex
        self._renewed: set[NodeId] = set()

    @classmethod
    async def open(
        cls,
        url: str,
        rules: QueueRules | None = None,
        *,
        create: bool = True,
        now: Now = database_clock,
    ) -> "SqlQueueStore":
        """Open and migrate; `StoreError` says what is in the way."""
        database = await Database.open(url, create=create, schema=SCHEMA, answer_s=ANSWER_S)
        return cls(database, rules or QueueRules(), now)

    @property
    def fault(self) -> str:
        """What went wrong with the last request, '' while the database works; for readiness."""
        return self._database.fault

    async def aclose(self) -> None:
        """Finish what is queued and close. Idempotent."""
        await self._database.aclose()

    # ---- contacts

    async def enqueue(self, contact: Contact) -> Enqueued:
        return await self._do(lambda work: queue_contacts.enqueue(work, contact))

    async def contact(self, contact_id: ContactId) -> Contact | None:
        return await self._read(lambda work: work.contact(contact_id, lock=False))

    async def open_contacts(self, number: str) -> tuple[Contact, ...]:
        return await self._read(lambda work: queue_contacts.open_contacts(work, number))

    async def place(self, contact_id: ContactId) -> Place | None:
        return await self._read(lambda work: queue_contacts.place(work, contact_id))

    async def told(self, place: Place) -> None:
        await self._do(lambda work: queue_contacts.tell(work, place))

    async def leave(self, contact_id: ContactId, *, lost: bool = False) -> bool:
        return await self._do(lambda work: queue_contacts.leave(work, contact_id, lost=lost))

    async def cancel(self, contact_id: ContactId) -> bool:
        return await self._do(lambda work: queue_contacts.cancel(work, contact_id))

    async def become_callback(
        self, contact_id: ContactId, number: str, *, slot_at: float = 0.0
    ) -> Enqueued:
        return await self._do(
            lambda work: queue_contacts.become_callback(work, contact_id, number, slot_at)
        )

    async def return_to_line(
        self, contact_id: ContactId, *, node: NodeId, call_id: str
    ) -> Enqueued:
        return await self._do(
            lambda work: queue_contacts.return_to_line(work, contact_id, node, call_id)
        )

    # ---- attempts

    async def assign(self, node: NodeId, callbacks: int) -> tuple[Trio, ...]:
        return await self._do(lambda work: queue_matching.assign(work, node, callbacks))

    async def outbox(self, node: NodeId) -> tuple[Trio, ...]:
        return await self._read(lambda work: queue_attempts.outbox(work, node))

    async def claim(self, attempt: Attempt) -> Trio | None:
        return await self._do(lambda work: queue_attempts.claim(work, attempt))

    async def advance(self, attempt: Attempt, step: AttemptStep) -> Attempt | None:
        return await self._do(lambda work: queue_attempts.advance(work, attempt, step))

    async def join(self, attempt: Attempt) -> Attempt | None:
        return await self._do(lambda work: queue_attempts.join(work, attempt))

    async def end(self, attempt: Attempt, outcome: AttemptOutcome) -> Trio | None:
        return await self._do(lambda work: queue_attempts.end(work, attempt, outcome))

    async def resume(self, attempt: Attempt) -> Attempt | None:
        return await self._do(lambda work: queue_attempts.resume(work, attempt))

    # ---- operators

    async def save_operator(self, operator: Operator) -> Operator:
        return await self._do(lambda work: queue_operators.save(work, operator))

    async def remove_operator(self, operator_id: OperatorId) -> bool:
        return await self._do(lambda work: queue_operators.remove(work, operator_id))

    async def operator(self, operator_id: OperatorId) -> Operator | None:
        return await self._read(lambda work: work.operator(operator_id, lock=False))

    async def log_in(self, operator_id: OperatorId) -> Operator:
        return await self._follow(operator_id, transitions.log_in)

    async def log_out(self, operator_id: OperatorId) -> Operator:
        return await self._follow(operator_id, transitions.log_out)

    async def pause(self, operator_id: OperatorId, reason: str) -> Operator:
        return await self._follow(
            operator_id, lambda operator, now: transitions.pause(operator, reason, now)
        )

    async def wrap_up_over(self, operator_id: OperatorId) -> Operator:
        return await self._follow(operator_id, transitions.wrap_up_over)

    # ---- nodes

    async def renew(self, node: NodeId) -> float:
        first = node not in self._renewed
        lasts_s = await self._do(lambda work: queue_nodes.renew(work, node, first=first))
        self._renewed.add(node)
        return lasts_s

    async def recover(self, node: NodeId, *, starting: bool = False) -> tuple[Trio, ...]:
        return await self._do(lambda work: queue_nodes.recover(work, node, starting=starting))

    async def snapshot(self) -> Snapshot:
        return await self._read(queue_figures.snapshot)

    # ---- what happened

    async def events(
        self, *, after: int = 0, since: float = 0.0, until: float | None = None, limit: int = 10_000
    ) -> tuple[QueueEvent, ...]:
        return await self._read(
            partial(queue_figures.happened, after=after, since=since, until=until, limit=limit)
        )

    async def history(
        self, *, skill: str = "", since: float = 0.0, limit: int = 500
    ) -> tuple[Handled, ...]:
        return await self._read(
            partial(queue_figures.history, skill=skill, since=since, limit=limit)
        )

    async def last_operator(self, number: str) -> OperatorId | None:
        return await self._read(lambda work: queue_figures.last_operator(work, number))

    async def spent(self, number: str, caller: str, since: float) -> Spent:
        return await self._read(lambda work: queue_counts.spent(work, number, caller, since))

    async def dialled(self, number: str, caller: str, since: float) -> Spent:
        return await self._read(lambda work: queue_counts.dialled(work, number, caller, since))

    async def booked(self) -> Mapping[float, int]:
        return await self._read(queue_counts.booked)

    # ---- transactions

    async def _follow(
        self, operator_id: OperatorId, follow: Callable[[Operator, float], Operator]
    ) -> Operator:
        return await self._do(lambda work: queue_operators.change(work, operator_id, follow))

    async def _do(self, change: Callable[[Work], T]) -> T:
        """One transaction that writes; again when another one got in the way."""
        return await undisturbed(partial(self._database.run, partial(self._transact, change)))

    async def _read(self, question: Callable[[Work], T]) -> T:
        return await self._database.run(partial(self._transact, question), read=True)

    def _transact(self, change: Callable[[Work], T], db: Connection) -> T:
        work = Work(db, self._rules, self._now, self._process)
        try:
            result = change(work)
            work.close()
        except StaleError as stale:
            raise StoreError("conflict", f"{stale} changed meanwhile") from stale
        return result
