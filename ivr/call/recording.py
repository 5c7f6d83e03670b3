"""The two-channel picture of a call: what the caller said, what the caller heard."""

from collections import deque
from typing import Final

import numpy as np

from ivr.audio.pcm import FRAME_BYTES
from ivr.audio.playout import PlayoutTrack
from ivr.audio.recorder import TwoChannelRecorder
from ivr.audio.rings import scaled
from ivr.sip.leg import Leg, LegFrame

OPERATOR_BACKLOG_FRAMES: Final = 25
"""Operator audio that waits to be mixed; more than 0.5 s of it only means clock drift."""


class CallRecording:
    """Sits between player and leg, and in the ears' tap, and writes both sides on one clock."""

    def __init__(self, leg: Leg, recorder: TwoChannelRecorder) -> None:
        self._leg = leg
        self._recorder = recorder
        self._track = PlayoutTrack()
        self._gain = 1.0
        self._operator: deque[bytes] = deque(maxlen=OPERATOR_BACKLOG_FRAMES)

    def play(self, samples: bytes) -> None:
        self._leg.play(samples)
        self._track.appended(samples)

    def set_playback_gain(self, gain: float) -> None:
        self._leg.set_playback_gain(gain)
        self._gain = gain

    def stop_playback(self) -> None:
        self._leg.stop_playback()
        self._gain = 1.0

    @property
    def queued_samples(self) -> int:
        return self._leg.queued_samples

    def on_frame(self, received: LegFrame) -> None:
        """Write 20 ms of both sides."""
        heard = self._track.frame(received.played_samples, received.flushed_samples)
        heard = scaled(heard, self._gain, self._gain)
        if self._operator:
            heard = _mixed(heard, self._operator.popleft())
        self._recorder.write(received.frame.samples, heard, received.frame.sample_index)

    async def follow(self, operator: Leg) -> None:
        """Mix in what a bridged operator says, until that leg ends."""
        while (received := await operator.next_frame()) is not None:
            self._operator.append(received.frame.samples)

    async def aclose(self) -> None:
        """Complete the file."""
        await self._recorder.aclose()


def _mixed(first: bytes, second: bytes) -> bytes:
    """Sum of two int16 frames, clipped; the shorter one is padded with silence."""
    length = max(len(first), len(second), FRAME_BYTES)
    one = np.frombuffer(first.ljust(length, b"\0"), dtype="<i2").astype(np.int32)
    two = np.frombuffer(second.ljust(length, b"\0"), dtype="<i2").astype(np.int32)
    return bytes(np.clip(one + two, -32768, 32767).astype("<i2").tobytes())
