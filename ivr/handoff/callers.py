"""Callers who wait on the line of this node, as deliveries find them. Event loop only."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ivr.queue.model import AttemptOutcome, ContactId
from ivr.sip.leg import Leg


class WaitingCaller(Protocol):
    """A call whose caller waits in the queue."""

    @property
    def leg(self) -> Leg: ...

    @property
    def handoff_id(self) -> str:
        """Where the operator finds what is known of the call."""
        ...

    @property
    def facts(self) -> Mapping[str, str]:
        """Kind of entity -> its last value."""
        ...

    def on_ringing(self, target: str) -> None:
        """An operator's phone is being dialled."""
        ...

    def on_status(self, status: int) -> None:
        """SIP status of the operator's leg."""
        ...

    def summon(self) -> Awaitable[None]:
        """An operator is on the line: done when the conversation has said so and steps back."""
        ...

    def on_joined(self, operator: Leg) -> None:
        """Both hear each other."""
        ...

    def on_over(self, outcome: AttemptOutcome) -> None:
        """The attempt has ended, however; told once, after `on_ringing`."""
        ...

    def gone(self) -> Awaitable[AttemptOutcome]:
        """Done when the caller's line is gone: CALLER_LEFT, or LOST by a fault."""
        ...


@dataclass(slots=True)
class WaitingCallers:
    """The register of them, by what they are called in the queue."""

    _callers: dict[ContactId, WaitingCaller] = field(default_factory=dict)

    def add(self, contact_id: ContactId, caller: WaitingCaller) -> None:
        self._callers[contact_id] = caller

    def remove(self, contact_id: ContactId) -> None:
        self._callers.pop(contact_id, None)

    def get(self, contact_id: ContactId) -> WaitingCaller | None:
        return self._callers.get(contact_id)
