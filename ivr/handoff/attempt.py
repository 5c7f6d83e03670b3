"""One attempt of the queue as this node carries it out: each step is written before it is acted on.

Event loop only. Nothing is dialled, bridged or told for an attempt whose step could not be written:
the contact may have left, or another node may have taken over meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ivr.queue.model import AttemptMode, AttemptOutcome, AttemptStep
from ivr.queue.ports import QueueStore
from ivr.queue.transitions import Trio


class AttemptOverError(Exception):
    """Leaves an attempt from wherever it is; not a fault. Everything dialled is released."""

    def __init__(self, outcome: AttemptOutcome) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome


@dataclass(slots=True)
class LiveAttempt:
    """Contact, operator and attempt after the last step that was written."""

    queue: QueueStore
    trio: Trio
    may_act: Callable[[], bool]
    """The node's lease is good. Asked after every write: a process that was stopped meanwhile must
    not act on what it had written before."""
    joining: bool = False
    """The join is being written, or is: whether it came to be is not known before the answer."""

    async def claim(self) -> None:
        """Before anything else; `AttemptOverError` when it is not to be carried out any more."""
        trio = await self.queue.claim(self.trio.attempt)
        if trio is None:
            raise AttemptOverError(self.outcome_of_fence)
        self.trio = trio
        self._require_lease()

    async def advance(self, step: AttemptStep) -> None:
        """Write that this step comes now; `AttemptOverError` when somebody else was quicker."""
        attempt = await self.queue.advance(self.trio.attempt, step)
        if attempt is None:
            raise AttemptOverError(self.outcome_of_fence)
        self.trio = Trio(self.trio.contact, self.trio.operator, attempt)
        self._require_lease()

    async def join(self) -> None:
        """Write that the two are about to hear each other."""
        self.joining = True
        attempt = await self.queue.join(self.trio.attempt)
        if attempt is None:
            self.joining = False
            raise AttemptOverError(self.outcome_of_fence)
        self.trio = Trio(self.trio.contact, self.trio.operator, attempt)
        self._require_lease()

    @property
    def is_callback(self) -> bool:
        """The customer is called, too."""
        return self.trio.attempt.mode is not AttemptMode.DELIVERY

    @property
    def is_joined(self) -> bool:
        return self.trio.attempt.step is AttemptStep.JOINED

    @property
    def outcome_of_fence(self) -> AttemptOutcome:
        """What to say of an attempt that lost its contact: only a caller leaves a live one."""
        return AttemptOutcome.CANCELLED if self.is_callback else AttemptOutcome.CALLER_LEFT

    @property
    def outcome_of_fault(self) -> AttemptOutcome:
        """What to say when something on our side broke. Where the two may be written as joined they
        have not talked: LOST, which lets the customer take the old place again."""
        return AttemptOutcome.LOST if self.joining else AttemptOutcome.NODE_FAILED

    def _require_lease(self) -> None:
        """Somebody else may be carrying it out by now, or may soon."""
        if not self.may_act():
            raise AttemptOverError(self.outcome_of_fault)
