"""Audio files <-> PCM: anything libsndfile reads in, WAV out."""

import io
import wave
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from ivr.audio.pcm import LINE_RATE_HZ, SAMPLE_BYTES
from ivr.audio.resample import Samples, resample, to_pcm
from ivr.errors import AudioError


def load_audio(path: Path | str, rate_hz: int = LINE_RATE_HZ) -> bytes:
    """A file's audio as int16 mono at `rate_hz`; stereo is mixed down, other rates converted.

    Raises `AudioError` naming the file when it is missing, damaged, empty or no audio.
    """
    return to_pcm(load_samples(path, rate_hz))


def load_samples(path: Path | str, rate_hz: int = LINE_RATE_HZ) -> Samples:
    """Like `load_audio`, as floats."""
    try:
        with Path(path).open("rb") as file:
            return read_samples(file, str(path), rate_hz)
    except OSError as exc:
        raise AudioError("unreadable", f"{path} cannot be read: {exc.strerror}") from exc


def decode_samples(audio: bytes, name: str, rate_hz: int = LINE_RATE_HZ) -> Samples:
    """The same for a file's content in memory; `name` says in errors where it came from."""
    return read_samples(io.BytesIO(audio), name, rate_hz)


def read_samples(file: BinaryIO, name: str, rate_hz: int) -> Samples:
    """The same for an open file."""
    try:
        channels, from_hz = soundfile.read(file, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError, TypeError) as exc:
        raise AudioError("not_audio", f"{name} is not audio this program can read: {exc}") from exc
    if not len(channels):
        raise AudioError("empty", f"{name} contains no audio")
    mono = channels.mean(axis=1, dtype=np.float32)
    if not np.isfinite(mono).all():
        raise AudioError("damaged", f"{name} contains values that are not audio")
    return resample(mono, from_hz, rate_hz)


def write_wav(
    path: Path | str, pcm: bytes, rate_hz: int = LINE_RATE_HZ, *, channels: int = 1
) -> None:
    """Write int16 PCM, channels interleaved."""
    if len(pcm) % (SAMPLE_BYTES * channels):
        raise AudioError("odd_length", f"{path}: PCM does not end at a whole sample")
    try:
        # Opened here, because Wave_write trips over itself when it cannot open a path (3.11).
        with Path(path).open("wb") as raw, wave.open(raw, "wb") as file:
            file.setnchannels(channels)
            file.setsampwidth(SAMPLE_BYTES)
            file.setframerate(rate_hz)
            file.writeframes(pcm)
    except OSError as exc:
        raise AudioError("unwritable", f"{path} cannot be written: {exc.strerror}") from exc
