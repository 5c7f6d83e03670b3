"""What is kept of a call's way to an operator: context for the operator, events for the records."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ivr.call.handoff_events import HandoffEvents
from ivr.call.turn_log import TurnLog
from ivr.clock import Clock
from ivr.errors import StoreError
from ivr.events import CallbackRequested, CallId, Event
from ivr.handoff.transfer import TransferOutcome
from ivr.storage.ports import CallStore, HandoffRecord

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class HandoffNotes:
    """One call's. Event loop only."""

    call_id: CallId
    caller_number: str
    store: CallStore
    turns: TurnLog
    publish: Callable[[Event], None]
    clock: Clock

    @property
    def intent(self) -> str:
        """What was talked about last."""
        return self.turns.intent

    @property
    def facts(self) -> Mapping[str, str]:
        """Kind of entity -> its last value."""
        return self.turns.slots

    async def save_context(self, handoff_id: str, reason: str) -> None:
        """What the operator may want to know, under this id; replaces what was there.

        One that cannot be saved is only logged: an operator without context is better than none.
        """
        record = HandoffRecord(
            handoff_id=handoff_id,
            call_id=self.call_id,
            created_at=self.clock.now(),
            caller_number=self.caller_number,
            reason=reason,
            intent=self.turns.intent,
            slots=dict(self.turns.slots),
            transcript=tuple(self.turns.lines),
        )
        try:
            await self.store.save_handoff(record)
        except StoreError as exc:
            log.error("x context not saved: %s", exc.message, extra={"action": "handoff"})

    def started(self, handoff_id: str, mode: str, target: str, reason: str) -> None:
        """An operator is being reached."""
        self._events(handoff_id, mode).started(target, reason)

    def progressed(self, handoff_id: str, mode: str, status: int, reason: str) -> None:
        """SIP status on the way."""
        self._events(handoff_id, mode).progressed(status, reason)

    def ended(self, handoff_id: str, mode: str, outcome: TransferOutcome) -> None:
        """The operator has talked to the caller, or was not reached."""
        self._events(handoff_id, mode).ended(outcome)

    def promised(self, request_id: str, number: str, reason: str) -> None:
        """A call back is on disk."""
        self.publish(
            CallbackRequested(
                call_id=self.call_id,
                at=self.clock.now(),
                request_id=request_id,
                number=number,
                reason=reason,
            )
        )

    def _events(self, handoff_id: str, mode: str) -> HandoffEvents:
        return HandoffEvents(
            publish=self.publish,
            clock=self.clock,
            call_id=self.call_id,
            handoff_id=handoff_id,
            mode=mode,
        )
