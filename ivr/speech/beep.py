"""The steady tone after which answering machines record. Pure."""

from typing import Final

import numpy as np

from ivr.audio.pcm import FRAME_MS

LASTS_FRAMES: Final = 300 // FRAME_MS
"""No voice holds one pure tone for so long."""
PURITY: Final = 0.95
"""Share of a frame's energy that lies in one tone."""
LOBE: Final = 2
"""Bins of 50 Hz on either side that the window smears a tone over."""
LOWEST: Final = 8
"""Bin of the lowest beep, 400 Hz: a deep voice holds its fundamental alone for longer."""
QUIETEST: Final = 300.0
"""RMS of int16 audio: what is softer is the line itself."""


class BeepDetector:
    """One leg's; takes 20 ms of int16 audio at 8 kHz at a time."""

    def __init__(self) -> None:
        self._peak = 0
        self._frames = 0

    def hears(self, samples: bytes) -> bool:
        """True once a tone has lasted."""
        peak = _tone_in(samples)
        same = peak > 0 and abs(peak - self._peak) <= 1
        self._frames = self._frames + 1 if same else int(peak > 0)
        self._peak = peak
        return self._frames >= LASTS_FRAMES


def _tone_in(samples: bytes) -> int:
    """The bin of the only tone in these samples, 0 when there is none or more than one."""
    values = np.frombuffer(samples, dtype="<i2").astype(np.float64)
    if not len(values) or float(np.sqrt(np.mean(values * values))) < QUIETEST:
        return 0
    energy = np.abs(np.fft.rfft(values * np.hanning(len(values)))) ** 2
    peak = int(np.argmax(energy))
    lobe = float(np.sum(energy[max(0, peak - LOBE) : peak + LOBE + 1]))
    return peak if peak >= LOWEST and lobe >= PURITY * float(np.sum(energy)) else 0
