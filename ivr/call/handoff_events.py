"""The three events that tell of one way to a person, whoever goes it. Event loop only."""

from collections.abc import Callable
from dataclasses import dataclass

from ivr.clock import Clock
from ivr.events import CallId, Event, HandoffEnded, HandoffProgressed, HandoffStarted
from ivr.handoff.transfer import TransferOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffEvents:
    """Of one hand-off in one mode, for the records of the call that asked for it."""

    publish: Callable[[Event], None]
    clock: Clock
    call_id: CallId
    handoff_id: str
    mode: str

    def started(self, target: str, reason: str) -> None:
        """Somebody is being reached there, because of this."""
        self.publish(
            HandoffStarted(
                call_id=self.call_id,
                at=self.clock.now(),
                handoff_id=self.handoff_id,
                mode=self.mode,
                target=target,
                reason=reason,
            )
        )

    def progressed(self, status: int, reason: str = "") -> None:
        """SIP status on the way."""
        self.publish(
            HandoffProgressed(
                call_id=self.call_id,
                at=self.clock.now(),
                handoff_id=self.handoff_id,
                mode=self.mode,
                status=status,
                reason=reason,
            )
        )

    def ended(self, outcome: TransferOutcome) -> None:
        """They have talked, or the other was not reached."""
        self.publish(
            HandoffEnded(
                call_id=self.call_id,
                at=self.clock.now(),
                handoff_id=self.handoff_id,
                mode=self.mode,
                outcome=outcome.value,
            )
        )
