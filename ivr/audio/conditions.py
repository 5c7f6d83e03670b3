"""Augmentations as they are written: 'noise=20,10 g711 noise=20+gsm' -> conditions -> audio."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from ivr.audio import augment
from ivr.audio.resample import Samples
from ivr.errors import ConfigError

RANGES: Final = {
    "noise": (-10.0, 60.0),
    "babble": (-10.0, 60.0),
    "loss": (0.0, 90.0),
    "level": (-60.0, 40.0),
    "speed": (0.5, 2.0),
    "reverb": (0.05, 3.0),
}
"""Augmentations with a figure and what is allowed for it."""
BARE: Final = {"g711", "gsm", "reverb"}
"""Augmentations that need no figure."""
ALLOWED: Final = (
    "noise=DB, babble=DB (signal to noise), loss=PERCENT, level=DB, speed=FACTOR, "
    "reverb or reverb=SECONDS, g711, gsm; several values by commas, one upon another by '+'"
)


def is_augmentation(word: str) -> bool:
    """Whether a word of the command line names an augmentation rather than a file."""
    name = word.partition("=")[0].partition("+")[0]
    return name in RANGES or name in BARE


def expand(specs: Iterable[str]) -> tuple[str, ...]:
    """Every condition asked for, once, in order; `ConfigError` says what is allowed."""
    found: dict[str, None] = {}
    for word in " ".join(specs).split():
        head, _, last = word.rpartition("+")
        name, equals, values = last.partition("=")
        prefix = f"{head}+" if head else ""
        for value in values.split(",") if equals else [""]:
            condition = f"{prefix}{name}={value}" if equals else f"{prefix}{name}"
            _steps(condition)
            found[condition] = None
    return tuple(found)


def apply(condition: str, samples: Samples, voices: Sequence[Samples], name: str) -> Samples:
    """The audio under a condition. The same for the same `name`, whatever else is run."""
    for step, value in _steps(condition):
        seed = hashlib.sha256(f"{name}\t{step}\t{value}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(seed[:8], "big"))
        samples = _applied(step, value, samples, voices, rng)
    return samples


def _applied(
    step: str,
    value: float,
    samples: Samples,
    voices: Sequence[Samples],
    rng: np.random.Generator,
) -> Samples:
    match step:
        case "noise":
            return augment.add_noise(samples, value, rng)
        case "babble":
            return augment.add_babble(samples, value, voices, rng)
        case "loss":
            return augment.lose_packets(samples, value, rng)
        case "level":
            return augment.change_level(samples, value)
        case "speed":
            return augment.change_speed(samples, value)
        case "reverb":
            return augment.add_reverb(samples, value, rng)
        case "g711":
            return augment.through_codec(samples, "WAV", "ALAW")
        case _:
            return augment.through_codec(samples, "WAV", "GSM610")


def _steps(condition: str) -> list[tuple[str, float]]:
    return [_step(part, condition) for part in condition.split("+") if condition]


def _step(part: str, condition: str) -> tuple[str, float]:
    name, equals, value = part.partition("=")
    if not equals and name in BARE:
        return name, augment.REVERB_S
    if name not in RANGES:
        raise ConfigError("--augment", condition, ALLOWED)
    low, high = RANGES[name]
    try:
        number = float(value)
    except ValueError as exc:
        raise ConfigError("--augment", condition, ALLOWED) from exc
    if not low <= number <= high:
        raise ConfigError("--augment", condition, f"{name} from {low:g} to {high:g}")
    return name, number
