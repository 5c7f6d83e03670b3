"""Who is served next, and by whom: one decision for the queue in memory and the shared one. Pure.

The order is (rank, contact_id), the lowest first. What a caller of this module has to load is
small: contacts of one `Line` may be taken by the same operators, so only the first of each line
matters, and there are as many lines as there are skills, languages and fresh preferences, however
many contacts wait. Heads are waiting and due (`due_at <= now`). In SQL: the lowest
(rank, contact_id) grouped by the fields of `line_of`; and all available operators with those whom
the heads prefer.

`next_pair` gives one pair: plan it (or put it off, when it is a callback that may not be dialled at
this hour: `QueueRules.call_from`), replace the head of that line, tell the bench of the operator,
ask again. A caller has `ahead` of it the waiting and due contacts that come before it in the order
and that the operators of its own skill and language may take.
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from ivr.queue.model import (
    ON_DUTY,
    Contact,
    ContactKind,
    Operator,
    OperatorId,
    OperatorState,
)


class Line(NamedTuple):
    """What decides which operators may take a contact."""

    skill: str
    language: str
    overflow: str
    """Second skill, once its time has come; '' before, or without one."""
    preferred: str
    """The operator that the contact may still be waiting for; '' when for none."""
    callback: bool
    """A node may have no room for callbacks just then."""


class Bench(Protocol):
    """Operators to choose from."""

    def best(self, skill: str, language: str) -> Operator | None:
        """Of the available ones with this skill and language: the highest level of the skill, then
        whoever idles longest."""
        ...

    def known(self, operator_id: OperatorId) -> Operator | None:
        """In whatever state."""
        ...


def line_of(contact: Contact, now: float) -> Line:
    """The line that a waiting contact stands in. Changes at `overflow_at` and `preferred_until`."""
    return Line(
        contact.skill,
        contact.language,
        contact.overflow_skill if is_overflowed(contact, now) else "",
        (contact.preferred_operator or "") if now < contact.preferred_until else "",
        contact.kind is ContactKind.CALLBACK,
    )


def order_of(contact: Contact) -> tuple[float, str]:
    """Place in the one order."""
    return contact.rank, contact.contact_id


def is_overflowed(contact: Contact, now: float) -> bool:
    """Operators of the second skill may take it too."""
    return contact.overflow_at is not None and contact.overflow_at <= now


def is_able(operator: Operator, contact: Contact, now: float) -> bool:
    """Language and skill fit, or the skill of an overflow whose time has come."""
    if contact.language not in operator.languages:
        return False
    if contact.skill in operator.skills:
        return True
    return contact.overflow_skill in operator.skills and is_overflowed(contact, now)


def choose(contact: Contact, bench: Bench, now: float) -> Operator | None:
    """Who takes this contact now: the preferred operator when available; nobody while it waits for
    that one; else the best with the skill, else the best with the skill of the overflow."""
    if contact.preferred_operator is not None:
        preferred = bench.known(contact.preferred_operator)
        if preferred is not None and is_able(preferred, contact, now):
            if preferred.state is OperatorState.AVAILABLE:
                return preferred
            if now < contact.preferred_until and preferred.state in ON_DUTY:
                return None
    own = bench.best(contact.skill, contact.language)
    if own is None and contact.overflow_skill and is_overflowed(contact, now):
        return bench.best(contact.overflow_skill, contact.language)
    return own


def next_pair(
    heads: Iterable[Contact], bench: Bench, now: float
) -> tuple[Contact, Operator] | None:
    """The first contact in the one order that somebody can take now, and who takes it."""
    for contact in sorted(heads, key=order_of):
        operator = choose(contact, bench, now)
        if operator is not None:
            return contact, operator
    return None


class ListedBench:
    """Operators as a store has loaded them: some hundreds at most."""

    def __init__(self, operators: Iterable[Operator]) -> None:
        self._known = {operator.operator_id: operator for operator in operators}

    def best(self, skill: str, language: str) -> Operator | None:
        """See `Bench`."""
        fitting = (
            operator
            for operator in self._known.values()
            if operator.state is OperatorState.AVAILABLE
            and skill in operator.skills
            and language in operator.languages
        )
        return min(fitting, key=lambda operator: by_skill(operator, skill), default=None)

    def known(self, operator_id: OperatorId) -> Operator | None:
        """See `Bench`."""
        return self._known.get(operator_id)

    def put(self, operator: Operator) -> None:
        """Replace one that has changed, most often by being reserved."""
        self._known[operator.operator_id] = operator


def by_skill(operator: Operator, skill: str) -> tuple[int, float, str]:
    """The best operator for a skill has the lowest."""
    return -operator.skills[skill], operator.idle_since, operator.operator_id
