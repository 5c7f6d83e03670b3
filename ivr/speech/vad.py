"""Voice activity in 20 ms frames: webrtcvad behind an energy gate with an adaptive noise floor.

webrtcvad alone calls steady line noise and tones speech for seconds and rings on for 60-100 ms
after each word; the gate closes on whatever does not rise above the recent background. Noise that
has just come up rises above it, and is told by its steadiness.
"""

import math
import warnings
from collections import deque
from typing import Final

import numpy as np

from ivr.audio.pcm import FRAME_BYTES, FRAME_MS, LINE_RATE_HZ, PcmFrame
from ivr.errors import AudioError
from ivr.speech.foreground import Foreground
from ivr.speech.steady_noise import SteadyNoise

with warnings.catch_warnings():
    # Its only use of pkg_resources is to read its own version; users can do nothing about it.
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    import webrtcvad

FLOOR_WINDOW_FRAMES: Final = 1500 // FRAME_MS
"""Running speech dips to the background within 1.5 s; noise that does not is the background."""
MARGIN_DB: Final = 5.0
"""Level above the floor that may be speech; 20 ms of white noise varies by about 1 dB."""
QUIETEST_FLOOR_DB: Final = -62.0
"""Digital silence must not make every rustle loud, dB relative to full scale."""
LOUDEST_FLOOR_DB: Final = -15.0
"""Above this the floor is not believed: a caller who shouts without a pause is still heard."""
FIRST_FLOOR_DB: Final = -50.0
"""Taken for the floor until a whole window has been seen: callers may speak at once."""
SMOOTHING_FRAMES: Final = 5


def level_db(samples: bytes) -> float:
    """RMS level of int16 audio in dB relative to full scale, without its DC part."""
    values = np.frombuffer(samples, dtype=np.int16).astype(np.float64)
    return 20.0 * math.log10(max(float(np.std(values)), 1.0) / 32768.0)


class EnergyGate:
    """Lets through what is louder than the background. Pure: levels in, decision out."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=FLOOR_WINDOW_FRAMES)

    @property
    def floor_db(self) -> float:
        """Estimated background, the lowest frame level of the window (minimum statistics)."""
        lowest = min(self._levels, default=FIRST_FLOOR_DB)
        if len(self._levels) < FLOOR_WINDOW_FRAMES:
            lowest = min(lowest, FIRST_FLOOR_DB)
        return min(max(lowest, QUIETEST_FLOOR_DB), LOUDEST_FLOOR_DB)

    @property
    def loudest_db(self) -> float:
        """The loudest frame of the window."""
        return max(self._levels, default=QUIETEST_FLOOR_DB)

    def passes(self, frame_level_db: float) -> bool:
        """Take the next frame's level; True when it stands out of the background."""
        self._levels.append(frame_level_db)
        return frame_level_db > self.floor_db + MARGIN_DB


class SpeechDetector:
    """One leg's voice activity detector. Not shared between legs: it learns their background."""

    def __init__(self, aggressiveness: int = 2) -> None:
        self._vad = webrtcvad.Vad(aggressiveness)
        self._gate = EnergyGate()
        self._noise = SteadyNoise()
        self.foreground = Foreground()
        """Tells the caller from people in the background."""
        self._recent: deque[bool] = deque(maxlen=SMOOTHING_FRAMES)

    def is_speech(self, frame: PcmFrame) -> bool:
        """Whether this 20 ms frame is speech; `AudioError` for any other rate or length."""
        if frame.rate_hz != LINE_RATE_HZ:
            raise AudioError(
                "sample_rate",
                f"voice activity needs {LINE_RATE_HZ} Hz audio, this frame has {frame.rate_hz} Hz",
            )
        if len(frame.samples) != FRAME_BYTES:
            raise AudioError(
                "frame_size",
                f"voice activity needs frames of {FRAME_BYTES} bytes ({FRAME_MS} ms), "
                f"this one has {len(frame.samples)}",
            )
        level = level_db(frame.samples)
        stands_out = self._gate.passes(level)
        steady = self._noise.hears(frame.samples, level, self._gate.loudest_db)
        # webrtcvad adapts to every frame it sees, so it has to see the quiet ones too.
        voiced = bool(self._vad.is_speech(frame.samples, frame.rate_hz))
        heard = stands_out and voiced and not steady
        speech = self.foreground.passes(level, voiced=heard, end_s=frame.end_s)
        self._recent.append(speech)
        return speech

    @property
    def probability(self) -> float:
        """Share of speech in the last 100 ms, 0..1."""
        return sum(self._recent) / SMOOTHING_FRAMES

    @property
    def floor_db(self) -> float:
        """The background's level, dB relative to full scale."""
        return self._gate.floor_db
