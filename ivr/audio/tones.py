"""Call-progress tones for legs that have no prompt to play."""

from typing import Final

import numpy as np

from ivr.audio.pcm import LINE_RATE_HZ

RINGBACK_HZ: Final = 425.0
RINGBACK_ON_S: Final = 1.0
RINGBACK_OFF_S: Final = 4.0
AMPLITUDE: Final = 3300
"""About -20 dBFS, the level of the prompts."""
EDGE_S: Final = 0.005


def tone(frequency_hz: float, length_s: float, *, rate_hz: int = LINE_RATE_HZ) -> bytes:
    """A sine with soft edges, int16 mono."""
    times = np.arange(round(length_s * rate_hz)) / rate_hz
    wave = AMPLITUDE * np.sin(2 * np.pi * frequency_hz * times)
    edge = np.clip(np.minimum(times, times[::-1]) / EDGE_S, 0.0, 1.0) if len(times) else times
    return (wave * edge).astype("<i2").tobytes()


def ringback(length_s: float, *, rate_hz: int = LINE_RATE_HZ) -> bytes:
    """Russian ringing tone (ITU-T E.180: 425 Hz, 1 s on, 4 s off) of at least `length_s`."""
    period = tone(RINGBACK_HZ, RINGBACK_ON_S, rate_hz=rate_hz)
    period += bytes(2 * round(RINGBACK_OFF_S * rate_hz))
    periods = max(1, -(-round(length_s * rate_hz) * 2 // len(period)))
    return period * periods
