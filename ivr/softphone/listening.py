"""What the far end was heard saying, on one clock with what was said. Pure."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ivr.audio.pcm import FRAME_MS, LINE_RATE_HZ, SAMPLE_BYTES

AUDIBLE_RMS: Final = 130.0
"""About -48 dBFS: below the softest prompt, above A-law's idle noise."""
FRAME_S: Final = FRAME_MS / 1000


def audible(samples: bytes) -> bool:
    """True when a frame of int16 audio can be heard."""
    values = np.frombuffer(samples, dtype="<i2").astype(np.float64)
    return bool(len(values)) and float(np.sqrt(np.mean(values * values))) > AUDIBLE_RMS


@dataclass(slots=True)
class Listening:
    """Both sides of a call as the softphone saw them, frame by frame."""

    heard: bytearray = field(default_factory=bytearray)
    """Everything received, int16 8 kHz."""
    spoken: bytearray = field(default_factory=bytearray)
    """Everything sent, on the same clock."""
    quiet_s: float = 0.0
    """How long the far end has been silent by now."""
    heard_anything: bool = False

    def frame(self, heard: bytes, spoken: bytes) -> None:
        """20 ms went by."""
        self.heard += heard
        self.spoken += spoken
        if audible(heard):
            self.quiet_s = 0.0
            self.heard_anything = True
        else:
            self.quiet_s += FRAME_S

    @property
    def now_s(self) -> float:
        """Audio time of the call."""
        return len(self.heard) / SAMPLE_BYTES / LINE_RATE_HZ

    def heard_between(self, start_s: float, end_s: float | None = None) -> bytes:
        """What was heard in a stretch of audio time."""
        return bytes(self.heard[_offset(start_s) : None if end_s is None else _offset(end_s)])

    def first_audible_after(self, start_s: float) -> float | None:
        """Audio time of the first audible 10 ms of the far end from `start_s` on."""
        return _first_audible(self.heard, start_s)

    def last_spoken_before(self, end_s: float) -> float | None:
        """Audio time at which our own last audible 10 ms before `end_s` ended."""
        return _last_audible(self.spoken, end_s)


HOP: Final = LINE_RATE_HZ // 100
HOP_BYTES: Final = HOP * SAMPLE_BYTES


def _first_audible(track: bytearray, start_s: float) -> float | None:
    for position in range(_offset(start_s), len(track) - HOP_BYTES + 1, HOP_BYTES):
        if audible(bytes(track[position : position + HOP_BYTES])):
            return position / SAMPLE_BYTES / LINE_RATE_HZ
    return None


def _last_audible(track: bytearray, end_s: float) -> float | None:
    last = min(_offset(end_s), len(track))
    for position in range(last - HOP_BYTES, -1, -HOP_BYTES):
        if audible(bytes(track[position : position + HOP_BYTES])):
            return (position + HOP_BYTES) / SAMPLE_BYTES / LINE_RATE_HZ
    return None


def _offset(seconds: float) -> int:
    return max(0, round(seconds * LINE_RATE_HZ)) * SAMPLE_BYTES
