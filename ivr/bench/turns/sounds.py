"""A row of the set -> what the caller's phone sends, and where in it each piece begins and ends."""

import asyncio
import hashlib
import re
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
ESPEAK: Final = re.compile(r"espeak-(?P<name>ru[+\w]*)(-s(?P<speed>\d+)-p(?P<pitch>\d+))?")
"""A voice of espeak-ng with its speed (words a minute) and pitch (0 to 99)."""
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
    found_voice = ESPEAK.fullmatch(voice)
    if found_voice is None:
        raise ConfigError("voice", voice, "festival, or espeak-ru+f2 with speed and pitch")
    name, speed, pitch = found_voice["name"], found_voice["speed"], found_voice["pitch"]
    command = ("espeak-ng", "-v", name, "-s", speed or "140", "-p", pitch or "50")
    return CommandSynthesizer(voice, (*command, "--stdin", "-w", "{output}"))


def made_sound(name: str, rng: np.random.Generator) -> Samples:
    """Sounds that are no speech, by name. Floats at the line rate."""
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
    if name == "throat":
        return _voiced(rng, pulses=1, length_ms=320, pitch_hz=105.0, breath=0.5)
    if name == "laugh":
        return _voiced(rng, pulses=4, length_ms=130, pitch_hz=190.0, breath=0.35)
    if name == "sniff":
        return _breath(rng, 220, 0.06)
    if name == "breath":
        return _breath(rng, 900, 0.02)
    raise ConfigError("sound", name, "cough, throat, laugh, sniff, breath, click, rustle")


def _voiced(
    rng: np.random.Generator, *, pulses: int, length_ms: int, pitch_hz: float, breath: float
) -> Samples:
    """Bursts of a rough voice with an open vowel's formants, each a little lower: «ха-ха», «кхм».

    `breath`: the share of noise in it, 0..1.
    """
    parts: list[Samples] = []
    for number in range(pulses):
        length = samples_of(length_ms * float(rng.uniform(0.8, 1.2)))
        falling = pitch_hz * (1 - 0.05 * number) * np.linspace(1.1, 0.9, length)
        jitter = 1 + 0.03 * rng.standard_normal(length)
        phase = np.cumsum(falling * jitter) / LINE_RATE_HZ
        buzz = np.where(np.diff(np.floor(phase), prepend=0) > 0, 1.0, 0.0)
        air = 0.15 * rng.standard_normal(length)
        source = ((1 - breath) * buzz + breath * air).astype(np.float32)
        shaped = _resonant(_resonant(source, 750.0, 90.0), 1250.0, 120.0)
        shaped *= np.hanning(length)
        parts.append((shaped * 0.4 / np.abs(shaped).max()).astype(np.float32))
        parts.append(np.zeros(samples_of(90), np.float32))
    return np.concatenate(parts[:-1])


def _resonant(signal: Samples, centre_hz: float, width_hz: float) -> Samples:
    """A two-pole resonance, as a formant is."""
    radius = np.exp(-np.pi * width_hz / LINE_RATE_HZ)
    times = np.arange(samples_of(60))
    ringing = radius**times * np.sin(2 * np.pi * centre_hz / LINE_RATE_HZ * (times + 1))
    rung: Samples = np.convolve(signal, ringing)[: len(signal)]
    return rung


def _breath(rng: np.random.Generator, length_ms: int, level: float) -> Samples:
    """Air through a nose or a mouth: noise above 1 kHz that swells and dies away."""
    length = samples_of(length_ms)
    noise = np.diff(rng.standard_normal(length + 1))
    breath: Samples = (noise * np.hanning(length) * level).astype(np.float32)
    return breath


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
    return voice if voice in VOICES or ESPEAK.fullmatch(voice) else ""


def _seed(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
