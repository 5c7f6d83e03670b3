"""The caller's side of one turn as a small WAV, and its picture."""

import io
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from ivr.audio.pcm import LINE_RATE_HZ
from ivr.audio.resample import Samples
from ivr.errors import AudioError
from ivr.events import TurnCompleted
from ivr.fixtures.adding import caller_side

MARGIN_S: Final = 0.5
"""Audio before and after the turn: endpointing cuts close."""
COLUMNS: Final = 240
"""Strokes of the waveform."""


def cut(recording: str, turn: TurnCompleted) -> Samples:
    """The turn with a margin, 8 kHz; `AudioError` says what is missing.

    Times of a turn are seconds since the leg's first frame, and so are those of the recording.
    """
    if not recording or turn.speech_end_s is None:
        raise AudioError("missing", "звонок не записан")
    if not Path(recording).is_file():
        raise AudioError("missing", f"записи нет на диске: {recording}")
    start_s = (turn.speech_start_s or 0.0) - MARGIN_S
    samples = caller_side(Path(recording), start_s, turn.speech_end_s + MARGIN_S)
    if not len(samples):
        raise AudioError("empty", f"запись короче реплики: {recording}")
    return samples


def as_wav(samples: Samples) -> bytes:
    """16-bit WAV."""
    file = io.BytesIO()
    soundfile.write(file, samples, LINE_RATE_HZ, format="WAV", subtype="PCM_16")
    return file.getvalue()


def waveform(samples: Samples) -> tuple[int, ...]:
    """Peaks of equal stretches in percent of the loudest: soft speech is to be seen too."""
    stretches = np.array_split(np.abs(samples), min(COLUMNS, len(samples)))
    peaks = np.array([stretch.max() for stretch in stretches])
    scaled = np.rint(100 * peaks / max(float(peaks.max()), 1e-4))
    return tuple(int(peak) for peak in scaled)
