"""A leg without SIP: tests push its events and frames, and read what it was told."""

import asyncio
from collections.abc import Mapping

from ivr.audio.pcm import FRAME_SAMPLES, LINE_RATE_HZ, SAMPLE_BYTES, PcmFrame
from ivr.errors import AudioError, SipError
from ivr.sip.causes import HangupCause, HangupSide
from ivr.sip.leg import Disconnected, Leg, LegEvent, LegFrame, LegId, LegIdentity


class FakeLeg:
    """Implements `ivr.sip.leg.Leg`. Playback runs as frames are pushed."""

    def __init__(self, *, ani: str = "9030000001", dnis: str = "0611") -> None:
        self.leg_id = LegId("fake")
        self.identity = LegIdentity(ani=ani, dnis=dnis)
        self.dropped_frames = 0
        self.commands: list[str] = []
        """What the leg was told, in order: 'answer', 'refer sip:...', 'hang_up', ..."""
        self.operator: FakeLeg | None = None
        """What `dial_beside` gives; None: it fails."""
        self.headers: list[Mapping[str, str]] = []
        """What each leg dialled beside this one was sent with."""
        self.refer_fails = False
        self.bridge_fails = False
        self.playback_full = False
        self.queued_samples = 0
        self._played = 0
        self._sample_index = 0
        self._events: asyncio.Queue[LegEvent] = asyncio.Queue()
        self._frames: asyncio.Queue[LegFrame | None] = asyncio.Queue()
        self._ended: Disconnected | None = None

    # ---- the test's side

    def happens(self, event: LegEvent) -> None:
        """An event of the far end."""
        if isinstance(event, Disconnected):
            self._ended = event
            self._frames.put_nowait(None)
        self._events.put_nowait(event)

    def hears(self, samples: bytes, *, missing: bool = False) -> None:
        """20 ms of the far end's audio, or of a line without packets; the same time passes for
        playback."""
        played = min(FRAME_SAMPLES, self.queued_samples)
        self.queued_samples -= played
        self._played += played
        frame = PcmFrame(samples, LINE_RATE_HZ, self._sample_index)
        self._sample_index += len(samples) // SAMPLE_BYTES
        self._frames.put_nowait(LegFrame(frame, self._played, missing=missing))

    # ---- the session's side

    async def next_event(self) -> LegEvent:
        if self._ended is not None and self._events.empty():
            return self._ended
        return await self._events.get()

    async def next_frame(self) -> LegFrame | None:
        return await self._frames.get()

    async def ring(self) -> None:
        self.commands.append("ring")

    async def answer(self) -> None:
        self.commands.append("answer")

    async def reject(self, status: int, *, retry_after_s: int | None = None) -> None:
        self.commands.append(f"reject {status} {retry_after_s}")

    async def hang_up(self, *, reason: str = "") -> None:
        self.commands.append("hang_up")
        if self._ended is None:
            self.happens(Disconnected(HangupCause(200, reason, HangupSide.LOCAL)))

    def play(self, samples: bytes) -> None:
        if self.playback_full:
            raise AudioError("playback_full", "a minute is queued already")
        self.commands.append(f"play {len(samples) // SAMPLE_BYTES}")
        self.queued_samples += len(samples) // SAMPLE_BYTES

    def set_playback_gain(self, gain: float) -> None:
        self.commands.append(f"gain {gain:.2f}")

    def stop_playback(self) -> None:
        self.commands.append("stop_playback")
        self.queued_samples = 0

    async def send_dtmf(self, digits: str) -> None:
        self.commands.append(f"dtmf {digits}")

    async def refer(self, target: str, *, headers: Mapping[str, str] | None = None) -> None:
        if self.refer_fails:
            raise SipError("refer", "REFER could not be sent")
        self.commands.append(f"refer {target}")

    async def refer_replacing(self, other: Leg) -> None:
        if self.refer_fails:
            raise SipError("refer", "REFER could not be sent")
        self.commands.append("refer_replacing")

    async def hold(self, held: bool = True) -> None:
        self.commands.append("hold" if held else "resume")

    async def dial_beside(
        self,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        caller: str = "",
        asserted: bool = False,
    ) -> Leg:
        if self.operator is None:
            raise SipError("dial", "no leg free")
        self.commands.append(f"dial {target}")
        self.headers.append(headers or {})
        return self.operator

    async def connect(self, other: Leg, *, hear: bool, speak: bool) -> None:
        if self.bridge_fails:
            raise SipError("bridge", "the legs could not be joined")
        self.commands.append(f"connect hear={hear} speak={speak}")

    async def bridge(self, other: Leg) -> None:
        if self.bridge_fails:
            raise SipError("bridge", "the legs could not be joined")
        self.commands.append("bridge")

    async def unbridge(self, other: Leg) -> None:
        self.commands.append("unbridge")
