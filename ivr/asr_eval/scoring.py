"""Texts said and heard -> error rates with confidence intervals, and tests between models. Pure.

Intervals and tests resample whole utterances (Bisani and Ney 2004): errors within one utterance
depend on each other, those of different ones do not. The seed is fixed: same input, same figures.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import jiwer
import numpy as np

from ivr.nlu.normalise import read_numbers, words_of

RESAMPLES: Final = 2000
SEED: Final = 611
CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Errors:
    """Differences between what was said and heard in one utterance."""

    words: int
    word_errors: int
    characters: int
    character_errors: int
    edits: tuple[tuple[str, str], ...]
    """(said, heard) for every word wrong; '' for a word left out or put in."""
    has_numbers: bool
    numbers_wrong: bool


@dataclass(frozen=True, slots=True)
class Rate:
    """Errors in `of`, with the ends of the 95 % interval."""

    errors: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.errors / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Second minus first model on the same recordings."""

    difference: float
    """Of word error rates; below 0: the second is better."""
    low: float
    high: float
    p_value: float
    """Two-sided, paired bootstrap."""
    better: int
    """Utterances with fewer errors in the second."""
    worse: int


def compare_texts(said: str, heard: str) -> Errors:
    """Word and character errors; case, punctuation and 'ё' do not count."""
    said_words, heard_words = (_words(text) for text in (said, heard))
    by_word = jiwer.process_words(" ".join(said_words), " ".join(heard_words))
    by_character = jiwer.process_characters(" ".join(said_words), " ".join(heard_words))
    edits = [
        (_at(said_words, step.ref_start_idx, step.ref_end_idx, offset),
         _at(heard_words, step.hyp_start_idx, step.hyp_end_idx, offset))
        for step in by_word.alignments[0]
        if step.type != "equal"
        for offset in range(
            max(step.ref_end_idx - step.ref_start_idx, step.hyp_end_idx - step.hyp_start_idx)
        )
    ]  # fmt: skip
    said_numbers, heard_numbers = _numbers(said_words), _numbers(heard_words)
    return Errors(
        len(said_words),
        by_word.substitutions + by_word.deletions + by_word.insertions,
        len(" ".join(said_words)),
        by_character.substitutions + by_character.deletions + by_character.insertions,
        tuple(edits),
        bool(said_numbers),
        bool(said_numbers) and said_numbers != heard_numbers,
    )


def word_error_rate(errors: Sequence[Errors]) -> Rate:
    return rate([one.word_errors for one in errors], [one.words for one in errors])


def character_error_rate(errors: Sequence[Errors]) -> Rate:
    return rate([one.character_errors for one in errors], [one.characters for one in errors])


def number_error_rate(errors: Sequence[Errors]) -> Rate:
    """Of the utterances with numbers, those whose numbers came out otherwise."""
    flags = [int(one.numbers_wrong) for one in errors if one.has_numbers]
    return rate(flags, [1] * len(flags))


def rate(errors: Sequence[int], of: Sequence[int]) -> Rate:
    """A ratio of sums over utterances with its bootstrap interval."""
    if not sum(of):
        return Rate(sum(errors), 0, 0.0, 0.0)
    low, high = _interval(_resampled(np.asarray(errors, float), np.asarray(of, float)))
    return Rate(sum(errors), sum(of), low, high)


def compare(first: Sequence[Errors], second: Sequence[Errors]) -> Comparison:
    """Paired test; both sequences are of the same utterances in the same order."""
    of = np.asarray([one.words for one in first], float)
    change = np.asarray(
        [b.word_errors - a.word_errors for a, b in zip(first, second, strict=True)], float
    )
    resampled = _resampled(change, of)
    low, high = _interval(resampled)
    tail = min(float((resampled <= 0).mean()), float((resampled >= 0).mean()))
    return Comparison(
        float(change.sum() / of.sum()),
        low,
        high,
        min(1.0, 2 * tail),
        int((change < 0).sum()),
        int((change > 0).sum()),
    )


def worst_words(errors: Iterable[Errors], limit: int) -> list[tuple[tuple[str, str], int]]:
    """The most frequent confusions (said, heard)."""
    counts = Counter(edit for one in errors for edit in one.edits)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]


def grouped(
    errors: Sequence[Errors], keys: Sequence[str], measure: Callable[[Sequence[Errors]], Rate]
) -> Mapping[str, Rate]:
    """The rate of each group, in the order of the groups' names."""
    return {
        key: measure([one for one, other in zip(errors, keys, strict=True) if other == key])
        for key in sorted(set(keys))
    }


def length_group(words: int) -> str:
    """Utterances by number of words."""
    return "1" if words <= 1 else "2–3" if words <= 3 else "4–6" if words <= 6 else "7+"


def _resampled(errors: "np.ndarray", of: "np.ndarray") -> "np.ndarray":
    chosen = np.random.default_rng(SEED).integers(0, len(of), (RESAMPLES, len(of)))
    totals = of[chosen].sum(axis=1)
    ratios: np.ndarray = errors[chosen].sum(axis=1) / np.maximum(totals, 1.0)
    return ratios


def _interval(ratios: "np.ndarray") -> tuple[float, float]:
    edge = (1 - CONFIDENCE) / 2
    low, high = np.quantile(ratios, (edge, 1 - edge))
    return float(low), float(high)


def _words(text: str) -> list[str]:
    return [word.text for word in words_of(text)]


def _numbers(words: Sequence[str]) -> list[str]:
    return [str(number.value) for number in read_numbers(words)]


def _at(words: Sequence[str], first: int, end: int, offset: int) -> str:
    return words[first + offset] if first + offset < end else ""
