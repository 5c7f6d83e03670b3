"""What makes clips of different origin sound like one voice on one line. Pure.

Recordings and synthesized clips arrive as floats at the line rate and leave as PCM whose edges are
short, faded and at one speech level, so that they can be joined with silence alone.
"""

from typing import Final

import numpy as np

from ivr.audio.pcm import LINE_RATE_HZ
from ivr.audio.resample import Samples

SPEECH_DBFS: Final = -20.0
"""Level of active speech in the recordings (their README)."""
LEAD_MS: Final = 10
"""Kept before the first sound: onsets of plosives and fricatives are quiet."""
TAIL_MS: Final = 25
"""Kept after the last sound: it dies away rather than stops."""
_SILENCE_DBFS: Final = -45.0
_FADE_MS: Final = 5
_PEAK: Final = 0.89
"""-1 dBFS, headroom for the codec."""
_BAND_HZ: Final = (150.0, 250.0, 3400.0, 3700.0)
"""Telephone band: stop, pass, pass, stop."""
_LEVEL_FRAME: Final = LINE_RATE_HZ // 50


def samples_of(milliseconds: float) -> int:
    """Length at the line rate."""
    return round(milliseconds * LINE_RATE_HZ / 1000)


def trimmed(clip: Samples) -> Samples:
    """The clip without silence at its ends and with faded edges; empty when nothing sounds."""
    sounding = np.flatnonzero(_envelope(clip) > 10 ** (_SILENCE_DBFS / 20))
    if not len(sounding):
        return clip[:0]
    start = max(0, int(sounding[0]) - samples_of(LEAD_MS))
    end = min(len(clip), int(sounding[-1]) + 1 + samples_of(TAIL_MS))
    return _faded(clip[start:end])


def levelled(clip: Samples, level_dbfs: float = SPEECH_DBFS) -> Samples:
    """The clip with its active speech at `level_dbfs`, softer where it would clip."""
    speech = speech_level(clip)
    if speech == 0.0:
        return clip
    gain = 10 ** (level_dbfs / 20) / speech
    peak = float(np.abs(clip).max())
    return (clip * np.float32(min(gain, _PEAK / peak))).astype(np.float32)


def speech_level(clip: Samples) -> float:
    """Root mean square of the 20 ms frames that carry speech, 0..1; 0 for silence."""
    frames = clip[: len(clip) // _LEVEL_FRAME * _LEVEL_FRAME].reshape(-1, _LEVEL_FRAME)
    power = (frames.astype(np.float64) ** 2).mean(axis=1)
    if not len(power) or power.max() < 1e-10:
        return 0.0
    active = power[power > power.max() * 1e-3]  # within 30 dB of the loudest
    return float(np.sqrt(active.mean()))


def band_limited(clip: Samples) -> Samples:
    """The clip through a linear-phase telephone band."""
    if not len(clip):
        return clip
    size = 1 << (len(clip) + LINE_RATE_HZ // 10).bit_length()
    frequencies = np.fft.rfftfreq(size, 1 / LINE_RATE_HZ)
    response = np.interp(frequencies, _BAND_HZ, (0.0, 1.0, 1.0, 0.0))
    filtered = np.fft.irfft(np.fft.rfft(clip, size) * response, size)[: len(clip)]
    return filtered.astype(np.float32)


def _faded(clip: Samples) -> Samples:
    length = min(samples_of(_FADE_MS), len(clip) // 2)
    ramp = np.sin(np.linspace(0.0, np.pi / 2, length, dtype=np.float32))
    faded = clip.copy()
    if length:
        faded[:length] *= ramp
        faded[-length:] *= ramp[::-1]
    return faded


def _envelope(clip: Samples) -> Samples:
    """Mean magnitude over 4 ms: one stray sample is not a sound."""
    width = samples_of(4)
    if len(clip) < width:
        return np.zeros(len(clip), dtype=np.float32)
    smoothed = np.convolve(np.abs(clip), np.full(width, 1 / width, dtype=np.float32), mode="same")
    return smoothed.astype(np.float32)
