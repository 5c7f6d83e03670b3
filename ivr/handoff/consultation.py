"""Carries an attended transfer out on real legs: consult, brief, replace or bridge. Event loop."""

import asyncio
import contextlib
import logging
from typing import Final

from ivr.audio.tones import ringback
from ivr.clock import Clock
from ivr.errors import AudioError, SipError
from ivr.handoff.attended import Attended, AttendedState
from ivr.handoff.dialling import release
from ivr.handoff.operator import (
    UNKNOWN_STATUS,
    HandoffAttempt,
    HandoffListener,
    HandoffProgress,
    OperatorSettings,
)
from ivr.handoff.talk import playing, talk
from ivr.handoff.transfer import TransferOutcome
from ivr.sip.leg import (
    Answered,
    Disconnected,
    Dtmf,
    Leg,
    LegEvent,
    PlaybackFinished,
    Ringing,
    TransferProgress,
)

log = logging.getLogger(__name__)

ATTENDED: Final = "attended"
RINGBACK_S: Final = 5.0
"""One period of the ringing tone, for a caller without music."""


class Consultation(HandoffAttempt):
    """The operator is asked first, alone."""

    def __init__(
        self,
        leg: Leg,
        settings: OperatorSettings,
        clock: Clock,
        listener: HandoffListener,
        *,
        summary: bytes = b"",
        music: bytes = b"",
    ) -> None:
        """`summary`: what the operator is told alone, `music`: what the caller hears meanwhile and
        on hold; int16 mono 8 kHz."""
        super().__init__(leg, settings, clock, listener, music=music)
        self._summary = summary

    async def run(self, handoff_id: str) -> TransferOutcome:
        """See `HandoffAttempt`."""
        self._listener.on_begun(ATTENDED)
        outcome = TransferOutcome.CANCELLED
        try:
            outcome = (await self._consult(handoff_id)).outcome
            return outcome
        finally:
            self._listener.on_ended(ATTENDED, outcome)

    async def _consult(self, handoff_id: str) -> Attended:
        settings = self._settings
        transfer = Attended.begun(
            self._clock.monotonic(),
            refer=settings.refer,
            dial_timeout_s=settings.dial_timeout_s,
            briefing_s=settings.briefing_s,
            refer_timeout_s=settings.refer_timeout_s,
        )
        operator = await self._dial_operator(handoff_id)
        if operator is None:
            return transfer.on_operator_left(self._clock.monotonic(), UNKNOWN_STATUS)
        pump = asyncio.create_task(self._pump(operator))
        try:
            async with playing(self._leg, self._music or ringback(RINGBACK_S)):
                transfer = await self._until_over(transfer, operator)
            if transfer.state is AttendedState.BRIDGED:
                transfer = await self._talk(transfer, operator)
        except (SipError, AudioError) as exc:
            log.error("x not joined: %s", exc.message, extra={"action": "bridge"})
            transfer = transfer.on_bridge_failed(UNKNOWN_STATUS)
        finally:
            await release(operator)
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
        return transfer

    async def _talk(self, transfer: Attended, operator: Leg) -> Attended:
        await self._leg.bridge(operator)
        self._listener.on_joined(operator)
        await talk(self._leg, operator, self._inbox.get, self._music)
        return transfer.on_operator_left(self._clock.monotonic(), 0)

    async def _until_over(self, transfer: Attended, operator: Leg) -> Attended:
        while not transfer.over:
            before = transfer.state
            wait_s = max(0.0, transfer.deadline - self._clock.monotonic())
            try:
                async with asyncio.timeout(wait_s):
                    event = await self._inbox.get()
            except TimeoutError:
                transfer = transfer.on_deadline(self._clock.monotonic())
            else:
                transfer = self._after(transfer, event, operator)
            if transfer.state is AttendedState.REFERRING is not before:
                operator.stop_playback()
                await self._refer(operator)
        return transfer

    def _after(self, transfer: Attended, event: LegEvent, operator: Leg) -> Attended:
        now = self._clock.monotonic()
        match event:
            case Ringing(status=status):
                self._told(status, "Ringing")
            case Answered():
                self._told(200, "OK")
                transfer = transfer.on_answered(now)
                if not self._summary:
                    return transfer.on_briefed(now)
                operator.play(self._summary)
            case PlaybackFinished() | Dtmf() if transfer.state is AttendedState.BRIEFING:
                operator.stop_playback()  # by a key the operator skips the rest
                transfer = transfer.on_briefed(now)
            case TransferProgress(status=status, reason=reason, final=final):
                self._told(status, reason)
                transfer = transfer.on_refer_progress(now, status, final=final)
            case Disconnected(cause=cause):
                self._told(cause.status, cause.reason)
                transfer = transfer.on_operator_left(now, cause.status)
            case _:
                pass
        return transfer

    async def _refer(self, operator: Leg) -> None:
        try:
            await self._leg.refer_replacing(operator)
        except SipError as exc:
            log.warning("x REFER not sent: %s", exc.message, extra={"action": "refer"})
            self._inbox.put_nowait(TransferProgress(UNKNOWN_STATUS, exc.message, final=True))

    async def _pump(self, operator: Leg) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                event = await operator.next_event()
                self._inbox.put_nowait(event)
                if isinstance(event, Disconnected):
                    return

    def _told(self, status: int, reason: str) -> None:
        self._listener.on_status(HandoffProgress(mode=ATTENDED, status=status, reason=reason))
