"""The contacts of the queue in memory, found by identity, number, promise, place and time."""

from collections.abc import Iterable, Iterator, Set
from itertools import chain, islice
from typing import TypeVar

from ivr.queue.lines import WaitingLines, next_change
from ivr.queue.model import Contact, ContactId, ContactKind, ContactState, NodeId
from ivr.queue.rules import QueueRules
from ivr.queue.timers import Timers
from ivr.queue.transitions import is_lost

Key = TypeVar("Key")


class ContactIndex:
    """Every change of a contact goes through `put`, which keeps all ways to find it right."""

    def __init__(self, rules: QueueRules) -> None:
        self.lines = WaitingLines()
        self._rules = rules
        self._contacts: dict[ContactId, Contact] = {}
        self._promises: dict[tuple[str, str], ContactId] = {}
        self._numbers: dict[str, set[ContactId]] = {}
        self._slots: dict[float, set[ContactId]] = {}
        """Beginning of a slot -> who has booked it, or had."""
        self._later: Timers[ContactId] = Timers()
        """Waiting, not due yet."""
        self._changes: Timers[ContactId] = Timers()
        """Waiting and due, in another line from then on."""
        self._lost: Timers[ContactId] = Timers()
        """Over, remembered until then."""

    def get(self, contact_id: ContactId) -> Contact | None:
        """None: unknown or forgotten."""
        return self._contacts.get(contact_id)

    def promised(self, contact: Contact) -> Contact | None:
        """Who has the promise for this contact's number and topic."""
        found = self._promises.get((contact.number, contact.topic))
        return None if found is None else self._contacts[found]

    def of_number(self, number: str) -> Iterator[Contact]:
        """Contacts that are to reach this number, or that were asked for from it."""
        return (self._contacts[found] for found in self._numbers.get(number, ()))

    def booked(self, slot_at: float, *, besides: ContactId) -> int:
        """How many others wait for a slot."""
        return len(self._slots.get(slot_at, set()) - {besides})

    def on_nodes(self, nodes: Set[NodeId]) -> list[Contact]:
        """Live calls that wait on lines of these nodes."""
        if not nodes:
            return []
        return [
            contact
            for contact in self._contacts.values()
            if contact.node in nodes
            and contact.state is ContactState.WAITING
            and contact.kind is ContactKind.CALL
        ]

    def everybody(self) -> Iterable[Contact]:
        """In no order."""
        return self._contacts.values()

    def waiting_count(self) -> int:
        """Due or not."""
        return len(self.lines) + len(self._later)

    def first(self, count: int) -> tuple[Contact, ...]:
        """In the order in which they will be served; those not due yet come last."""
        ids = chain(self.lines.in_order(), self._later)
        return tuple(self._contacts[contact_id] for contact_id in islice(ids, count))

    def put(self, contact: Contact, now: float, *, held: bool = False) -> None:
        """The contact is what this value says; `held` while an attempt still refers to it, however
        it has ended."""
        contact_id = contact.contact_id
        old = self._contacts.get(contact_id)
        if old is not None:
            self._take_out(old)
        self._contacts[contact_id] = contact
        self._file(contact, now)
        if not contact.is_live and not held:
            if is_lost(contact, self._rules, now):
                self._lost.set(contact_id, now + self._rules.lost_place_s)
            else:
                self._forget(contact)

    def tick(self, now: float) -> None:
        """Everybody whose time has come stands where they belong."""
        for contact_id in self._later.take(now):
            self._stand(self._contacts[contact_id], now)
        for contact_id in self._changes.take(now):
            self._stand(self._contacts[contact_id], now)
        for contact_id in self._lost.take(now):
            self._forget(self._contacts[contact_id])

    def next_at(self) -> float | None:
        """When `tick` has something to do."""
        times = (self._later.next_at(), self._changes.next_at(), self._lost.next_at())
        return min((at for at in times if at is not None), default=None)

    def _file(self, contact: Contact, now: float) -> None:
        contact_id = contact.contact_id
        for number in {contact.number, contact.caller} - {""}:
            self._numbers.setdefault(number, set()).add(contact_id)
        if contact.promise is not None:
            self._promises[contact.promise] = contact_id
        if contact.state is ContactState.WAITING:
            if contact.kind is ContactKind.CALLBACK and contact.due_at > 0:
                self._slots.setdefault(contact.place_at, set()).add(contact_id)
            if contact.due_at > now:
                self._later.set(contact_id, contact.due_at)
            else:
                self._stand(contact, now)

    def _stand(self, contact: Contact, now: float) -> None:
        self.lines.add(contact, now)
        change = next_change(contact, now)
        if change is not None:
            self._changes.set(contact.contact_id, change)

    def _take_out(self, old: Contact) -> None:
        contact_id = old.contact_id
        self.lines.discard(contact_id)
        self._later.clear(contact_id)
        self._changes.clear(contact_id)
        self._lost.clear(contact_id)
        if old.promise is not None:
            del self._promises[old.promise]
        for number in {old.number, old.caller} - {""}:
            _discard(self._numbers, number, contact_id)
        _discard(self._slots, old.place_at, contact_id)

    def _forget(self, contact: Contact) -> None:
        self._take_out(contact)
        del self._contacts[contact.contact_id]


def _discard(sets: dict[Key, set[ContactId]], key: Key, contact_id: ContactId) -> None:
    """Empty sets are dropped."""
    found = sets.get(key, set())
    found.discard(contact_id)
    if not found:
        sets.pop(key, None)
