"""Where words end in a recording, as the recognizer hears them."""

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ivr.audio.pcm import FRAME_BYTES
from ivr.audio.wav import load_audio
from ivr.bench.turns.compose import Border
from ivr.fixtures.manifest import FixtureRow
from ivr.speech.asr import Hypothesis
from ivr.speech.vosk_asr import VoskRecognizerFactory

FEWEST_WORDS: Final = 3
TAIL: Final = bytes(2 * 8000)
"""A second of silence, so that the last word is decoded."""


async def borders_of(
    fixtures: Sequence[FixtureRow], folder: Path, model: Path
) -> dict[str, tuple[Border, ...]]:
    """By file; only recordings heard word for word as labelled, of three words or more."""
    factory = await VoskRecognizerFactory.load(model, threads=1)
    libc = ctypes.CDLL(None)
    found = {}
    try:
        for row in fixtures:
            libc.srand(1)  # Kaldi's dither: the same words at the same times in every run
            hypothesis = await heard(factory, load_audio(folder / row.file) + TAIL)
            words = [word.text for word in hypothesis.words]
            if words == row.text.replace("ё", "е").split() and len(words) >= FEWEST_WORDS:
                found[row.file] = between(hypothesis)
    finally:
        await factory.aclose()
    return found


def between(hypothesis: Hypothesis) -> tuple[Border, ...]:
    """The middle between every two words, and the word that follows."""
    pairs = zip(hypothesis.words, hypothesis.words[1:], strict=False)
    return tuple(((one.end_s + two.start_s) / 2, two.text) for one, two in pairs)


async def heard(factory: VoskRecognizerFactory, pcm: bytes) -> Hypothesis:
    """What a recognizer makes of int16 mono 8 kHz audio, with the times of its words."""
    recognizer = factory.create()
    try:
        for start in range(0, len(pcm), 10 * FRAME_BYTES):
            await recognizer.accept(pcm[start : start + 10 * FRAME_BYTES])
            await recognizer.settle()
        return await recognizer.finish()
    finally:
        await recognizer.aclose()
