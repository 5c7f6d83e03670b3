"""What is kept of calls back: events for the records of the call that asked, and recordings."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.audio.pcm import FRAME_BYTES
from ivr.audio.recorder import TwoChannelRecorder
from ivr.call.handoff_events import HandoffEvents
from ivr.clock import Clock
from ivr.errors import AudioError
from ivr.events import CallId, Event
from ivr.handoff.attempt import LiveAttempt
from ivr.handoff.transfer import TransferOutcome
from ivr.queue.model import AttemptOutcome
from ivr.queue.steps import LEFT_AT_ONCE
from ivr.sip.leg import Leg

log = logging.getLogger(__name__)

CALLBACK_MODE: Final = "callback"
"""How records call it."""
BACKLOG_FRAMES: Final = 25
"""Operator audio that waits to be written; more than 0.5 s of it only means clock drift."""
OUTCOMES: Final = {
    AttemptOutcome.CONNECTED: TransferOutcome.CONNECTED,
    AttemptOutcome.CUSTOMER_BUSY: TransferOutcome.BUSY,
    AttemptOutcome.OPERATOR_REFUSED: TransferOutcome.BUSY,
    AttemptOutcome.CUSTOMER_NO_ANSWER: TransferOutcome.NO_ANSWER,
    AttemptOutcome.CUSTOMER_VOICEMAIL: TransferOutcome.NO_ANSWER,
    AttemptOutcome.OPERATOR_NO_ANSWER: TransferOutcome.NO_ANSWER,
    AttemptOutcome.CUSTOMER_LATER: TransferOutcome.CANCELLED,
    AttemptOutcome.CUSTOMER_REFUSED: TransferOutcome.CANCELLED,
    AttemptOutcome.CALLER_LEFT: TransferOutcome.CANCELLED,
    AttemptOutcome.CANCELLED: TransferOutcome.CANCELLED,
}
"""As records know them; the others are failures."""
UNTALKED: Final = LEFT_AT_ONCE | {AttemptOutcome.LOST}
"""Of two who were joined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledBack:
    """Implements `ivr.handoff.calling_back.CallbackListener`. Event loop only."""

    publish: Callable[[Event], None]
    clock: Clock
    recordings: Path | None
    """Folder of two-channel WAVs (left customer, right operator); None: none are made."""

    def on_dialled(self, live: LiveAttempt, target: str) -> None:
        self._events(live).started(target, live.trio.contact.topic)

    def on_status(self, live: LiveAttempt, status: int) -> None:
        self._events(live).progressed(status)

    def on_over(self, live: LiveAttempt, outcome: AttemptOutcome) -> None:
        talked = live.is_joined and outcome not in UNTALKED
        ended_as = TransferOutcome.CONNECTED if talked else OUTCOMES.get(outcome)
        self._events(live).ended(ended_as or TransferOutcome.FAILED)

    async def on_joined(self, live: LiveAttempt, customer: Leg, operator: Leg) -> None:
        """Record the conversation until it is over; named by the attempt."""
        if self.recordings is None:
            return
        name = f"callback-{live.trio.attempt.attempt_id}.wav"
        file = self.recordings / f"{self.clock.now():%Y-%m-%d}" / name
        try:
            recorder = TwoChannelRecorder(file)
        except (AudioError, OSError) as exc:
            log.error("x call back not recorded: %s", exc, extra={"action": "recording"})
            return
        said: deque[bytes] = deque(maxlen=BACKLOG_FRAMES)
        following = asyncio.create_task(_follow(operator, said))
        try:
            while (received := await customer.next_frame()) is not None:
                heard = said.popleft() if said else bytes(FRAME_BYTES)
                recorder.write(received.frame.samples, heard, received.frame.sample_index)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await recorder.aclose()

    def _events(self, live: LiveAttempt) -> HandoffEvents:
        contact = live.trio.contact
        return HandoffEvents(
            publish=self.publish,
            clock=self.clock,
            call_id=CallId(contact.call_id),
            handoff_id=contact.handoff_id,
            mode=CALLBACK_MODE,
        )


async def _follow(leg: Leg, said: deque[bytes]) -> None:
    while (received := await leg.next_frame()) is not None:
        said.append(received.frame.samples)
