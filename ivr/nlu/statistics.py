"""Whether one model is better than another, or chance: exact and seeded figures. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import fmean, stdev
from typing import Final

import numpy as np

RESAMPLES: Final = 5000
SEED: Final = 611
CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and sample standard deviation of a few runs."""

    mean: float
    deviation: float


def mcnemar_p(fixed: int, broken: int) -> float:
    """Two-sided exact McNemar test; in: on how many items only one of two models is right.

    Out: how probable a split at least this uneven is where both models are equally good.
    """
    changed = fixed + broken
    tail = sum(comb(changed, count) for count in range(min(fixed, broken) + 1))
    return float(min(1.0, 2 * tail / 2**changed))


def accuracy_difference(first: Sequence[bool], second: Sequence[bool]) -> Interval:
    """Accuracy of the second minus that of the first on the same items, by paired bootstrap.

    Resamples items, so that what is hard for both stays paired; the seed is fixed.
    """
    change = np.asarray(second, float) - np.asarray(first, float)
    chosen = np.random.default_rng(SEED).integers(0, len(change), (RESAMPLES, len(change)))
    edge = (1 - CONFIDENCE) / 2
    low, high = np.quantile(change[chosen].mean(axis=1), (edge, 1 - edge))
    return Interval(float(change.mean()), float(low), float(high))


def spread(values: Sequence[float]) -> Spread:
    """Of at least one run; a single one has no deviation."""
    return Spread(fmean(values), stdev(values) if len(values) > 1 else 0.0)
