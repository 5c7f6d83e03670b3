"""A leg whose caller is a recording: implements `ivr.sip.leg.Leg` without SIP. Event loop only.

Frames are made when the session asks for the next one, as soon as nothing else is under way, so a
call runs as fast as the machine can, and never faster than its parts can follow.
"""

import asyncio
from collections.abc import Mapping
from enum import Enum
from typing import Final

from ivr.audio.pcm import FRAME_BYTES, FRAME_SAMPLES, LINE_RATE_HZ, SAMPLE_BYTES, PcmFrame
from ivr.errors import SipError
from ivr.regress.virtual import Finished, Stillness, VirtualClock
from ivr.sip.causes import HangupCause, HangupSide
from ivr.sip.leg import (
    Answered,
    Disconnected,
    Leg,
    LegEvent,
    LegFrame,
    LegId,
    LegIdentity,
    TransferProgress,
)

PAUSE_S: Final = 0.3
"""A polite caller waits this long after the greeting."""
INTO_GREETING_S: Final = 1.0
"""An impatient one interrupts it here."""
AFTER_S: Final = 1.2
"""Silence after the recording before anybody looks whether it was answered: longer than the
patience of any question, so that the last utterance has ended."""
LONGEST_S: Final = 600.0
"""Audio time after which a call that never comes to an end is given up."""
LISTENED_S: Final = 2.0
"""Of a prompt that nobody interrupts only the end takes frames: the background level that voice
activity is measured against is that of the last 1.5 s."""
_SILENCE: Final = bytes(FRAME_BYTES)


class Manners(Enum):
    """What the caller does about the greeting."""

    WAIT = "wait"
    INTERRUPT = "interrupt"


class FileLeg:
    """One replayed call's leg: greeting, recording, silence until `finished` says so."""

    def __init__(
        self,
        speech: bytes,
        *,
        ani: str,
        clock: VirtualClock,
        stillness: Stillness,
        finished: Finished,
        manners: Manners = Manners.WAIT,
    ) -> None:
        """`speech`: int16 mono 8 kHz."""
        self._identity = LegIdentity(ani=ani, dnis="0611", sip_call_id="replay")
        self._speech = speech + bytes(-len(speech) % FRAME_BYTES)
        self._clock = clock
        self._stillness = stillness
        self._finished = finished
        self._manners = manners
        self._events: asyncio.Queue[LegEvent] = asyncio.Queue()
        self._ended: Disconnected | None = None
        self._index = 0
        self._queued = 0
        self._played = 0
        self._flushed = 0
        self._heard_until_s = 0.0
        self._spoken = 0
        self._handed_over = False
        self.speech_began_s: float | None = None
        """Audio time at which the recording's first frame was delivered."""
        self.gave_up = False
        """True when the call was cut because it did not come to an end."""

    @property
    def leg_id(self) -> LegId:
        return LegId("replay")

    @property
    def identity(self) -> LegIdentity:
        return self._identity

    @property
    def dropped_frames(self) -> int:
        """Nothing is dropped: frames are made on demand."""
        return 0

    @property
    def queued_samples(self) -> int:
        return self._queued

    async def next_event(self) -> LegEvent:
        if self._ended is not None and self._events.empty():
            return self._ended
        return await self._events.get()

    async def next_frame(self) -> LegFrame | None:
        await self._stillness.reached()
        if self._handed_over:
            await asyncio.Event().wait()  # the operator has the caller: cancelled by the call's end
        if self._ended is None and self._over():
            self._end(HangupCause(200, "recording over", HangupSide.REMOTE))
        if self._ended is not None:
            return None
        self._skip_prompt()
        frame = PcmFrame(self._next_samples(), LINE_RATE_HZ, self._index)
        self._index += FRAME_SAMPLES
        self._clock.audio_s = frame.end_s
        played = min(FRAME_SAMPLES, self._queued)
        self._queued -= played
        self._played += played
        if played:
            self._heard_until_s = frame.end_s
        return LegFrame(frame, self._played, self._flushed)

    def _skip_prompt(self) -> None:
        """Let the bot's words pass at once while the caller is silent anyway."""
        waits = self._manners is Manners.WAIT and self.speech_began_s is None
        skipped = self._queued - round(LISTENED_S * LINE_RATE_HZ)
        skipped -= skipped % FRAME_SAMPLES
        if skipped > 0 and (waits or self._speech_end_s is not None):
            self._queued -= skipped
            self._played += skipped
            self._index += skipped

    def _over(self) -> bool:
        if self._clock.audio_s >= LONGEST_S + len(self._speech) / SAMPLE_BYTES / LINE_RATE_HZ:
            self.gave_up = True
            return True
        silent_since = self._speech_end_s
        if silent_since is None or self._clock.audio_s - silent_since < AFTER_S:
            return False
        return self._finished()

    @property
    def _speech_end_s(self) -> float | None:
        """Audio time at which the recording ended, None before."""
        if self.speech_began_s is None or self._spoken < len(self._speech):
            return None
        return self.speech_began_s + len(self._speech) / SAMPLE_BYTES / LINE_RATE_HZ

    def _next_samples(self) -> bytes:
        if self.speech_began_s is None and self._may_speak():
            self.speech_began_s = self._clock.audio_s
        if self.speech_began_s is None or self._spoken >= len(self._speech):
            return _SILENCE
        samples = self._speech[self._spoken : self._spoken + FRAME_BYTES]
        self._spoken += FRAME_BYTES
        return samples

    def _may_speak(self) -> bool:
        now_s = self._clock.audio_s
        if self._manners is Manners.INTERRUPT and now_s >= INTO_GREETING_S:
            return True
        return not self._queued and now_s >= self._heard_until_s + PAUSE_S

    def _end(self, cause: HangupCause) -> None:
        self._ended = Disconnected(cause)
        self._events.put_nowait(self._ended)

    async def ring(self) -> None:
        """Nobody hears it."""

    async def answer(self) -> None:
        self._events.put_nowait(Answered("L16"))

    async def reject(self, status: int, *, retry_after_s: int | None = None) -> None:
        self._end(HangupCause(status, "rejected", HangupSide.LOCAL))

    async def hang_up(self, *, reason: str = "") -> None:
        if self._ended is None:
            self._end(HangupCause(200, reason, HangupSide.LOCAL))

    def play(self, samples: bytes) -> None:
        self._queued += len(samples) // SAMPLE_BYTES

    def set_playback_gain(self, gain: float) -> None:
        """Nobody hears it."""

    def stop_playback(self) -> None:
        self._flushed += self._queued
        self._queued = 0

    async def send_dtmf(self, digits: str) -> None:
        """Nobody hears them."""

    async def refer(self, target: str, *, headers: Mapping[str, str] | None = None) -> None:
        """The operator takes every call."""
        self._handed_over = True
        self._events.put_nowait(TransferProgress(200, "OK", final=True))

    async def refer_replacing(self, other: Leg) -> None:
        raise SipError("replay", "a replayed call has no second leg")

    async def hold(self, held: bool = True) -> None:
        """Nobody waits."""

    async def dial_beside(
        self,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        caller: str = "",
        asserted: bool = False,
    ) -> Leg:
        raise SipError("replay", "a replayed call has no second leg")

    async def connect(self, other: Leg, *, hear: bool, speak: bool) -> None:
        raise SipError("replay", "a replayed call has no second leg")

    async def bridge(self, other: Leg) -> None:
        raise SipError("replay", "a replayed call has no second leg")

    async def unbridge(self, other: Leg) -> None:
        raise SipError("replay", "a replayed call has no second leg")
