"""Contacts that wait and are due, in the one order: the first and the place are found fast.

Sorted lists, one for each `Line` of `ivr.queue.matching`: adding, removing and finding a place
costs O(log n) comparisons in n waiting contacts, the first of a line O(1). Not thread-safe.
"""

from collections.abc import Iterable, Iterator
from heapq import merge

from sortedcontainers import SortedList

from ivr.queue.matching import Line, is_overflowed, line_of, order_of
from ivr.queue.model import Contact, ContactId

Order = tuple[float, str]
Pool = tuple[str, str]
"""Skill and language: operators that have both."""


class WaitingLines:
    """The lines and who stands in them."""

    def __init__(self) -> None:
        self._lines: dict[Line, SortedList[Order]] = {}
        self._by_pool: dict[Pool, set[Line]] = {}
        self._stands: dict[ContactId, tuple[Line, Order]] = {}

    def __len__(self) -> int:
        return len(self._stands)

    def add(self, contact: Contact, now: float) -> None:
        """The contact stands in the line that it belongs to at this time, and in that one only."""
        self.discard(contact.contact_id)
        line, order = line_of(contact, now), order_of(contact)
        self._stands[contact.contact_id] = line, order
        standing = self._lines.get(line)
        if standing is None:
            standing = self._lines[line] = SortedList()
            for pool in _pools(line):
                self._by_pool.setdefault(pool, set()).add(line)
        standing.add(order)

    def discard(self, contact_id: ContactId) -> None:
        """The contact stands nowhere any more; nothing happens when it did not."""
        stood = self._stands.pop(contact_id, None)
        if stood is None:
            return
        line, order = stood
        standing = self._lines[line]
        standing.remove(order)
        if not standing:
            del self._lines[line]
            for pool in _pools(line):
                self._by_pool[pool].discard(line)

    def heads(self, pools: Iterable[Pool], *, callbacks: bool) -> list[ContactId]:
        """The first of every line that operators of these pools may take; without `callbacks` those
        of live lines only."""
        lines = {line for pool in pools for line in self._by_pool.get(pool, ())}
        return [
            ContactId(self._lines[line][0][1]) for line in lines if callbacks or not line.callback
        ]

    def ahead(self, contact: Contact) -> int:
        """Those before it whom operators of its own skill and language may take."""
        order = order_of(contact)
        lines = self._by_pool.get((contact.skill, contact.language), ())
        return sum(self._lines[line].bisect_left(order) for line in lines)

    def in_order(self) -> Iterator[ContactId]:
        """Everybody, the first first."""
        return (ContactId(contact_id) for _, contact_id in merge(*self._lines.values()))


def next_change(contact: Contact, now: float) -> float | None:
    """When a due contact has to change its line: preference over, overflow begun."""
    times = []
    if contact.overflow_at is not None and not is_overflowed(contact, now):
        times.append(contact.overflow_at)
    if contact.preferred_operator is not None and contact.preferred_until > now:
        times.append(contact.preferred_until)
    return min(times, default=None)


def _pools(line: Line) -> tuple[Pool, ...]:
    own = line.skill, line.language
    return (own, (line.overflow, line.language)) if line.overflow else (own,)
