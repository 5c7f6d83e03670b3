"""Noise that has come up while the caller spoke: even in level, without a pitch. Pure.

A phone that sends nothing in pauses lets the street in together with the voice, and the street
stays for a moment after the last word. It stands out of the silence before, and webrtcvad calls it
speech; so the turn seemed to go on. What tells it from a voice is that its level hardly moves, that
nothing repeats in it as the pulses of a voice do, and that it is softer than what was just said.
"""

from collections import deque
from typing import Final

import numpy as np

from ivr.audio.pcm import FRAME_MS, LINE_RATE_HZ

RUN: Final = 200 // FRAME_MS
"""Frames that are compared. Of 251 recordings of part train with street noise 10 dB below the
voice, that comes and goes with it, 18 % ended more than 150 ms late without this, none with it;
0.1 % of the clean voice is taken for noise. A shorter run takes more, a longer one is late."""
EVEN_DB: Final = 6.0
"""Range of the levels within a run of noise; speech moves by more from syllable to syllable."""
SOFTER_DB: Final = 6.0
"""So far noise is below the loudest frame of the last seconds: long fricatives are not."""
PERIODIC: Final = 0.3
"""Autocorrelation from which on a sound is voiced: noise stays below, vowels are near 1."""
SHORTEST_PERIOD: Final = LINE_RATE_HZ // 400
LONGEST_PERIOD: Final = LINE_RATE_HZ // 70
LEAVES_DB: Final = 5.0
"""Noise is over when the level goes so far from it: downwards at once, upwards if it stays."""
LEAVING: Final = 2
"""Frames above the noise that are more than a crackle."""


class SteadyNoise:
    """Frames in, whether they are noise out. One per leg."""

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque(maxlen=RUN)
        self._levels: deque[float] = deque(maxlen=RUN)
        self._noise_db: float | None = None
        self._above = 0

    def hears(self, samples: bytes, level_db: float, loudest_db: float) -> bool:
        """Take the next frame (int16 at the line's rate) with its level; True for noise.

        `loudest_db`: the loudest of the last seconds. Both relative to full scale.
        """
        self._frames.append(samples)
        self._levels.append(level_db)
        if self._noise_db is not None:
            return self._goes_on(level_db, self._noise_db)
        if self._is_steady(loudest_db):
            self._noise_db, self._above = float(np.mean(self._levels)), 0
            return True
        return False

    def _goes_on(self, level_db: float, noise_db: float) -> bool:
        self._above = self._above + 1 if level_db > noise_db + LEAVES_DB else 0
        if level_db < noise_db - LEAVES_DB or self._above >= LEAVING:
            self._noise_db = None
        return self._noise_db is not None and not self._above

    def _is_steady(self, loudest_db: float) -> bool:
        if len(self._levels) < RUN or max(self._levels) - min(self._levels) >= EVEN_DB:
            return False
        if np.mean(self._levels) > loudest_db - SOFTER_DB:
            return False
        return periodicity(b"".join(self._frames)) < PERIODIC


def periodicity(samples: bytes) -> float:
    """How much int16 audio at the line's rate repeats at the period of any voice, 0..1: the highest
    normalised autocorrelation between 70 and 400 Hz. Silence counts as 0."""
    values = np.frombuffer(samples, dtype=np.int16).astype(np.float64)
    values -= values.mean()
    size = len(values)
    spectrum = np.fft.rfft(values, 2 * size)
    products = np.fft.irfft(spectrum * np.conj(spectrum))[:size]
    if products[0] <= 0:
        return 0.0
    periods = np.arange(SHORTEST_PERIOD, min(LONGEST_PERIOD + 1, size))
    overlaps = size / (size - periods)
    return float(np.max(products[periods] * overlaps) / products[0])
