"""One call of the softphone: speak, press keys, wait for the bot, hang up. Event loop only."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from ivr.audio.playout import PlayoutTrack
from ivr.audio.recorder import TwoChannelRecorder
from ivr.errors import SipError
from ivr.sip.causes import HangupCause
from ivr.sip.leg import Answered, Disconnected, Leg, LegEvent, LegFrame
from ivr.softphone.listening import Listening

PROMPT_OVER_S: Final = 0.75
"""The bot's longest pause within a reply is shorter than this."""


class PhoneCall:
    """A leg of the softphone with its two sides recorded on one clock.

    Use as an async context manager: leaving it hangs up and completes the recording.
    """

    def __init__(self, leg: Leg, recorder: TwoChannelRecorder | None = None) -> None:
        self.leg = leg
        self.listening = Listening()
        self.events: list[LegEvent] = []
        self._recorder = recorder
        self._track = PlayoutTrack()
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "PhoneCall":
        self._tasks = [
            asyncio.create_task(self._follow_frames()),
            asyncio.create_task(self._follow_events()),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.hang_up()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._recorder is not None:
            await self._recorder.aclose()

    async def answered(self, timeout_s: float = 10.0) -> None:
        """Wait until the call is up; `SipError` when it is refused or takes too long."""
        await self.until(lambda: self.is_up or self.cause is not None, timeout_s, "an answer")
        if not self.is_up and self.cause is not None:
            raise SipError("refused", f"the call was refused: {self.cause.status}")

    @property
    def is_up(self) -> bool:
        return any(isinstance(event, Answered) for event in self.events)

    @property
    def cause(self) -> HangupCause | None:
        """Why the call ended, None while it lasts."""
        for event in self.events:
            if isinstance(event, Disconnected):
                return event.cause
        return None

    async def say(self, samples: bytes) -> float:
        """Speak int16 8 kHz audio to its end; audio time at which it ended."""
        self.send(samples)
        await self.until(
            lambda: self.leg.queued_samples == 0 or self.cause is not None, 90.0, "own speech"
        )
        return self.listening.now_s

    def send(self, samples: bytes) -> None:
        """Begin to speak int16 8 kHz audio, after what is being said already."""
        self._track.appended(samples)
        self.leg.play(samples)

    async def press(self, digits: str) -> None:
        """DTMF by RFC 4733."""
        await self.leg.send_dtmf(digits)

    async def prompt_heard(self, timeout_s: float = 40.0, quiet_s: float = PROMPT_OVER_S) -> bytes:
        """Wait for the bot to speak from now on and to finish; what was heard meanwhile."""
        start_s = self.listening.now_s
        self.listening.heard_anything = False
        await self.until(
            lambda: (
                (self.listening.heard_anything and self.listening.quiet_s >= quiet_s)
                or self.cause is not None
            ),
            timeout_s,
            "the end of the bot's reply",
        )
        return self.listening.heard_between(start_s)

    async def ended(self, timeout_s: float = 20.0) -> HangupCause:
        """Wait for the far end to hang up."""
        await self.until(lambda: self.cause is not None, timeout_s, "the end of the call")
        cause = self.cause
        assert cause is not None
        return cause

    async def passed(self, seconds: float) -> None:
        """Let that much audio time go by."""
        target = self.listening.now_s + seconds
        await self.until(
            lambda: self.listening.now_s >= target or self.cause is not None,
            seconds + 10.0,
            "time to pass",
        )

    async def until(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Wait for a condition that frames or events make true; `SipError` naming it if late."""
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as exc:
            raise SipError("timeout", f"waited {timeout_s:.0f} s for {what}") from exc

    async def hang_up(self) -> None:
        """BYE or CANCEL, and wait shortly for the end."""
        if self.cause is not None:
            return
        await self.leg.hang_up()
        with contextlib.suppress(SipError):  # a far end that is gone never answers
            await self.ended(3.0)

    async def _follow_frames(self) -> None:
        while (received := await self.leg.next_frame()) is not None:
            self._take(received)
            self._changed.set()

    def _take(self, received: LegFrame) -> None:
        frame = received.frame
        own = self._track.frame(received.played_samples, received.flushed_samples)
        self.listening.frame(frame.samples, own)
        if self._recorder is not None:
            self._recorder.write(own, frame.samples, frame.sample_index)

    async def _follow_events(self) -> None:
        while True:
            event = await self.leg.next_event()
            self.events.append(event)
            self._changed.set()
            if isinstance(event, Disconnected):
                return
