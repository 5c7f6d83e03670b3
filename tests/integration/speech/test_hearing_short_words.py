"""Voice activity, endpointing, pre-roll and the real recognizer together, on one-word answers."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.audio.pcm import FRAME_SAMPLES, LINE_RATE_HZ, PcmFrame
from ivr.speech.endpointing import Endpointer, EndpointingProfile, PreRoll, SpeechStarted
from ivr.speech.vad import SpeechDetector
from ivr.speech.vosk_asr import VoskRecognizer, VoskRecognizerFactory

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
WORDS = ("да", "нет", "стоп", "ага", "оператор")


def line(name: str, *, gain: float, noise: float) -> bytes:
    """The recording on a line: silence around it, at another level, with noise."""
    speech, _ = soundfile.read(ROOT / "audio_fixtures" / name, dtype="int16")
    quiet = np.zeros(LINE_RATE_HZ)
    samples = np.concatenate([quiet, speech * gain, quiet])
    samples += np.random.default_rng(0).normal(0, noise, len(samples))
    return bytes(np.clip(samples, -32768, 32767).astype(np.int16).tobytes())


async def utterances(ears: VoskRecognizer, audio: bytes) -> list[str]:
    detector, pre_roll = SpeechDetector(), PreRoll()
    endpointer = Endpointer(EndpointingProfile(trailing_silence_ms=400))
    texts = []
    for index in range(0, len(audio) // 2 - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        samples = audio[index * 2 : (index + FRAME_SAMPLES) * 2]
        frame = PcmFrame(samples, LINE_RATE_HZ, index)
        event = endpointer.feed_frame(detector.is_speech(frame), frame)
        pre_roll.push(frame)
        if isinstance(event, SpeechStarted):
            await ears.accept(pre_roll.drain())
        elif event is not None:
            await ears.accept(samples)
            await ears.settle()
            texts.append((await ears.finish()).text)
        elif endpointer.in_utterance:
            await ears.accept(samples)
    return texts


@pytest.mark.parametrize(("gain", "noise"), [(1.0, 3.0), (1.0, 60.0), (0.2, 10.0)])
async def test_one_word_answers_are_heard_at_any_level(gain: float, noise: float) -> None:
    manifest = ROOT / "audio_fixtures" / "manifest.tsv"
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    chosen = [row for row in rows if row["text"] in WORDS]
    assert len(chosen) >= 3
    factory = await VoskRecognizerFactory.load(ROOT / "models" / "ru-0611")
    ears = factory.create()
    heard = [await utterances(ears, line(row["file"], gain=gain, noise=noise)) for row in chosen]
    await ears.aclose()
    await factory.aclose()
    assert all(len(texts) == 1 for texts in heard)
    wrong = [
        (row["text"], texts)
        for row, texts in zip(chosen, heard, strict=True)
        if texts != [row["text"]]
    ]
    assert len(wrong) <= 1, wrong
