"""Audio ports kept for the worker's life: bytes <-> rings on pjmedia's clock thread, nothing else.

A port must never be dropped while the clock runs (that crashes the process), so four are made once
and lent to legs. pjsua2 copies audio byte by byte through SWIG (147 us a frame); reading and
writing the vector's memory through ctypes takes 1-2 us.
"""

import ctypes
import time
from collections import deque
from collections.abc import Callable

import pjsua2 as pj

from ivr.audio.pcm import FRAME_BYTES, FRAME_MS, FRAME_SAMPLES, LINE_RATE_HZ, SAMPLE_BYTES
from ivr.audio.rings import FrameRing, PlaybackRing, ReceivedFrame

LATE_S = FRAME_MS / 1000 + 0.010
"""A tick this long after the one before is counted as late."""


class LegAudio:
    """The rings and counters of one leg, shared by the clock thread and the link threads."""

    def __init__(self, leg: int, wake: Callable[[], None]) -> None:
        self.leg = leg
        self.received = FrameRing()
        self.playback = PlaybackRing()
        self.finished: deque[tuple[int, int]] = deque()
        """(played, flushed) each time a playback ended, for the writer thread."""
        self.late_ticks = 0
        self.missing = False
        """Set by the pj thread: received frames are made up now."""
        self._wake = wake
        self._sample_index = 0
        self._last_tick = 0.0

    def next_playback(self, count: int) -> bytes | None:
        """Clock thread: the next samples to send, None for silence."""
        now = time.monotonic()
        if 0 < self._last_tick < now - LATE_S:
            self.late_ticks += 1
        self._last_tick = now
        samples, ended = self.playback.read(count)
        if ended:
            self.finished.append((self.playback.played, self.playback.flushed))
            self._wake()
        return samples

    def push_received(self, samples: bytes) -> None:
        """Clock thread: a frame came in; in the same tick `next_playback` ran before."""
        playback = self.playback
        self.received.push(
            ReceivedFrame(
                self._sample_index, playback.played, playback.flushed, samples, self.missing
            )
        )
        self._sample_index += len(samples) // SAMPLE_BYTES
        self._wake()

    def on_media_restart(self) -> None:
        """pj thread: a gap between ticks is expected now (re-INVITE)."""
        self._last_tick = 0.0


class PoolPort(pj.AudioMediaPort):  # type: ignore[misc]
    """One port of the conference bridge: sends and receives for the leg it is lent to."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.audio: LegAudio | None = None
        self.lent = False
        self._out = pj.ByteVector(bytes(FRAME_BYTES))
        self._out_address = _data_address(self._out)
        self._silent = True
        self.createPort(name, _line_format())

    def onFrameRequested(self, frame: pj.MediaFrame) -> None:  # noqa: N802 - pjsua2's name
        """Clock thread. Always sends audio: peers take a pause in RTP for a dead call."""
        try:
            samples = None
            if frame.size < FRAME_BYTES:  # writing more than asked for overflows pjmedia's buffer
                return
            if self.audio is not None:
                samples = self.audio.next_playback(FRAME_SAMPLES)
            if samples is not None:
                ctypes.memmove(self._out_address, samples, FRAME_BYTES)
                self._silent = False
            elif not self._silent:
                ctypes.memset(self._out_address, 0, FRAME_BYTES)
                self._silent = True
            frame.type = pj.PJMEDIA_FRAME_TYPE_AUDIO
            frame.buf = self._out
            frame.size = FRAME_BYTES
        except Exception:  # an exception that leaves a pjsua2 callback aborts the process
            pass

    def onFrameReceived(self, frame: pj.MediaFrame) -> None:  # noqa: N802 - pjsua2's name
        """Clock thread."""
        try:
            audio = self.audio
            if audio is None:
                return
            size = frame.size
            if frame.type != pj.PJMEDIA_FRAME_TYPE_AUDIO or size != FRAME_BYTES:
                audio.push_received(bytes(FRAME_BYTES))
            else:
                audio.push_received(ctypes.string_at(_data_address(frame.buf), size))
        except Exception:  # see above
            pass


class PortPool:
    """The ports of one worker. pj thread only."""

    def __init__(self, count: int) -> None:
        self._ports = [PoolPort(f"leg{index}") for index in range(count)]

    def lend(self, audio: LegAudio) -> PoolPort | None:
        """A free port bound to the leg's rings, None when all are lent."""
        for port in self._ports:
            if not port.lent:
                port.lent = True
                port.audio = audio
                return port
        return None

    @staticmethod
    def give_back(port: PoolPort) -> None:
        """The leg is gone; the port stays in the bridge, unconnected."""
        port.audio = None
        port.lent = False


def _line_format() -> pj.MediaFormatAudio:
    line = pj.MediaFormatAudio()
    line.type = pj.PJMEDIA_TYPE_AUDIO
    line.clockRate = LINE_RATE_HZ
    line.channelCount = 1
    line.bitsPerSample = 16
    line.frameTimeUsec = FRAME_MS * 1000
    return line


def _data_address(vector: pj.ByteVector) -> int:
    """Address of a std::vector's first element: the first word of the C++ object."""
    return ctypes.c_uint64.from_address(int(vector.this)).value
