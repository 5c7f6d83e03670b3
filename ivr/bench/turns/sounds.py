"""A row of the set -> what the caller's phone sends, and where in it each piece begins and ends."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from ivr.asr_eval.render import through_a_law
from ivr.audio.augment import add_noise, change_level
from ivr.audio.pcm import LINE_RATE_HZ
from ivr.audio.resample import Samples, to_pcm
from ivr.audio.wav import decode_samples, load_samples
from ivr.bench.turns.rows import STRETCH, TurnRow
from ivr.errors import ConfigError, SetupError
from ivr.speech.shaping import levelled, samples_of, trimmed
from ivr.speech.synthesis.engines import CommandSynthesizer, find_festival

FIXTURES: Final = Path("audio_fixtures")
CACHE: Final = Path("var/cache/turns")
COMFORT_DBFS: Final = -65.0
"""Level of the line in pauses: audible to nobody, and not digital silence."""
NOISE_AROUND_MS: Final = 700
"""Background noise goes on before and after what is said."""
ESPEAK_VOICES: Final = ("ru", "ru+f2", "ru+m3")
VOICES: Final = ("festival", *(f"espeak-{voice}" for voice in ESPEAK_VOICES))
SYNTHESES_AT_ONCE: Final = 2


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """A turn as it is sent."""

    samples: bytes
    """int16 mono 8 kHz."""
    pieces: tuple[tuple[int, int], ...]
    """First sample and end of every piece."""

    @property
    def starts(self) -> int:
        """Sample at which speech begins."""
        return self.pieces[0][0]

    @property
    def ends(self) -> int:
        """Sample at which speech ends."""
        return self.pieces[-1][1]


class SoundBank:
    """Loads, renders and joins. Rendering runs on the event loop, the rest where it is called."""

    def __init__(self, fixtures: Path = FIXTURES, cache: Path = CACHE) -> None:
        self._fixtures = fixtures
        self._cache = cache
        self._gate = asyncio.Semaphore(SYNTHESES_AT_ONCE)

    async def render(self, rows: Sequence[TurnRow]) -> int:
        """Speak every phrase that is not in the cache; how many. `SetupError` without an engine."""
        wanted = {piece for row in rows for piece in row.pieces if _voice(piece)}
        missing = [piece for piece in sorted(wanted) if not self._rendered(piece).exists()]
        if missing:
            await asyncio.to_thread(self._cache.mkdir, parents=True, exist_ok=True)
            engines = {name: engine(name) for name in {_voice(piece) for piece in missing}}
            await asyncio.gather(*(self._speak(piece, engines) for piece in missing))
        return len(missing)

    async def _speak(self, piece: str, engines: Mapping[str, CommandSynthesizer]) -> None:
        voice, _, text = piece.partition(":")
        async with self._gate:
            clip = decode_samples(await engines[voice].synthesize(text), text)
        line = through_a_law(levelled(trimmed(clip)))
        path = self._rendered(piece)
        scratch = path.with_suffix(".part")
        soundfile.write(scratch, line, LINE_RATE_HZ, format="FLAC", subtype="PCM_16")
        scratch.replace(path)

    def _rendered(self, piece: str) -> Path:
        return self._cache / f"{hashlib.sha256(piece.encode()).hexdigest()[:24]}.flac"

    def spoken(self, row: TurnRow) -> SpokenTurn:
        """The row's audio; the same in every run. Its phrases must have been rendered."""
        rng = np.random.default_rng(_seed(row.id))
        parts: list[Samples] = []
        marks: list[tuple[int, int]] = []
        length = 0
        for index, piece in enumerate(row.pieces):
            if index:
                pause = _comfort(row.pauses_ms[index - 1], rng)
                parts.append(pause)
                length += len(pause)
            clip = self._piece(piece, rng)
            marks.append((length, length + len(clip)))
            parts.append(clip)
            length += len(clip)
        return _under_conditions(row, np.concatenate(parts), tuple(marks), rng)

    def _piece(self, piece: str, rng: np.random.Generator) -> Samples:
        if piece.startswith("sound:"):
            return made_sound(piece.removeprefix("sound:"), rng)
        if _voice(piece):
            return trimmed(load_samples(self._rendered(piece)))
        stretch = STRETCH.fullmatch(piece)
        if stretch is None:
            return trimmed(load_samples(self._fixtures / piece))
        whole = load_samples(self._fixtures / stretch["file"])
        start = round(float(stretch["start"]) * LINE_RATE_HZ)
        end = round(float(stretch["end"]) * LINE_RATE_HZ) if stretch["end"] else len(whole)
        return trimmed(whole[start:end])


def engine(voice: str) -> CommandSynthesizer:
    """The synthesizer of that name; `SetupError` when it is not installed."""
    if voice == "festival":
        found = find_festival()
        if found is None:
            raise SetupError("festival", "turns are spoken by Festival: apt install festvox-ru")
        return found
    name = voice.removeprefix("espeak-")
    command = ("espeak-ng", "-v", name, "-s", "140", "--stdin", "-w", "{output}")
    return CommandSynthesizer(voice, command)


def made_sound(name: str, rng: np.random.Generator) -> Samples:
    """Sounds that are no speech: two coughs, a click, a rustle. Floats at the line rate."""
    if name == "cough":
        gap = np.zeros(samples_of(120), np.float32)
        return np.concatenate((_burst(180, 0.35, rng), gap, _burst(220, 0.25, rng)))
    if name == "click":
        return _burst(25, 0.6, rng)
    if name == "rustle":
        length = samples_of(600)
        swell = np.sin(np.linspace(0, np.pi, length)) ** 2
        rustle: Samples = (rng.standard_normal(length) * swell * 0.04).astype(np.float32)
        return rustle
    raise ConfigError("sound", name, "cough, click, rustle")


def _burst(length_ms: int, peak: float, rng: np.random.Generator) -> Samples:
    """Noise that begins at once, dies away, and is duller than white."""
    length = samples_of(length_ms)
    noise = np.convolve(rng.standard_normal(length + 3), np.ones(4) / 4, mode="valid")
    shaped = noise * np.exp(-np.linspace(0.0, 4.0, length))
    burst: Samples = (shaped * peak / np.abs(shaped).max()).astype(np.float32)
    return burst


def _comfort(length_ms: int, rng: np.random.Generator) -> Samples:
    noise = rng.standard_normal(samples_of(length_ms)) * 10 ** (COMFORT_DBFS / 20)
    quiet: Samples = noise.astype(np.float32)
    return quiet


def _under_conditions(
    row: TurnRow, speech: Samples, marks: tuple[tuple[int, int], ...], rng: np.random.Generator
) -> SpokenTurn:
    level, snr = row.condition("level"), row.condition("noise")
    if level is not None:
        speech = change_level(speech, level)
    if snr is not None:
        around = np.zeros(samples_of(NOISE_AROUND_MS), np.float32)
        speech = add_noise(np.concatenate((around, speech, around)), snr, rng)
        marks = tuple((start + len(around), end + len(around)) for start, end in marks)
    return SpokenTurn(to_pcm(speech), marks)


def _voice(piece: str) -> str:
    """The synthesizer's name in a piece, '' where it is a recording or a made sound."""
    voice = piece.partition(":")[0]
    return voice if voice in VOICES else ""


def _seed(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
