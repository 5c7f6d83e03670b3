"""One transaction on the shared queue: rows locked, compared, changed, and what happened noted.

Rows are locked in the order contact, operator, attempt, so that two transactions cannot wait for
each other. SQLite locks the whole database with BEGIN IMMEDIATE instead.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Update,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from ivr.errors import StoreError
from ivr.queue.events import (
    QueueEvent,
    attempt_changed,
    contact_changed,
    operator_changed,
)
from ivr.queue.model import (
    Attempt,
    AttemptId,
    Contact,
    ContactId,
    NodeId,
    Operator,
    OperatorId,
)
from ivr.queue.rules import QueueRules
from ivr.queue.transitions import Trio
from ivr.storage.queue_tables import (
    attempt_of,
    attempt_row,
    attempts,
    contact_of,
    contact_row,
    contacts,
    event_rows,
    events,
    nodes,
    operator_of,
    operator_row,
    operators,
    skill_rows,
    skills,
)

# Statements are built once: that costs ten times what running them does.
CONTACT: Final = select(contacts).where(contacts.c.contact_id == bindparam("key"))
OPERATOR: Final = select(operators).where(operators.c.operator_id == bindparam("key"))
ATTEMPT: Final = select(attempts).where(attempts.c.attempt_id == bindparam("key"))
LOCKING: Final = {one: one.with_for_update() for one in (CONTACT, OPERATOR, ATTEMPT)}
NODE: Final = select(nodes).where(nodes.c.node == bindparam("key"))
LEVELS: Final = select(skills.c.skill, skills.c.level).where(
    skills.c.operator_id == bindparam("key")
)
ADD_CONTACT: Final = insert(contacts)
ADD_ATTEMPT: Final = insert(attempts)
ADD_EVENTS: Final = insert(events)
PUT_CONTACT: Final = update(contacts).where(
    contacts.c.contact_id == bindparam("this"), contacts.c.version == bindparam("was")
)
PUT_OPERATOR: Final = update(operators).where(
    operators.c.operator_id == bindparam("this"), operators.c.version == bindparam("was")
)
PUT_ATTEMPT: Final = update(attempts).where(
    attempts.c.attempt_id == bindparam("this"), attempts.c.step == bindparam("was")
)

Now = Callable[[Connection], float]

CLOCKS: Mapping[str, str] = {
    "sqlite": "SELECT (julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())::double precision",
}
"""Seconds since the epoch by the database's clock; PostgreSQL's now() would be that of BEGIN."""


def database_clock(db: Connection) -> float:
    """What time it is for all nodes of this database."""
    return float(db.exec_driver_sql(CLOCKS[db.dialect.name]).scalar_one())


class StaleError(Exception):
    """A row changed between reading and writing it: the transaction is to be done again."""


class Work:
    """What the functions of one transaction share. Database thread."""

    def __init__(self, db: Connection, rules: QueueRules, now: Now, process: str) -> None:
        self.db = db
        self.rules = rules
        self.process = process
        """Which process renews its node's lease through this store."""
        self._now = now
        self._happened: list[QueueEvent] = []
        self.now = now(db)
        """Seconds since the epoch; the same for everything in this transaction."""

    def refresh(self) -> None:
        """Read the clock again, after having waited for a lock."""
        self.now = self._now(self.db)

    def note(self, happened: Iterable[QueueEvent]) -> None:
        """Take down what happened; written by `close`."""
        self._happened.extend(happened)

    def close(self) -> None:
        """The last thing in the transaction."""
        if self._happened:
            self.db.execute(ADD_EVENTS, event_rows(self._happened))

    # ---- reading

    def contact(self, contact_id: ContactId, *, lock: bool = True) -> Contact | None:
        found = self._one(CONTACT, contact_id, lock)
        return None if found is None else contact_of(found)

    def contacts(self, query: Select[Any], **values: object) -> list[Contact]:
        return [contact_of(row) for row in self.db.execute(query, values)]

    def operator(self, operator_id: OperatorId, *, lock: bool = True) -> Operator | None:
        found = self._one(OPERATOR, operator_id, lock)
        if found is None:
            return None
        levels = self.db.execute(LEVELS, {"key": operator_id})
        return operator_of(found, {row.skill: row.level for row in levels})

    def operators(self, *which: ColumnElement[bool]) -> list[Operator]:
        """Those that fit, not locked."""
        levels: dict[str, dict[str, int]] = {}
        chosen = select(operators.c.operator_id).where(*which)
        for row in self.db.execute(select(skills).where(skills.c.operator_id.in_(chosen))):
            levels.setdefault(row.operator_id, {})[row.skill] = row.level
        found = self.db.execute(select(operators).where(*which).order_by(operators.c.operator_id))
        return [operator_of(row, levels.get(row.operator_id, {})) for row in found]

    def attempt(self, attempt_id: AttemptId, *, lock: bool = True) -> Attempt | None:
        found = self._one(ATTEMPT, attempt_id, lock)
        return None if found is None else attempt_of(found)

    def attempts(self, *which: ColumnElement[bool]) -> list[Attempt]:
        """Living ones that fit, not locked, in the order in which they were planned."""
        query = select(attempts).where(attempts.c.ended_at.is_(None), *which)
        ordered = query.order_by(attempts.c.planned_at, attempts.c.attempt_id)
        return [attempt_of(row) for row in self.db.execute(ordered)]

    def trio(self, attempt_id: AttemptId, *, lock: bool = True, ended: bool = False) -> Trio | None:
        """The attempt with contact and operator; None when it is over, unless `ended` ones are
        asked for too. Their operators may be gone."""
        known = self.attempt(attempt_id, lock=False)
        if known is None or not (known.is_live or ended):
            return None
        contact = self.contact(known.contact_id, lock=lock)
        operator = self.operator(known.operator_id, lock=lock)
        attempt = self.attempt(attempt_id, lock=lock) if lock else known
        if attempt is None or not (attempt.is_live or ended):
            return None
        if not attempt.is_live and operator is None:
            return None
        if contact is None or operator is None:
            raise StoreError("database", f"attempt {attempt_id} has lost its contact or operator")
        return Trio(contact, operator, attempt)

    # ---- writing

    def add_contact(self, contact: Contact) -> None:
        self.db.execute(ADD_CONTACT, contact_row(contact))

    def put_contact(self, before: Contact, after: Contact, attempt: Attempt | None = None) -> None:
        """Compare-and-set; `attempt` brought the change about."""
        if before == after:
            return
        self._set(PUT_CONTACT, before.contact_id, before.version, contact_row(after))
        self.note(contact_changed(before, after, at=self.now, attempt=attempt))

    def put_operator(self, before: Operator, after: Operator) -> None:
        """Compare-and-set; the skills only where they changed."""
        if before == after:
            return
        self._set(PUT_OPERATOR, before.operator_id, before.version, operator_row(after))
        if before.skills != after.skills:
            self.put_skills(after)
        self.note(operator_changed(before, after, at=self.now))

    def put_skills(self, operator: Operator) -> None:
        self.db.execute(delete(skills).where(skills.c.operator_id == operator.operator_id))
        rows = skill_rows(operator)
        if rows:
            self.db.execute(insert(skills), rows)

    def put_attempt(self, before: Attempt, after: Attempt, contact: Contact) -> None:
        """Compare-and-set on the step."""
        self._set(PUT_ATTEMPT, before.attempt_id, before.step.value, attempt_row(after))
        self.note(attempt_changed(before, after, contact=contact, at=self.now))

    def add_attempt(self, attempt: Attempt) -> None:
        self.db.execute(ADD_ATTEMPT, attempt_row(attempt))

    def put_trio(self, before: Trio, after: Trio) -> None:
        """All three, or none with the transaction."""
        self.put_contact(before.contact, after.contact, after.attempt)
        self.put_operator(before.operator, after.operator)
        self.put_attempt(before.attempt, after.attempt, after.contact)

    # ---- leases

    def require_lease(self, node: NodeId) -> None:
        """`StoreError` 'lease' when the node has not renewed it in time, or another process goes by
        its name: whatever it is about to do, others may be doing it already."""
        row = self.db.execute(NODE, {"key": node}).one_or_none()
        if row is not None and (row.process != self.process or row.lease_until <= self.now):
            raise StoreError("lease", f"node {node} has lost its lease")

    def _one(self, query: Select[Any], key: str, lock: bool) -> Any:
        return self.db.execute(LOCKING[query] if lock else query, {"key": key}).one_or_none()

    def _set(self, change: Update, key: str, was: str | int, row: Mapping[str, Any]) -> None:
        if self.db.execute(change, {**row, "this": key, "was": was}).rowcount != 1:
            raise StaleError(change.table.description)
