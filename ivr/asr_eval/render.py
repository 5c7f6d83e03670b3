"""Held-out texts -> recordings as a telephone line delivers them, with a manifest."""

import asyncio
import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from ivr.audio.pcm import LINE_RATE_HZ
from ivr.audio.resample import Samples
from ivr.audio.wav import decode_samples
from ivr.nlu.phrases import LabelledPhrase
from ivr.speech.shaping import levelled, samples_of, trimmed
from ivr.speech.synthesis.port import Synthesizer

COLUMNS: Final = ("file", "text", "intent", "slots", "voice", "source", "licence")
AT_ONCE: Final = 2
LEAD_MS: Final = 200
TAIL_MS: Final = 500


async def render(
    phrases: Sequence[LabelledPhrase],
    voice: Synthesizer,
    folder: Path,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Path:
    """Speak every phrase, write FLAC files (8 kHz, A-law) and manifest.tsv; the manifest's path."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    gate = asyncio.Semaphore(AT_ONCE)
    done = 0

    async def one(number: int, phrase: LabelledPhrase) -> str:
        nonlocal done
        async with gate:
            speech = decode_samples(await voice.synthesize(phrase.text), phrase.text)
        name = f"{number:04}.flac"
        soundfile.write(folder / name, _on_the_line(speech), LINE_RATE_HZ, subtype="PCM_16")
        done += 1
        on_progress(done)
        return name

    names = await asyncio.gather(*(one(number, phrase) for number, phrase in enumerate(phrases)))
    return await asyncio.to_thread(_write_manifest, folder, names, phrases, voice.voice_id)


def _write_manifest(
    folder: Path, names: Sequence[str], phrases: Sequence[LabelledPhrase], voice: str
) -> Path:
    manifest = folder / "manifest.tsv"
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(COLUMNS)
        for name, phrase in zip(names, phrases, strict=True):
            row = (name, phrase.text, phrase.intent, "", voice, f"synthesized with {voice}", "")
            writer.writerow(row)
    return manifest


def through_a_law(samples: Samples) -> Samples:
    """What is left of a clip after G.711 A-law: 8 bits, logarithmic above 1/87.6."""
    compression = 87.6
    scale = 1.0 + np.log(compression)
    level = np.abs(samples).clip(0.0, 1.0)
    curved = np.where(
        level < 1.0 / compression,
        compression * level / scale,
        (1.0 + np.log(np.maximum(compression * level, 1.0))) / scale,
    )
    coded = (np.floor(curved * 128.0).clip(0, 127) + 0.5) / 128.0
    opened = np.where(
        coded < 1.0 / scale,
        coded * scale / compression,
        np.exp(coded * scale - 1.0) / compression,
    )
    line: Samples = (np.sign(samples) * opened).astype(np.float32)
    return line


def _on_the_line(speech: Samples) -> Samples:
    clip = levelled(trimmed(speech))
    quiet = (np.zeros(samples_of(LEAD_MS), np.float32), np.zeros(samples_of(TAIL_MS), np.float32))
    return through_a_law(np.concatenate((quiet[0], clip, quiet[1])))
