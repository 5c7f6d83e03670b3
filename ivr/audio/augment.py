"""What telephone lines and rooms do to speech, as functions of samples. Deterministic by seed.

Audio is mono 8 kHz, -1..1. Levels of speech are measured over its loud frames only, so that pauses
do not make noise louder than asked for.
"""

import io
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import soundfile

from ivr.audio.pcm import FRAME_SAMPLES, LINE_RATE_HZ
from ivr.audio.resample import Samples, resample

LOUD_WITHIN_DB: Final = 30.0
"""Frames this much below the loudest one count as pauses."""
REVERB_S: Final = 0.4
"""Time in which the echo of a furnished room falls by 60 dB."""
REVERB_SHARE: Final = 0.35
"""Energy of the room's answer relative to the direct sound: a phone on the table."""
BABBLE_VOICES: Final = 5


def speech_level(samples: Samples) -> float:
    """RMS of the loud frames; 0 for silence."""
    whole = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    if not len(whole):
        return 0.0
    levels = np.sqrt(np.mean(whole.astype(np.float64) ** 2, axis=1))
    loud = levels[levels >= levels.max() * 10 ** (-LOUD_WITHIN_DB / 20)]
    return float(np.sqrt(np.mean(loud**2)))


def add_noise(samples: Samples, snr_db: float, rng: np.random.Generator) -> Samples:
    """Pink noise (as streets and engines make) `snr_db` below the speech."""
    spectrum = np.fft.rfft(rng.standard_normal(len(samples)))
    frequency = np.maximum(np.fft.rfftfreq(len(samples), 1 / LINE_RATE_HZ), 50.0)
    noise = np.fft.irfft(spectrum / np.sqrt(frequency), len(samples))
    return _mixed(samples, noise.astype(np.float32), snr_db)


def add_babble(
    samples: Samples, snr_db: float, voices: Sequence[Samples], rng: np.random.Generator
) -> Samples:
    """Several people talking at once `snr_db` below the speech; `voices` must not be empty."""
    babble = np.zeros(len(samples), dtype=np.float32)
    for index in rng.choice(len(voices), size=BABBLE_VOICES):
        voice = voices[int(index)]
        repeated = np.tile(voice, -(-len(samples) // len(voice)))[: len(samples)]
        level = speech_level(voice)
        if level:
            babble += np.roll(repeated, int(rng.integers(len(samples)))) / level
    return _mixed(samples, babble, snr_db)


def lose_packets(samples: Samples, percent: float, rng: np.random.Generator) -> Samples:
    """Silence in place of that share of the 20 ms packets, in bursts of two on average."""
    packets = -(-len(samples) // FRAME_SAMPLES)
    share = percent / 100
    leave = 0.5
    enter = min(1.0, share * leave / max(1e-9, 1 - share))
    lost = np.zeros(packets, dtype=bool)
    losing = bool(rng.random() < share)
    for index in range(packets):
        lost[index] = losing
        losing = rng.random() >= leave if losing else bool(rng.random() < enter)
    kept = samples.copy()
    kept[np.repeat(lost, FRAME_SAMPLES)[: len(samples)]] = 0.0
    return kept


def through_codec(samples: Samples, container: str, subtype: str) -> Samples:
    """Encoded and decoded by libsndfile: ('WAV', 'ALAW'), ('WAV', 'GSM610')."""
    buffer = io.BytesIO()
    clipped = np.clip(samples, -1.0, 1.0)
    soundfile.write(buffer, clipped, LINE_RATE_HZ, format=container, subtype=subtype)
    buffer.seek(0)
    decoded, _ = soundfile.read(buffer, dtype="float32")
    fitted: Samples = np.zeros(len(samples), dtype=np.float32)
    length = min(len(samples), len(decoded))  # GSM works in blocks of 320 samples
    fitted[:length] = decoded[:length]
    return fitted


def change_level(samples: Samples, decibels: float) -> Samples:
    """Louder or fainter; clipped at full scale, as a line does."""
    changed: Samples = np.clip(samples * 10 ** (decibels / 20), -1.0, 1.0).astype(np.float32)
    return changed


def change_speed(samples: Samples, factor: float) -> Samples:
    """Faster (above 1) or slower, pitch included, as a tape would."""
    return resample(samples, round(LINE_RATE_HZ * factor), LINE_RATE_HZ)


def add_reverb(samples: Samples, seconds: float, rng: np.random.Generator) -> Samples:
    """The same in a room whose echo falls by 60 dB within `seconds`; the length stays."""
    length = max(1, round(seconds * LINE_RATE_HZ))
    times = np.arange(length) / LINE_RATE_HZ
    tail = rng.standard_normal(length) * 10 ** (-3.0 * times / seconds)
    tail[: round(0.005 * LINE_RATE_HZ)] = 0.0  # the first reflection has 5 ms to travel
    tail *= math.sqrt(REVERB_SHARE / float(np.sum(tail**2)))
    tail[0] = 1.0
    size = len(samples) + length
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)
    reverberant: Samples = wet[: len(samples)].astype(np.float32)
    return reverberant


def _mixed(samples: Samples, noise: Samples, snr_db: float) -> Samples:
    speech, level = speech_level(samples), float(np.sqrt(np.mean(noise.astype(np.float64) ** 2)))
    if not speech or not level:
        return samples
    mixed: Samples = samples + noise * np.float32(speech / level * 10 ** (-snr_db / 20))
    return np.clip(mixed, -1.0, 1.0)
