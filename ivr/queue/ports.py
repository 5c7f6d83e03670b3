"""The seam to the shared queue: what nodes, the dialogue and the operators' side ask of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

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
from ivr.queue.transitions import Trio


@dataclass(frozen=True, slots=True)
class Enqueued:
    """A contact with its place; `known` when the promise had been there before."""

    contact: Contact
    place: Place
    known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The whole queue at one moment, for people to look at."""

    at: float
    waiting: Sequence[Contact]
    """In the order in which they will be served; the first thousand."""
    waiting_count: int
    operators: Sequence[Operator]
    attempts: Sequence[Attempt]
    """Those that live."""
    nodes: Mapping[NodeId, float]
    """Node -> end of its lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """A conversation that is over: what the estimate of waits is made from."""

    ended_at: float
    skill: str
    operator_id: OperatorId
    reserved_s: float
    """From the reservation of the operator to the joining."""
    talk_s: float


class QueueStore(Protocol):
    """The one queue of all nodes. Coroutines of the event loop; each is one transaction that is on
    disk when it returns, and raises `StoreError` when the database fails.

    `InvalidStateError` from `ivr.queue.transitions` means that somebody else was quicker: the
    contact, the operator or the attempt is no longer in a state that the event fits.
    """

    # ---- contacts

    async def enqueue(self, contact: Contact) -> Enqueued:
        """Put a contact in its place, after `transitions.placed`. Where the number was promised a
        call for the topic (`Contact.promise`) and nobody has talked to it yet, that contact is
        returned with `known`, whether a call or a callback asks; only a live caller whose promise
        another line has taken up already (its kind is CALL) gets a place of their own.
        `SlotTakenError` when a slot is booked that has no room, here and in `become_callback`:
        counted and taken in one transaction."""
        ...

    async def contact(self, contact_id: ContactId) -> Contact | None: ...

    async def open_contacts(self, number: str) -> tuple[Contact, ...]:
        """What is owed to this number, and lines to it lost lately; the oldest first."""
        ...

    async def place(self, contact_id: ContactId) -> Place | None:
        """Position now; the estimate of the wait is filled in by `ivr.queue.waiting_time`."""
        ...

    async def told(self, place: Place) -> None:
        """The caller heard the estimate of this place: kept as an event, so that figures can hold
        it against what came of it. Nothing where the place has no estimate."""
        ...

    async def leave(self, contact_id: ContactId, *, lost: bool = False) -> bool:
        """The live caller hung up, or the line to them was `lost` and the place is kept for a
        while. False: it was over already."""
        ...

    async def cancel(self, contact_id: ContactId) -> bool: ...

    async def become_callback(
        self, contact_id: ContactId, number: str, *, slot_at: float = 0.0
    ) -> Enqueued:
        """The waiting contact keeps its place. Where `number` has a promise for the topic already,
        that one is returned with `known`, and this one gives way to it."""
        ...

    async def return_to_line(
        self, contact_id: ContactId, *, node: NodeId, call_id: str
    ) -> Enqueued:
        """`InvalidStateError` too when an ended contact's promise was made anew meanwhile."""
        ...

    # ---- attempts

    async def assign(self, node: NodeId, callbacks: int) -> tuple[Trio, ...]:
        """Match waiting contacts with available operators, in the one order.

        Each attempt is planned for the node that has to carry it out: that of the live call, or
        this one for at most `callbacks` callbacks. Returns those planned now.
        """
        ...

    async def outbox(self, node: NodeId) -> tuple[Trio, ...]:
        """Attempts planned for this node and not yet claimed, whoever planned them."""
        ...

    async def claim(self, attempt: Attempt) -> Trio | None:
        """Compare-and-set before anything is dialled; None: not to be carried out any more. When
        that is because the contact has gone (`transitions.is_wanted`), the attempt is ended here,
        and its operator is free again."""
        ...

    async def advance(self, attempt: Attempt, step: AttemptStep) -> Attempt | None:
        """Write the next step before it is acted on; None: give up at once, the contact left, was
        cancelled, or another node has taken over."""
        ...

    async def join(self, attempt: Attempt) -> Attempt | None:
        """The same for the joining of the two."""
        ...

    async def end(self, attempt: Attempt, outcome: AttemptOutcome) -> Trio | None:
        """The attempt is over; None: it had been ended before, nothing changed."""
        ...

    async def resume(self, attempt: Attempt) -> Attempt | None:
        """Its node is back and the two talk still: whatever was made of them meanwhile, they are
        connected and on call again. None while that cannot be: the operator is reserved for or
        talks to somebody else, or the caller is in the queue again."""
        ...

    # ---- operators

    async def save_operator(self, operator: Operator) -> Operator:
        """New, or name, target, skills and languages of a known one; the state stays."""
        ...

    async def remove_operator(self, operator_id: OperatorId) -> bool: ...

    async def operator(self, operator_id: OperatorId) -> Operator | None: ...

    async def log_in(self, operator_id: OperatorId) -> Operator: ...

    async def log_out(self, operator_id: OperatorId) -> Operator: ...

    async def pause(self, operator_id: OperatorId, reason: str) -> Operator: ...

    async def wrap_up_over(self, operator_id: OperatorId) -> Operator: ...

    # ---- nodes

    async def renew(self, node: NodeId) -> float:
        """Keep the node's lease: seconds it is good for from now on, by the database's clock."""
        ...

    async def recover(self, node: NodeId, *, starting: bool = False) -> tuple[Trio, ...]:
        """End what dead nodes had begun (LOST), and with `starting` what this node had begun before
        it was restarted; end wrap-ups that are over. Returns the attempts ended."""
        ...

    async def snapshot(self) -> Snapshot: ...

    # ---- what happened

    async def events(
        self, *, after: int = 0, since: float = 0.0, until: float | None = None, limit: int = 10_000
    ) -> tuple[QueueEvent, ...]:
        """In the order in which they were written; `after`: only those with a greater `seq`,
        `since` and `until`: only those of that time, the end not included."""
        ...

    async def history(
        self, *, skill: str = "", since: float = 0.0, limit: int = 500
    ) -> tuple[Handled, ...]:
        """Conversations that are over, the latest first; of any skill where it is ''."""
        ...

    async def last_operator(self, number: str) -> OperatorId | None:
        """Who talked to this number last."""
        ...

    async def spent(self, number: str, caller: str, since: float) -> Spent:
        """Dials since then and promises that were not dialled yet, for the caps of
        `ivr.queue.destinations`; of one whom nothing is known of `caller` is ''."""
        ...

    async def dialled(self, number: str, caller: str, since: float) -> Spent:
        """Only the dials of customers, retries included."""
        ...

    async def booked(self) -> Mapping[float, int]:
        """Beginning of a slot -> calls promised for it, of slots still to come."""
        ...
