"""Linear PCM as it travels through the pipeline: mono, 16 bit, little endian."""

from dataclasses import dataclass
from typing import Final

import numpy as np

SAMPLE_BYTES: Final = 2
LINE_RATE_HZ: Final = 8000
"""Sample rate of the telephone line and of every frame between media worker and call core."""
FRAME_MS: Final = 20
FRAME_SAMPLES: Final = LINE_RATE_HZ * FRAME_MS // 1000
FRAME_BYTES: Final = FRAME_SAMPLES * SAMPLE_BYTES


@dataclass(frozen=True, slots=True)
class PcmFrame:
    """One stretch of a leg's received audio, normally 20 ms."""

    samples: bytes
    """int16 little endian, mono."""
    rate_hz: int
    sample_index: int
    """Index of the first sample since the leg's media started: time inside audio."""

    @property
    def start_s(self) -> float:
        """Audio time of the first sample, seconds."""
        return self.sample_index / self.rate_hz

    @property
    def duration_s(self) -> float:
        """Length in seconds, from the sample count."""
        return len(self.samples) / SAMPLE_BYTES / self.rate_hz

    @property
    def end_s(self) -> float:
        """Audio time just after the last sample, seconds."""
        return self.start_s + self.duration_s


def duration_s(samples: bytes, rate_hz: int = LINE_RATE_HZ) -> float:
    """Length of int16 mono audio in seconds."""
    return len(samples) / SAMPLE_BYTES / rate_hz


def mirrored_end(samples: bytes, seconds: float, rate_hz: int = LINE_RATE_HZ) -> bytes:
    """The last `seconds` of int16 mono audio backwards: where they are silence, more of the same
    silence, with the line's own noise and without a step."""
    size = round(seconds * rate_hz) * SAMPLE_BYTES
    return np.frombuffer(samples[-size:], dtype="<i2")[::-1].tobytes()
