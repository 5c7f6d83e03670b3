"""A leg of some media worker, as the call core sees it. Event loop only."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Final, Protocol

from ivr.audio.pcm import FRAME_SAMPLES, LINE_RATE_HZ, SAMPLE_BYTES, PcmFrame
from ivr.audio.rings import PLAYBACK_SAMPLES, ReceivedFrame
from ivr.errors import AudioError, SipError
from ivr.media import wire
from ivr.sip.leg import (
    Disconnected,
    Leg,
    LegEvent,
    LegFrame,
    LegId,
    LegIdentity,
    PlaybackFinished,
)

FRAMES: Final = 250
"""Received frames kept for a busy session: five seconds, then the oldest go."""


class LegLink(Protocol):
    """What a leg needs of its worker's link."""

    async def request(self, command: wire.Command) -> None:
        """Run a command in the worker; `SipError` when it refuses or is gone."""
        ...

    async def dial(
        self,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        caller: str = "",
        asserted: bool = False,
        beside: int | None = None,
    ) -> "MediaLeg": ...

    def play(self, leg: int, samples: bytes) -> None: ...

    def stop_playback(self, leg: int) -> None: ...

    def set_playback_gain(self, leg: int, gain: float) -> None: ...


class MediaLeg:
    """Implements `ivr.sip.leg.Leg` over the local link."""

    def __init__(self, leg_id: LegId, number: int, identity: LegIdentity, link: LegLink) -> None:
        self.number = number
        self._leg_id = leg_id
        self._identity = identity
        self._link = link
        self._events: asyncio.Queue[LegEvent] = asyncio.Queue()
        self._ended: Disconnected | None = None
        self._frames: deque[LegFrame] = deque()
        self._frame_came = asyncio.Event()
        self._dropped = 0
        self._next_index = 0
        self._handed = 0
        """Samples given to the worker for playback."""
        self._handled = 0
        """Of these, samples it has reported as played or flushed."""
        self._handed_at_stop = 0

    @property
    def leg_id(self) -> LegId:
        return self._leg_id

    @property
    def identity(self) -> LegIdentity:
        return self._identity

    @property
    def dropped_frames(self) -> int:
        """Frames lost in the worker's ring or in this leg's queue."""
        return self._dropped

    @property
    def queued_samples(self) -> int:
        return self._handed - max(self._handled, self._handed_at_stop)

    @property
    def is_ended(self) -> bool:
        """Whether `Disconnected` has been published."""
        return self._ended is not None

    async def next_event(self) -> LegEvent:
        if self._ended is not None and self._events.empty():
            return self._ended
        return await self._events.get()

    async def next_frame(self) -> LegFrame | None:
        while not self._frames:
            if self._ended is not None:
                return None
            self._frame_came.clear()
            await self._frame_came.wait()
        return self._frames.popleft()

    # ---- commands

    async def ring(self) -> None:
        await self._request(wire.Ring(self.number))

    async def answer(self) -> None:
        await self._request(wire.Answer(self.number))

    async def reject(self, status: int, *, retry_after_s: int | None = None) -> None:
        await self._request(wire.Reject(self.number, status, retry_after_s))

    async def hang_up(self, *, reason: str = "") -> None:
        await self._request(wire.HangUp(self.number, reason))

    async def send_dtmf(self, digits: str, *, info: bool = False) -> None:
        """RFC 4733 events, or SIP INFO where asked for."""
        await self._request(wire.SendDtmf(self.number, digits, info))

    async def refer(self, target: str, *, headers: Mapping[str, str] | None = None) -> None:
        await self._request(wire.Refer(self.number, target, dict(headers or {})))

    async def refer_replacing(self, other: Leg) -> None:
        await self._request(wire.ReferReplacing(self.number, self._number_of(other)))

    async def hold(self, held: bool = True) -> None:
        await self._request(wire.Hold(self.number, held))

    async def dial_beside(
        self,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        caller: str = "",
        asserted: bool = False,
    ) -> Leg:
        if self._ended is not None:
            raise SipError("leg_ended", "the leg to dial beside has ended")
        return await self._link.dial(
            target, headers=headers, caller=caller, asserted=asserted, beside=self.number
        )

    async def connect(self, other: Leg, *, hear: bool, speak: bool) -> None:
        await self._request(wire.Connect(self.number, self._number_of(other), hear, speak))

    async def bridge(self, other: Leg) -> None:
        await self.connect(other, hear=True, speak=True)

    async def unbridge(self, other: Leg) -> None:
        await self.connect(other, hear=False, speak=False)

    def play(self, samples: bytes) -> None:
        if self._ended is not None or not samples:
            return
        count = len(samples) // SAMPLE_BYTES
        if self.queued_samples + count > PLAYBACK_SAMPLES:
            seconds = PLAYBACK_SAMPLES // LINE_RATE_HZ
            raise AudioError("playback_full", f"more than {seconds} s of playback are queued")
        self._handed += count
        self._link.play(self.number, samples)

    def stop_playback(self) -> None:
        if self._ended is not None:
            return
        self._handed_at_stop = self._handed
        self._link.stop_playback(self.number)

    def set_playback_gain(self, gain: float) -> None:
        if self._ended is None:
            self._link.set_playback_gain(self.number, gain)

    # ---- from the link

    def push_event(self, event: LegEvent) -> None:
        """Publish an event; nothing follows `Disconnected`."""
        if self._ended is not None:
            return
        if isinstance(event, Disconnected):
            self._ended = event
            self._frame_came.set()
        self._events.put_nowait(event)

    def push_playback_finished(self, played: int, flushed: int) -> None:
        """The worker's ring ran empty; told on only when nothing was handed over since."""
        self._handled = max(self._handled, played + flushed)
        if self._handled >= self._handed and self._handed > self._handed_at_stop:
            self.push_event(PlaybackFinished(played))

    def push_frame(self, received: ReceivedFrame) -> None:
        """A frame from the worker."""
        self._handled = max(self._handled, received.played_samples + received.flushed_samples)
        self._dropped += (received.sample_index - self._next_index) // FRAME_SAMPLES
        self._next_index = received.sample_index + FRAME_SAMPLES
        if len(self._frames) >= FRAMES:
            self._frames.popleft()
            self._dropped += 1
        frame = PcmFrame(received.samples, LINE_RATE_HZ, received.sample_index)
        self._frames.append(
            LegFrame(frame, received.played_samples, received.flushed_samples, received.missing)
        )
        self._frame_came.set()

    async def _request(self, command: wire.Command) -> None:
        if self._ended is not None:
            return
        try:
            await self._link.request(command)
        except SipError:
            if self._ended is None:  # else the leg ended meanwhile: as good as never asked
                raise

    def _number_of(self, other: Leg) -> int:
        if not isinstance(other, MediaLeg) or other._link is not self._link:
            raise SipError("bridge", "only legs of one media worker can be bridged")
        return other.number
