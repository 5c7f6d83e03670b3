"""Sample rate conversion of whole clips."""

import numpy as np
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Mono audio, -1..1."""


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """The clip at another rate, band-limited by soxr's high-quality filter."""
    if from_hz == to_hz or not len(samples):
        return samples
    converted: Samples = soxr.resample(samples, from_hz, to_hz, quality="HQ")
    return converted.astype(np.float32)


def to_pcm(samples: Samples) -> bytes:
    """-1..1 -> int16 little endian, clipped at full scale."""
    pcm: bytes = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2").tobytes()
    return pcm


def from_pcm(pcm: bytes) -> Samples:
    """int16 little endian -> -1..1."""
    return np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(32768.0)
