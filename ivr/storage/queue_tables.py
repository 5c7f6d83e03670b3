"""The tables of the shared queue, and rows of them <-> the values of `ivr.queue.model`."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    literal_column,
)
from sqlalchemy.sql.elements import ColumnElement

from ivr.queue.events import QueueEvent, What
from ivr.queue.model import (
    Attempt,
    AttemptMode,
    AttemptOutcome,
    AttemptStep,
    Contact,
    ContactKind,
    ContactState,
    Operator,
    OperatorState,
    Priority,
)

FIELDS: Final = {
    kind: tuple(field.name for field in fields(kind))
    for kind in (Contact, Operator, Attempt, QueueEvent)
}
metadata = MetaData()

contacts = Table(
    "queue_contacts",
    metadata,
    Column("contact_id", Text, primary_key=True),
    Column("kind", Text),
    Column("number", Text),
    Column("caller", Text),
    Column("topic", Text),
    Column("skill", Text),
    Column("language", Text),
    Column("priority", Text),
    Column("first_promised_at", Double),
    Column("place_at", Double),
    Column("rank", Double),
    Column("due_at", Double),
    Column("overflow_at", Double),
    Column("overflow_skill", Text),
    Column("preferred_operator", Text),
    Column("preferred_until", Double),
    Column("promised", Boolean),
    Column("state", Text),
    Column("node", Text),
    Column("call_id", Text),
    Column("handoff_id", Text),
    Column("tries", Integer),
    Column("version", Integer),
    Column("ended_at", Double),
    Column("end_reason", Text),
    Column("faults", Integer),
)

operators = Table(
    "queue_operators",
    metadata,
    Column("operator_id", Text, primary_key=True),
    Column("name", Text),
    Column("target", Text),
    Column("languages", Text),
    Column("state", Text),
    Column("state_since", Double),
    Column("idle_since", Double),
    Column("wrap_up_until", Double),
    Column("wish", Text),
    Column("reason", Text),
    Column("version", Integer),
    Column("misses", Integer),
    Column("retry_at", Double),
    Column("lost_talk", Text),
)

skills = Table(
    "queue_skills",
    metadata,
    Column("operator_id", Text, primary_key=True),
    Column("skill", Text, primary_key=True),
    Column("level", Integer),
)

attempts = Table(
    "queue_attempts",
    metadata,
    Column("attempt_id", Text, primary_key=True),
    Column("contact_id", Text),
    Column("operator_id", Text),
    Column("mode", Text),
    Column("node", Text),
    Column("fence", Integer),
    Column("step", Text),
    Column("planned_at", Double),
    Column("joined_at", Double),
    Column("ended_at", Double),
    Column("outcome", Text),
)

nodes = Table(
    "queue_nodes",
    metadata,
    Column("node", Text, primary_key=True),
    Column("process", Text),
    Column("lease_until", Double),
)

events = Table(
    "queue_events",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("at", Double),
    Column("contact_id", Text),
    Column("kind", Text),
    Column("what", Text),
    Column("skill", Text),
    Column("operator_id", Text),
    Column("attempt_id", Text),
    Column("details", Text, key="values"),
)


def is_waiting() -> ColumnElement[bool]:
    return contacts.c.state == literally(ContactState.WAITING)


def contact_row(contact: Contact) -> dict[str, Any]:
    return _row(contact)


def contact_of(row: Row[Any]) -> Contact:
    values = dict(row._mapping)
    values["kind"] = ContactKind(values["kind"])
    values["priority"] = Priority(values["priority"])
    values["state"] = ContactState(values["state"])
    return Contact(**values)


def operator_row(operator: Operator) -> dict[str, Any]:
    """Without the skills, which have rows of their own."""
    row = _row(operator)
    del row["skills"]
    return row | {"languages": " ".join(sorted(operator.languages))}


def skill_rows(operator: Operator) -> list[dict[str, Any]]:
    return [
        {"operator_id": operator.operator_id, "skill": skill, "level": level}
        for skill, level in operator.skills.items()
    ]


def operator_of(row: Row[Any], levels: Mapping[str, int]) -> Operator:
    values = dict(row._mapping)
    values["state"] = OperatorState(values["state"])
    values["wish"] = None if values["wish"] is None else OperatorState(values["wish"])
    values["languages"] = frozenset(values["languages"].split())
    return Operator(**values, skills=levels)


def attempt_row(attempt: Attempt) -> dict[str, Any]:
    return _row(attempt)


def attempt_of(row: Row[Any]) -> Attempt:
    values = dict(row._mapping)
    values["mode"] = AttemptMode(values["mode"])
    values["step"] = AttemptStep(values["step"])
    values["outcome"] = None if values["outcome"] is None else AttemptOutcome(values["outcome"])
    return Attempt(**values)


def event_rows(happened: Iterable[QueueEvent]) -> list[dict[str, Any]]:
    """`seq` is the database's to give."""
    rows = []
    for event in happened:
        row = _row(event)
        del row["seq"]
        rows.append(row | {"values": json.dumps(dict(event.values), ensure_ascii=False)})
    return rows


def event_of(row: Row[Any]) -> QueueEvent:
    values = {key: row._mapping[events.c[key]] for key in FIELDS[QueueEvent]}
    values["what"] = What(values["what"])
    values["kind"] = None if values["kind"] is None else ContactKind(values["kind"])
    values["values"] = json.loads(values["values"])
    return QueueEvent(**values)


def literally(word: StrEnum) -> ColumnElement[str]:
    """A constant written out in the statement: only so are partial indexes found."""
    return literal_column(f"'{word.value}'", Text)


def _row(value: Any) -> dict[str, Any]:
    row = {name: getattr(value, name) for name in FIELDS[type(value)]}
    return {key: item.value if isinstance(item, StrEnum) else item for key, item in row.items()}
