"""What the caller heard, judged: against prompts by correlation, against words by recognition."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import soxr
import vosk

from ivr.audio.pcm import FRAME_BYTES
from ivr.softphone.listening import FRAME_S, audible

MODEL = Path("models/ru-0611")
VOICE = Path("models/voice-elena")
RATE_HZ = 8000


@cache
def _model() -> vosk.Model:
    vosk.SetLogLevel(-1)
    return vosk.Model(str(MODEL))


def words_in(samples: bytes) -> str:
    """What the recognizer makes of 8 kHz audio."""
    recognizer = vosk.KaldiRecognizer(_model(), float(RATE_HZ))
    texts = []
    for start in range(0, len(samples), 3200):
        if recognizer.AcceptWaveform(samples[start : start + 3200]):
            texts.append(json.loads(recognizer.Result())["text"])
    texts.append(json.loads(recognizer.FinalResult())["text"])
    return " ".join(text for text in texts if text)


@cache
def _recording(prompt_id: str, style: str = "") -> np.ndarray:
    """A recorded prompt, or a recorded word written as 'word:рублей', at 8 kHz."""
    return _line_audio(_row(prompt_id, style)[3])


@cache
def _sentences(prompt_id: str) -> tuple[np.ndarray, ...]:
    """The same cut into its sentences, which the bank joins with pauses of its own."""
    file = _row(prompt_id, "")[3]
    rows = (line.split("\t") for line in _lines("sentences.tsv"))
    audio = _line_audio(file)
    return tuple(
        audio[round(float(row[3]) * RATE_HZ) : round(float(row[4]) * RATE_HZ)]
        for row in rows
        if row[2] == file
    )


def _row(prompt_id: str, style: str) -> list[str]:
    word = prompt_id.removeprefix("word:") if prompt_id.startswith("word:") else ""
    for line in _lines("manifest.tsv"):
        row = line.split("\t")
        same = row[0] == "word" and row[2] == word if word else row[0] == prompt_id
        if same and style in ("", row[1]):
            return row
    raise AssertionError(f"no recording of {prompt_id} {style}")


def _lines(name: str) -> list[str]:
    return (VOICE / name).read_text(encoding="utf-8").splitlines()[1:]


def _line_audio(file: str) -> np.ndarray:
    samples, rate = soundfile.read(VOICE / file, dtype="float64")
    return np.asarray(soxr.resample(samples, rate, RATE_HZ))


def match(samples: bytes, prompt_id: str, style: str = "") -> float:
    """Best normalised cross-correlation of a recorded prompt within what was heard, 0..1."""
    whole = _correlation(samples, _recording(prompt_id, style))
    parts = [_correlation(samples, sentence) for sentence in _sentences(prompt_id)]
    return max(whole, min(parts)) if parts else whole


def _trimmed(template: np.ndarray) -> np.ndarray:
    """Without the silence at both ends, whose length is the bank's own business."""
    loud = np.flatnonzero(np.abs(template) > 0.02 * np.max(np.abs(template)))
    return template[loud[0] : loud[-1] + 1]


def _correlation(samples: bytes, whole_template: np.ndarray) -> float:
    """The better of half-second pieces: a jitter buffer's slip of a frame shifts all the rest."""
    template = _trimmed(whole_template)
    track = np.frombuffer(samples, dtype="<i2").astype(np.float64)
    pieces = np.array_split(template, max(1, round(len(template) / (0.5 * RATE_HZ))))
    return float(np.percentile([_best_match(track, piece) for piece in pieces], 60))


def _best_match(track: np.ndarray, piece: np.ndarray) -> float:
    if len(track) < len(piece):
        return 0.0
    size = 1 << (len(track) + len(piece) - 1).bit_length()
    cross = np.fft.irfft(np.fft.rfft(track, size) * np.conj(np.fft.rfft(piece, size)), size)
    energy = np.concatenate(([0.0], np.cumsum(track * track)))
    windows = energy[len(piece) :] - energy[: len(energy) - len(piece)]
    scale = np.sqrt(np.maximum(windows, 1e3) * np.sum(piece * piece))
    return float(np.max(np.abs(cross[: len(windows)]) / scale))


def heard(samples: bytes, *prompt_ids: str) -> bool:
    """True when every one of the recorded prompts was heard."""
    return all(match(samples, prompt_id) > 0.8 for prompt_id in prompt_ids)


def longest_silence_s(samples: bytes) -> float:
    """The longest stretch in which nothing can be heard."""
    longest = quiet = 0
    for start in range(0, len(samples) - FRAME_BYTES + 1, FRAME_BYTES):
        quiet = 0 if audible(samples[start : start + FRAME_BYTES]) else quiet + 1
        longest = max(longest, quiet)
    return longest * FRAME_S


def level_at(samples: bytes, frequency_hz: float) -> float:
    """Share of the signal's energy in a tone (Goertzel on the whole stretch), 0..1."""
    values = np.frombuffer(samples, dtype="<i2").astype(np.float64)
    spectrum = np.abs(np.fft.rfft(values)) ** 2
    total = float(np.sum(spectrum[1:])) or 1.0
    centre = round(frequency_hz * len(values) / RATE_HZ)
    return float(np.sum(spectrum[max(1, centre - 20) : centre + 21])) / total
