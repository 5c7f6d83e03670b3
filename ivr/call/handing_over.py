"""What a call promises to people: an operator now, or a call back later. Event loop only.

With operators registered in the queue the caller waits there; else the one external address is
tried, by REFER first.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from ivr.call.handoff_notes import HandoffNotes
from ivr.call.in_line import InLine
from ivr.call.outside import Waiting
from ivr.dialogue.inputs import CallbackRefused, CallbackStored
from ivr.errors import StoreError
from ivr.handoff.consultation import ATTENDED, Consultation
from ivr.handoff.operator import (
    REFER,
    HandoffAttempt,
    HandoffProgress,
    OperatorHandoff,
    OperatorSettings,
)
from ivr.handoff.transfer import TransferOutcome
from ivr.handoff.whisper import summary
from ivr.sip.leg import Leg, TransferProgress
from ivr.speech.phrase import Phrase
from ivr.storage.ports import CallbackRequest

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class HandingOver:
    """One call's hand-offs and callback promises."""

    leg: Leg
    settings: OperatorSettings
    notes: HandoffNotes
    joined: Callable[[Leg], None]
    """Called with the operator's leg when it is bridged with the caller's."""
    parted: Callable[[], None]
    """Called when the operator left at once, so that the caller is the bot's again."""
    speak: Callable[[Phrase], Awaitable[bytes]]
    """For the operator's ears alone; int16 mono 8 kHz, b'' where it cannot be spoken."""
    music: bytes = b""
    """For a caller on hold; int16 mono 8 kHz."""
    line: InLine | None
    """The caller's place in the queue; None for calls without one."""
    _promised: bool = field(default=False, init=False)
    _connected: bool = field(default=False, init=False)
    _attempt: HandoffAttempt | None = field(default=None, init=False)
    _handoff_id: str = field(default="", init=False)
    _reason: str = field(default="", init=False)
    _mode: str = field(default="", init=False)
    """'refer', 'bridge' or 'attended' while an attempt runs."""

    @property
    def connected(self) -> bool:
        """An operator has talked to the caller."""
        return self._connected or (self.line is not None and self.line.connected)

    @property
    def engaged(self) -> bool:
        """The caller waits for an operator, or talks with one."""
        in_line = self.line is not None and self.line.waiting
        return self.connected or self._mode != "" or in_line

    @property
    def promised_callback(self) -> bool:
        """A call back is on disk."""
        return self._promised or (self.line is not None and self.line.promised)

    async def to_operator(self, reason: str) -> TransferOutcome | Waiting:
        """A place in the queue, or the outcome of a transfer to the external address."""
        if self.line is not None and self.line.desk.outlook.staffed:
            try:
                return await self.line.enter(reason)
            except StoreError as exc:
                if not self.settings.target:
                    raise
                log.error("x queue not reached: %s", exc.message, extra={"action": "queue"})
        if not self.settings.target:
            return TransferOutcome.FAILED
        self._handoff_id = uuid4().hex
        await self.notes.save_context(self._handoff_id, reason)
        self._reason = reason
        self._attempt = await self._make_attempt(reason)
        return await self._attempt.run(self._handoff_id)

    async def _make_attempt(self, reason: str) -> HandoffAttempt:
        leg, settings, clock = self.leg, self.settings, self.notes.clock
        if not settings.attended:
            return OperatorHandoff(leg, settings, clock, self, music=self.music)
        told = await self.speak(summary(reason, self.notes.facts))
        return Consultation(leg, settings, clock, self, summary=told, music=self.music)

    async def promise_callback(
        self, number: str, reason: str, slot: datetime | None
    ) -> CallbackStored | CallbackRefused | Waiting:
        """On disk when it returns; `StoreError` when it could not be stored."""
        if self.line is not None:
            return await self.line.promise(number, reason, slot)
        request = CallbackRequest(
            request_id=uuid4().hex,
            call_id=self.notes.call_id,
            number=number,
            reason=reason,
            requested_at=self.notes.clock.now(),
        )
        await self.notes.store.add_callback_request(request)
        self._promised = True
        self.notes.promised(request.request_id, number, reason)
        return CallbackStored(number)

    def on_progress(self, progress: TransferProgress) -> None:
        """What the caller's leg reports of the REFER."""
        # Noted at once: the BYE behind a transfer may end the call before the attempt sees this.
        # A NOTIFY of a REFER already given up says nothing of the present attempt.
        if self._mode in (REFER, ATTENDED) and progress.final and 200 <= progress.status < 300:
            self._connected = True
        if self._attempt is not None:
            self._attempt.on_progress(progress)

    def on_gone(self, *, lost: bool) -> None:
        """The caller's line is gone: an operator who is being rung is left in peace at once."""
        if self.line is not None:
            self.line.on_gone(lost=lost)

    async def close(self, *, lost: bool) -> None:
        """The call is over: nobody waits in the queue any more. `lost`: by a fault."""
        if self.line is not None:
            await self.line.close(lost=lost)

    # ---- told by the attempt

    def on_begun(self, mode: str) -> None:
        self._mode = mode
        self.notes.started(self._handoff_id, mode, self.settings.target, self._reason)

    def on_status(self, progress: HandoffProgress) -> None:
        self.notes.progressed(self._handoff_id, progress.mode, progress.status, progress.reason)

    def on_joined(self, operator: Leg) -> None:
        self._connected = True
        self.joined(operator)

    def on_ended(self, mode: str, outcome: TransferOutcome) -> None:
        if self._connected and outcome is TransferOutcome.CANCELLED:
            outcome = TransferOutcome.CONNECTED  # the caller ended a conversation, not an attempt
        left_at_once = self._connected and outcome is not TransferOutcome.CONNECTED
        self._connected = outcome is TransferOutcome.CONNECTED
        if left_at_once:
            self.parted()
        self._mode = ""
        self.notes.ended(self._handoff_id, mode, outcome)
