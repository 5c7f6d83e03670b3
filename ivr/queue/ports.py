"""The seam to the shared queue: what nodes, the dialogue and the operators' side ask of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

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


class QueueStore(Protocol):
    """The one queue of all nodes. Coroutines of the event loop; each is one transaction that is on
    disk when it returns, and raises `StoreError` when the database fails.

    `InvalidStateError` from `ivr.queue.transitions` means that somebody else was quicker: contact,
    operator or attempt is no longer in a state that the event fits.
    """

    # ---- contacts

    async def enqueue(self, contact: Contact) -> Enqueued:
        """Put a contact in its place. A second promise for the same number and topic is not made:
        the first is returned with `known`."""
        ...

    async def contact(self, contact_id: ContactId) -> Contact | None: ...

    async def open_contacts(self, number: str) -> tuple[Contact, ...]:
        """What is owed to this number, and lines to it lost lately; the oldest first."""
        ...

    async def place(self, contact_id: ContactId) -> Place | None:
        """Position now; the estimate of the wait is filled in by `ivr.queue.waiting_time`."""
        ...

    async def leave(self, contact_id: ContactId) -> bool:
        """The live caller hung up. False: it was over already."""
        ...

    async def cancel(self, contact_id: ContactId) -> bool: ...

    async def become_callback(
        self, contact_id: ContactId, number: str, *, slot_at: float = 0.0
    ) -> Enqueued: ...

    async def return_to_line(
        self, contact_id: ContactId, *, node: NodeId, call_id: str
    ) -> Enqueued: ...

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
        """Compare-and-set before anything is dialled; None: not to be carried out any more."""
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
