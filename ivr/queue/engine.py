"""The whole queue in memory: what `ports.QueueStore` does, synchronous, with the time passed in.

It is the model that the shared store is measured against, what simulations run on, and fast: each
operation costs O(log n) in n waiting contacts. Not thread-safe; nothing here acts or reads a clock.
`now` must not go back. Contacts that have ended are forgotten, those whose line a fault cut after
`lost_place_s`.
"""

from collections.abc import Callable, Iterable

from ivr.queue import lost_talks, transitions
from ivr.queue.attempts import Attempts
from ivr.queue.index import ContactIndex
from ivr.queue.matching import next_pair
from ivr.queue.model import (
    Attempt,
    AttemptOutcome,
    AttemptStep,
    Contact,
    ContactId,
    ContactKind,
    ContactState,
    NodeId,
    Place,
)
from ivr.queue.places import place_of
from ivr.queue.ports import Enqueued, Snapshot
from ivr.queue.rules import QueueRules
from ivr.queue.staff import Staff
from ivr.queue.transitions import InvalidStateError, SlotTakenError, Trio

SHOWN = 1000
"""Waiting contacts of a snapshot."""


class QueueEngine:
    """Contacts, operators (`staff`) and attempts, each event all or nothing."""

    def __init__(self, rules: QueueRules) -> None:
        self.rules = rules
        self.staff = Staff()
        self._index = ContactIndex(rules)
        self._attempts = Attempts()
        self._leases: dict[NodeId, float] = {}

    # ---- contacts

    def enqueue(self, contact: Contact, now: float) -> Enqueued:
        """Put a contact in its place, or find what the number was promised for the topic."""
        again = self._index.get(contact.contact_id)
        if again is not None:
            return self._enqueued(again, now, known=True)
        contact = transitions.placed(contact, self.rules)
        known = self._index.promised(contact)
        on_line = known is not None and known.kind is not ContactKind.CALLBACK
        if known is not None and not (on_line and contact.kind is not ContactKind.CALLBACK):
            return self._enqueued(known, now, known=True)
        self._require_room(contact, now)
        self._index.put(contact, now)
        return self._enqueued(contact, now, known=False)

    def contact(self, contact_id: ContactId) -> Contact | None:
        """None: unknown, or over and forgotten."""
        return self._index.get(contact_id)

    def open_contacts(self, number: str, now: float) -> tuple[Contact, ...]:
        """What is owed to this number, and lines to it lost lately; the oldest first."""
        self._index.tick(now)
        found = (
            contact
            for contact in self._index.of_number(number)
            if contact.is_live or transitions.is_lost(contact, self.rules, now)
        )
        return tuple(sorted(found, key=lambda c: (c.first_promised_at, c.contact_id)))

    def place(self, contact_id: ContactId, now: float) -> Place | None:
        """Position now, without the estimate of the wait."""
        self._index.tick(now)
        contact = self._index.get(contact_id)
        if contact is None or not contact.is_live:
            return None
        waiting = contact.state is ContactState.WAITING
        return place_of(
            contact,
            self.rules,
            now,
            ahead=self._index.lines.ahead(contact) if waiting else 0,
            operators=self.staff.on_duty((contact.skill, contact.language)),
        )

    def leave(self, contact_id: ContactId, now: float) -> bool:
        """The live caller hung up. False: it was over already."""
        return self._try(contact_id, transitions.leave, now)

    def cancel(self, contact_id: ContactId, now: float) -> bool:
        """The promise is taken back. False: it was over already, or they are talking."""
        return self._try(contact_id, transitions.cancel, now)

    def become_callback(
        self, contact_id: ContactId, number: str, now: float, *, slot_at: float = 0.0
    ) -> Enqueued:
        """The waiting contact keeps its place as a callback, or gives way to the promise that
        `number` has for the topic already."""
        contact = self._known(contact_id)
        changed = transitions.become_callback(contact, number, self.rules, now, slot_at=slot_at)
        other = self._index.promised(changed)
        if other is not None and other.contact_id != contact_id:
            self._index.put(transitions.give_way(contact, now), now)
            return self._enqueued(other, now, known=True)
        self._require_room(changed, now)
        self._index.put(changed, now)
        return self._enqueued(changed, now, known=False)

    def return_to_line(
        self, contact_id: ContactId, now: float, *, node: NodeId, call_id: str
    ) -> Enqueued:
        """Somebody with a promise, or whose line was lost, waits on the line of this call."""
        contact = self._known(contact_id)
        changed = transitions.return_to_line(contact, self.rules, now, node=node, call_id=call_id)
        other = self._index.promised(changed)
        if other is not None and other.contact_id != contact_id:
            raise InvalidStateError("return to the line", "promised anew")
        self._index.put(changed, now)
        return self._enqueued(changed, now, known=True)

    # ---- attempts

    def assign(self, node: NodeId, callbacks: int, now: float) -> tuple[Trio, ...]:
        """Match waiting contacts with available operators in the one order; at most `callbacks`
        callbacks, which this node is to carry out."""
        self.tick(now)
        planned: list[Trio] = []
        while pools := self.staff.open_pools():
            ids = self._index.lines.heads(pools, callbacks=callbacks > 0)
            pair = next_pair(map(self._known, ids), self.staff, now)
            if pair is None:
                break
            contact, operator = pair
            if contact.kind is ContactKind.CALLBACK:
                allowed_at = self.rules.call_from(contact.number, now)
                if allowed_at > now:
                    self._index.put(transitions.put_off(contact, allowed_at), now)
                    continue
                callbacks -= 1
            trio = transitions.plan(
                contact,
                operator,
                attempt_id=self._attempts.new_id(),
                node=contact.node or node,
                rules=self.rules,
                now=now,
            )
            self._put(trio, now)
            planned.append(trio)
        return tuple(planned)

    def outbox(self, node: NodeId) -> tuple[Trio, ...]:
        """Attempts planned for this node and not yet claimed."""
        return tuple(self._trio(attempt) for attempt in self._attempts.planned(node))

    def claim(self, attempt: Attempt, now: float) -> Trio | None:
        """Before anything is dialled; None: not to be carried out any more, and ended if it was
        not, so that the operator is free again."""
        moved = self._moved(attempt, AttemptStep.CLAIMED)
        if moved is None:
            self._end_unwanted(attempt, now)
            return None
        self._attempts.put(moved)
        return self._trio(moved)

    def advance(self, attempt: Attempt, step: AttemptStep) -> Attempt | None:
        """The next step, before it is acted on; None: give up at once, then `end`."""
        moved = self._moved(attempt, step)
        if moved is not None:
            self._attempts.put(moved)
        return moved

    def join(self, attempt: Attempt, now: float) -> Attempt | None:
        """Contact and operator hear each other; None: give up at once, then `end`."""
        current = self._attempts.get(attempt.attempt_id)
        if current is None:
            return None
        trio = self._trio(current)
        if not transitions.is_wanted(trio.contact, current):
            return None
        joined = transitions.join(trio, now)
        self._put(joined, now)
        return joined.attempt

    def end(self, attempt: Attempt, outcome: AttemptOutcome, now: float) -> Trio | None:
        """The attempt is over; None: it had been ended before."""
        current = self._attempts.get(attempt.attempt_id)
        if current is None:
            return None
        ended = transitions.end(self._trio(current), outcome, self.rules, now)
        return self._put_ended(ended, now)

    def resume(self, attempt: Attempt, now: float) -> Attempt | None:
        """The two talk still, whatever was made of them while their node was out of sight; None:
        that cannot be had, at least not now."""
        self.tick(now)
        current = self._attempts.get(attempt.attempt_id)
        if current is not None:
            return current if current.step is AttemptStep.JOINED else None
        lost = self._attempts.lost_talk(attempt.attempt_id, attempt.operator_id)
        contact, operator = self.contact(attempt.contact_id), self.staff.known(attempt.operator_id)
        if lost is None or contact is None or operator is None:
            return None
        try:
            resumed = lost_talks.resume(Trio(contact, operator, lost), self.rules, now)
        except InvalidStateError:
            return None
        self._put(resumed, now)
        return resumed.attempt

    # ---- nodes and time

    def renew(self, node: NodeId, now: float) -> float:
        """Seconds that the node's lease is good for."""
        self._leases[node] = now + self.rules.lease_s
        return self.rules.lease_s

    def recover(self, node: NodeId, now: float, *, starting: bool = False) -> tuple[Trio, ...]:
        """End what nodes had begun whose lease has been over for `lease_grace_s`, and lines that
        hung on them; with `starting` this node's own too."""
        self.tick(now)
        until = now - self.rules.lease_grace_s
        dead = {name for name, end in self._leases.items() if end < until}
        dead |= {node} if starting else set()
        ended = [
            self._lost(attempt, now, seen=starting and attempt.node == node)
            for attempt in self._attempts.of_nodes(dead)
        ]
        for contact in self._index.on_nodes(dead):
            self._index.put(transitions.lose(contact, now), now)
        for name in dead - {node}:
            del self._leases[name]
        return tuple(ended)

    def tick(self, now: float) -> None:
        """Everything whose time has come: wrap-ups over, contacts due or in another line."""
        self.staff.tick(now)
        self._index.tick(now)

    def next_at(self) -> float | None:
        """When `tick` has something to do; None: never, unless something happens."""
        times = (self.staff.next_at(), self._index.next_at())
        return min((at for at in times if at is not None), default=None)

    def snapshot(self, now: float) -> Snapshot:
        """The whole queue, for people to look at."""
        self.tick(now)
        return Snapshot(
            at=now,
            waiting=self._index.first(SHOWN),
            waiting_count=self._index.waiting_count(),
            operators=tuple(self.staff),
            attempts=self._attempts.live(),
            nodes=dict(self._leases),
        )

    def contacts(self) -> Iterable[Contact]:
        """Everybody still remembered."""
        return self._index.everybody()

    def waiting_count(self) -> int:
        """Contacts that wait, due or not."""
        return self._index.waiting_count()

    # ---- inside

    def _require_room(self, contact: Contact, now: float) -> None:
        slot_at, room = transitions.booked_slot(contact, now), self.rules.slot_calls
        if slot_at is None or room is None:
            return
        if self._index.booked(slot_at, besides=contact.contact_id) >= room:
            raise SlotTakenError(slot_at)

    def _lost(self, attempt: Attempt, now: float, *, seen: bool) -> Trio:
        """The end of what a node had begun; `seen`: by itself, after all its legs were gone."""
        trio = self._trio(attempt)
        if seen:
            ended = transitions.end(trio, AttemptOutcome.LOST, self.rules, now)
        else:
            ended = lost_talks.lose_sight(trio, self.rules, now)
        ended = self._put_ended(ended, now)
        if ended.operator.lost_talk == attempt.attempt_id:
            self._attempts.lose(ended.attempt)
        return ended

    def _put_ended(self, ended: Trio, now: float) -> Trio:
        other = self._index.promised(ended.contact)
        if ended.contact.promise and other and other.contact_id != ended.contact.contact_id:
            # Promised anew while the two seemed to talk.
            ended = Trio(transitions.give_way(ended.contact, now), ended.operator, ended.attempt)
        self._put(ended, now)
        return ended

    def _try(
        self, contact_id: ContactId, change: Callable[[Contact, float], Contact], now: float
    ) -> bool:
        contact = self._index.get(contact_id)
        try:
            changed = None if contact is None else change(contact, now)
        except InvalidStateError:
            return False
        if changed is not None:
            held = self._attempts.of_contact(contact_id) is not None
            self._index.put(changed, now, held=held)
        return changed is not None

    def _moved(self, attempt: Attempt, step: AttemptStep) -> Attempt | None:
        """What the attempt becomes; None when it, or somebody behind it, is no longer there."""
        current = self._attempts.get(attempt.attempt_id)
        if current is None or current.step is not attempt.step:
            return None
        if not transitions.is_wanted(self._known(current.contact_id), current):
            return None
        return transitions.advance(current, step)

    def _end_unwanted(self, attempt: Attempt, now: float) -> None:
        current = self._attempts.get(attempt.attempt_id)
        if current is not None and current.step is AttemptStep.PLANNED:
            cancelled = self._known(current.contact_id).state is ContactState.CANCELLED
            outcome = AttemptOutcome.CANCELLED if cancelled else AttemptOutcome.CALLER_LEFT
            self.end(current, outcome, now)

    def _put(self, trio: Trio, now: float) -> None:
        self._attempts.put(trio.attempt)
        self.staff.put(trio.operator)
        self._index.put(trio.contact, now, held=trio.attempt.is_live)

    def _trio(self, attempt: Attempt) -> Trio:
        operator = self.staff.known(attempt.operator_id)
        assert operator is not None
        return Trio(self._known(attempt.contact_id), operator, attempt)

    def _known(self, contact_id: ContactId) -> Contact:
        contact = self._index.get(contact_id)
        if contact is None:
            raise InvalidStateError("an event for a contact", "over")
        return contact

    def _enqueued(self, contact: Contact, now: float, *, known: bool) -> Enqueued:
        place = self.place(contact.contact_id, now)
        if place is None:
            raise InvalidStateError("a place", "over")
        return Enqueued(contact, place, known)
