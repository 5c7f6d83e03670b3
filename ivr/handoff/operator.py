"""Carries a hand-off out on real legs: REFER, then dial and bridge. Event loop only."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from ivr.audio.tones import ringback
from ivr.clock import Clock
from ivr.errors import AudioError, SipError
from ivr.handoff.dialling import release
from ivr.handoff.talk import talk
from ivr.handoff.transfer import Transfer, TransferOutcome, TransferState, outcome_of_status
from ivr.sip.leg import Answered, Disconnected, Leg, LegEvent, Ringing, TransferProgress

log = logging.getLogger(__name__)

REFER = "refer"
BRIDGE = "bridge"

RINGBACK_LIMIT_S = 50.0
"""The playback ring holds 60 s; whoever rings longer than this has heard the tone long enough."""
UNKNOWN_STATUS = 500
EXPIRES_LATER_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSettings:
    """Where operators are and how long they may take, seconds."""

    target: str
    refer: bool
    refer_timeout_s: float
    dial_timeout_s: float
    attended: bool = False
    """Ask the operator before the caller is handed over."""
    briefing_s: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffProgress:
    """Something to record: mode 'refer' or 'bridge', SIP status and its text."""

    mode: str
    status: int
    reason: str


def context_headers(handoff_id: str) -> dict[str, str]:
    """Tells the operator's side where the context is (RFC 7433)."""
    return {"User-to-User": f"{handoff_id};encoding=hex"}


def lifetime(ring_s: float) -> dict[str, str]:
    """Ends the ringing of a phone that honours it (RFC 3261 section 13.3.1) even should the whole
    machine be gone by then; ordinarily our CANCEL comes first."""
    return {"Expires": str(rings_on_s(ring_s))}


def rings_on_s(ring_s: float) -> int:
    """How long a phone may ring when nobody is left to end it."""
    return round(ring_s) + EXPIRES_LATER_S


class HandoffListener(Protocol):
    """Who is told, on the event loop. Every `on_begun` is followed by one `on_ended`."""

    def on_begun(self, mode: str) -> None: ...

    def on_status(self, progress: HandoffProgress) -> None: ...

    def on_joined(self, operator: Leg) -> None:
        """The operator's leg is bridged with the caller's; it may yet leave at once, which
        `on_ended` then tells by an outcome that is not CONNECTED."""
        ...

    def on_ended(self, mode: str, outcome: TransferOutcome) -> None: ...


class HandoffAttempt(ABC):
    """One attempt to connect the caller with the operator at the one external address."""

    def __init__(
        self,
        leg: Leg,
        settings: OperatorSettings,
        clock: Clock,
        listener: HandoffListener,
        *,
        music: bytes = b"",
    ) -> None:
        """`music`: int16 mono 8 kHz, looped for a caller whom the operator puts on hold."""
        self._music = music
        self._leg = leg
        self._settings = settings
        self._clock = clock
        self._listener = listener
        self._inbox: asyncio.Queue[LegEvent] = asyncio.Queue()
        """What the caller's leg reports of the REFER, and whatever else the attempt waits for."""

    @abstractmethod
    async def run(self, handoff_id: str) -> TransferOutcome:
        """Until an operator has taken and, when bridged, finished the call, or nobody took it.

        When it returns CONNECTED after a REFER, the caller's leg is to be hung up by the session.
        Cancelling it releases the operator's leg.
        """

    def on_progress(self, progress: TransferProgress) -> None:
        """The session passes on what the caller's leg reports of the REFER."""
        self._inbox.put_nowait(progress)

    async def _dial_operator(self, handoff_id: str) -> Leg | None:
        """The operator's leg, beside the caller's; None, and logged, where there is none."""
        ring_s = self._settings.dial_timeout_s
        try:
            return await self._leg.dial_beside(
                self._settings.target,
                headers=context_headers(handoff_id) | lifetime(ring_s),
                caller=self._leg.identity.ani,
            )
        except SipError as exc:
            log.warning("x operator not dialled: %s", exc.message, extra={"action": "dial"})
            return None


class OperatorHandoff(HandoffAttempt):
    """REFER where it is wanted, else an operator's leg of our own that is bridged."""

    async def run(self, handoff_id: str) -> TransferOutcome:
        """See `HandoffAttempt`; a REFER that fails leads to the bridge."""
        transfer = Transfer.begun(
            self._clock.monotonic(),
            refer=self._settings.refer,
            refer_timeout_s=self._settings.refer_timeout_s,
            dial_timeout_s=self._settings.dial_timeout_s,
        )
        if transfer.state is TransferState.REFERRING:
            transfer = await self._noted(REFER, self._refer(transfer, handoff_id))
        if transfer.state is TransferState.DIALLING:
            transfer = await self._noted(BRIDGE, self._dial(transfer, handoff_id))
        return transfer.outcome

    async def _noted(self, mode: str, attempt: Coroutine[Any, Any, Transfer]) -> Transfer:
        """Run one way of reaching an operator; its end is told however it ends."""
        self._listener.on_begun(mode)
        outcome = TransferOutcome.CANCELLED
        try:
            transfer = await attempt
            outcome = transfer.outcome if transfer.over else outcome_of_status(transfer.status)
            return transfer
        finally:
            self._listener.on_ended(mode, outcome)

    async def _refer(self, transfer: Transfer, handoff_id: str) -> Transfer:
        try:
            await self._leg.refer(self._settings.target, headers=context_headers(handoff_id))
        except SipError as exc:
            log.warning("x REFER not sent: %s", exc.message, extra={"action": "refer"})
            return transfer.on_refer_progress(self._clock.monotonic(), UNKNOWN_STATUS, final=True)
        while transfer.state is TransferState.REFERRING:
            wait_s = max(0.0, transfer.deadline - self._clock.monotonic())
            try:
                async with asyncio.timeout(wait_s):
                    event = await self._inbox.get()
            except TimeoutError:
                transfer = transfer.on_deadline(self._clock.monotonic())
                continue
            match event:
                case TransferProgress(status=status, reason=reason, final=final):
                    self._listener.on_status(
                        HandoffProgress(mode=REFER, status=status, reason=reason)
                    )
                    transfer = transfer.on_refer_progress(
                        self._clock.monotonic(), status, final=final
                    )
        return transfer

    async def _dial(self, transfer: Transfer, handoff_id: str) -> Transfer:
        operator = await self._dial_operator(handoff_id)
        if operator is None:
            return transfer.on_dial_failed(UNKNOWN_STATUS)
        try:
            self._leg.play(
                ringback(min(transfer.deadline - self._clock.monotonic(), RINGBACK_LIMIT_S))
            )
            transfer = await self._until_answered(transfer, operator)
            self._leg.stop_playback()
            if transfer.state is TransferState.BRIDGED:
                await self._leg.bridge(operator)
                self._listener.on_joined(operator)
                await talk(self._leg, operator, operator.next_event, self._music)
                transfer = transfer.on_operator_left(self._clock.monotonic())
        except (SipError, AudioError) as exc:
            log.error("x bridge failed: %s", exc.message, extra={"action": "bridge"})
            transfer = transfer.on_bridge_failed(UNKNOWN_STATUS)
        finally:
            await release(operator)
        return transfer

    async def _until_answered(self, transfer: Transfer, operator: Leg) -> Transfer:
        while not transfer.over:
            wait_s = max(0.0, transfer.deadline - self._clock.monotonic())
            try:
                async with asyncio.timeout(wait_s):
                    event = await operator.next_event()
            except TimeoutError:
                transfer = transfer.on_deadline(self._clock.monotonic())
                continue
            match event:
                case Ringing(status=status):
                    self._listener.on_status(
                        HandoffProgress(mode=BRIDGE, status=status, reason="Ringing")
                    )
                case Answered():
                    self._listener.on_status(HandoffProgress(mode=BRIDGE, status=200, reason="OK"))
                    transfer = transfer.on_answered(self._clock.monotonic())
                case Disconnected(cause=cause):
                    self._listener.on_status(
                        HandoffProgress(mode=BRIDGE, status=cause.status, reason=cause.reason)
                    )
                    transfer = transfer.on_dial_failed(cause.status)
        return transfer
