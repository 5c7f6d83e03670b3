"""Recordings through the recognizer of the calls -> hypotheses with times and memory."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from ivr.asr_eval.corpus import Recording, samples_of
from ivr.audio.pcm import LINE_RATE_HZ, SAMPLE_BYTES, duration_s
from ivr.errors import AudioError
from ivr.speech.vosk_asr import VoskRecognizer, VoskRecognizerFactory

LEAD_S: Final = 0.2
TAIL_S: Final = 0.55
"""Silence put around every recording, as the endpointing of a call leaves it."""
STEP_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Heard:
    """What came out for one recording."""

    recording: Recording
    text: str
    confidence: float
    audio_s: float
    final_s: float
    """From the end of the audio to the final hypothesis, seconds."""


@dataclass(frozen=True, slots=True)
class EngineRun:
    """One model on all recordings."""

    model: str
    heard: tuple[Heard, ...]
    unreadable: tuple[tuple[str, str], ...]
    """(recording, why) of files that are no audio; they count in nothing."""
    real_time_factor: float
    load_s: float
    memory_mb: float
    """Growth of this process by loading the model and recognizing, resident megabytes."""


async def recognize_all(
    model: Path,
    recordings: Sequence[Recording],
    on_progress: Callable[[int], None] = lambda _: None,
) -> EngineRun:
    """One recording after the other on one recognizer thread; raises `AsrError` only for faults
    of the model itself."""
    process = psutil.Process()
    before = process.memory_info().rss
    began = time.perf_counter()
    factory = await VoskRecognizerFactory.load(model, threads=1)
    load_s = time.perf_counter() - began
    recognizer = factory.create()
    voices = tuple(dict.fromkeys(one.path for one in recordings))
    heard: list[Heard] = []
    unreadable: list[tuple[str, str]] = []
    try:
        for number, recording in enumerate(recordings, 1):
            try:
                heard.append(await _recognize(recognizer, recording, voices))
            except AudioError as exc:
                unreadable.append((recording.name, exc.message))
            on_progress(number)
        factor = recognizer.busy_s / recognizer.audio_s if recognizer.audio_s else 0.0
    finally:
        await recognizer.aclose()
        await factory.aclose()
    grown = (process.memory_info().rss - before) / 2**20
    return EngineRun(model.name, tuple(heard), tuple(unreadable), factor, load_s, grown)


async def _recognize(
    recognizer: VoskRecognizer, recording: Recording, voices: Sequence[Path]
) -> Heard:
    samples = samples_of(recording, (LEAD_S, TAIL_S), voices)
    step = round(STEP_S * LINE_RATE_HZ) * SAMPLE_BYTES
    for start in range(0, len(samples), step):
        await recognizer.accept(samples[start : start + step])
        await recognizer.settle()
    ended = time.perf_counter()
    final = await recognizer.finish()
    final_s = time.perf_counter() - ended
    audio_s = duration_s(samples) - LEAD_S - TAIL_S
    return Heard(recording, final.text, final.confidence, audio_s, final_s)
