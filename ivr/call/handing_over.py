"""What a call promises to people: an operator now, or a call back later. Event loop only."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from ivr.call.turn_log import TurnLog
from ivr.clock import Clock
from ivr.dialogue.inputs import CallbackStored
from ivr.errors import StoreError
from ivr.events import (
    CallbackRequested,
    CallId,
    Event,
    HandoffEnded,
    HandoffProgressed,
    HandoffStarted,
)
from ivr.handoff.operator import REFER, HandoffProgress, OperatorHandoff, OperatorSettings
from ivr.handoff.transfer import TransferOutcome
from ivr.sip.leg import Leg, TransferProgress
from ivr.storage.ports import CallbackRequest, CallStore, HandoffRecord

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class HandingOver:
    """One call's hand-offs and callback promises."""

    call_id: CallId
    leg: Leg
    caller_number: str
    settings: OperatorSettings
    store: CallStore
    turns: TurnLog
    publish: Callable[[Event], None]
    clock: Clock
    joined: Callable[[Leg], None]
    """Called with the operator's leg when it is bridged with the caller's."""
    promised_callback: bool = field(default=False, init=False)
    connected: bool = field(default=False, init=False)
    _attempt: OperatorHandoff | None = field(default=None, init=False)
    _handoff_id: str = field(default="", init=False)
    _reason: str = field(default="", init=False)
    _mode: str = field(default="", init=False)
    """'refer' or 'bridge' while an attempt runs."""

    async def to_operator(self, reason: str) -> TransferOutcome:
        """Save what the operator may want to know, then connect. Publishes each step."""
        if not self.settings.target:
            return TransferOutcome.FAILED
        self._handoff_id = uuid4().hex
        await self._save_context(reason)
        self._reason = reason
        self._attempt = OperatorHandoff(self.leg, self.settings, self.clock, self)
        return await self._attempt.run(self._handoff_id)

    async def promise_callback(
        self, number: str, reason: str, _slot: datetime | None
    ) -> CallbackStored:
        """On disk when it returns; `StoreError` when it could not be stored."""
        request = CallbackRequest(
            request_id=uuid4().hex,
            call_id=self.call_id,
            number=number,
            reason=reason,
            requested_at=self.clock.now(),
        )
        await self.store.add_callback_request(request)
        self.promised_callback = True
        self.publish(
            CallbackRequested(
                call_id=self.call_id,
                at=request.requested_at,
                request_id=request.request_id,
                number=number,
                reason=reason,
            )
        )
        return CallbackStored(number)

    def on_progress(self, progress: TransferProgress) -> None:
        """What the caller's leg reports of the REFER."""
        # Noted at once: the BYE behind a transfer may end the call before the attempt sees this.
        # A NOTIFY of a REFER already given up says nothing of the present attempt.
        if self._mode == REFER and progress.final and 200 <= progress.status < 300:
            self.connected = True
        if self._attempt is not None:
            self._attempt.on_progress(progress)

    async def _save_context(self, reason: str) -> None:
        record = HandoffRecord(
            handoff_id=self._handoff_id,
            call_id=self.call_id,
            created_at=self.clock.now(),
            caller_number=self.caller_number or self.leg.identity.ani,
            reason=reason,
            intent=self.turns.intent,
            slots=dict(self.turns.slots),
            transcript=tuple(self.turns.lines),
        )
        try:
            await self.store.save_handoff(record)
        except StoreError as exc:
            # The caller wants a person: an operator without context is better than none.
            log.error("x context not saved: %s", exc.message, extra={"action": "handoff"})

    # ---- told by the attempt

    def on_begun(self, mode: str) -> None:
        self._mode = mode
        self.publish(
            HandoffStarted(
                call_id=self.call_id,
                at=self.clock.now(),
                handoff_id=self._handoff_id,
                mode=mode,
                target=self.settings.target,
                reason=self._reason,
            )
        )

    def on_status(self, progress: HandoffProgress) -> None:
        self.publish(
            HandoffProgressed(
                call_id=self.call_id,
                at=self.clock.now(),
                handoff_id=self._handoff_id,
                mode=progress.mode,
                status=progress.status,
                reason=progress.reason,
            )
        )

    def on_joined(self, operator: Leg) -> None:
        self.connected = True
        self.joined(operator)

    def on_ended(self, mode: str, outcome: TransferOutcome) -> None:
        if self.connected and outcome is TransferOutcome.CANCELLED:
            outcome = TransferOutcome.CONNECTED  # the caller ended a conversation, not an attempt
        self.connected = self.connected or outcome is TransferOutcome.CONNECTED
        self._mode = ""
        self.publish(
            HandoffEnded(
                call_id=self.call_id,
                at=self.clock.now(),
                handoff_id=self._handoff_id,
                mode=mode,
                outcome=outcome.value,
            )
        )
