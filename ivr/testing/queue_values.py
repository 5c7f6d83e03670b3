"""Contacts and operators with few words, for tests, benchmarks and simulations."""

from typing import Any

from ivr.queue.model import (
    DEFAULT_SKILL,
    Contact,
    ContactId,
    ContactKind,
    NodeId,
    Operator,
    OperatorId,
    OperatorState,
)
from ivr.queue.rules import QueueRules
from ivr.queue.transitions import placed

NODE = NodeId("node-a")
RULES = QueueRules()


def a_contact(
    name: str = "c1",
    at: float = 0.0,
    kind: ContactKind = ContactKind.CALL,
    rules: QueueRules = RULES,
    **fields: Any,
) -> Contact:
    """A contact whose place is at `at` seconds, ready to be enqueued."""
    values: dict[str, Any] = {
        "number": "9031234567",
        "topic": "operator",
        "node": NodeId("") if kind is ContactKind.CALLBACK else NODE,
        "call_id": f"call-{name}",
        "place_at": at,
        **fields,
    }
    contact = Contact(contact_id=ContactId(name), kind=kind, first_promised_at=at, **values)
    return placed(contact, rules)


def an_operator(
    name: str = "o1", state: OperatorState = OperatorState.AVAILABLE, **fields: Any
) -> Operator:
    """An operator with one skill."""
    values: dict[str, Any] = {
        "target": f"sip:{name}@operators.test",
        "skills": {DEFAULT_SKILL: 1},
        **fields,
    }
    return Operator(operator_id=OperatorId(name), state=state, **values)
