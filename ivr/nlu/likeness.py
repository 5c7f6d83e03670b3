"""How like two phrases are, whatever their spelling and the order of their words. Pure.

Comparing every phrase with every other takes O(n²) time (0.5 s for 2 200 phrases, most of it in
rapidfuzz's C++) and O(n) memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from rapidfuzz import fuzz, process

from ivr.nlu.normalise import words_of

ROWS: Final = 256
"""Phrases compared with all others at a time; bounds the memory."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Places of two phrases in their lists, and how like they are, 0..100.

    `in_order` is rapidfuzz's ratio of the phrases as said, `reordered` that of their sorted words.
    """

    left: int
    right: int
    in_order: float
    reordered: float

    @property
    def likeness(self) -> float:
        return max(self.in_order, self.reordered)


def comparable(text: str) -> str:
    """Lower case, 'е' for 'ё', words and single spaces only."""
    return " ".join(word.text for word in words_of(text))


def reordered(text: str) -> str:
    """The same words for every order they are said in."""
    return " ".join(sorted(text.split()))


def pairs_within(texts: Sequence[str], cutoff: float) -> Iterator[Pair]:
    """Each two comparable texts that are at least `cutoff` alike, once; equal ones too."""
    for first in range(0, len(texts), ROWS):
        for pair in _pairs(texts[first : first + ROWS], texts[first:], cutoff):
            if pair.left < pair.right:
                yield Pair(first + pair.left, first + pair.right, pair.in_order, pair.reordered)


def pairs_between(left: Sequence[str], right: Sequence[str], cutoff: float) -> Iterator[Pair]:
    """Comparable texts of `left` with those of `right` that are at least `cutoff` alike."""
    for first in range(0, len(left), ROWS):
        for pair in _pairs(left[first : first + ROWS], right, cutoff):
            yield Pair(first + pair.left, pair.right, pair.in_order, pair.reordered)


def nearest(text: str, texts: Sequence[str], count: int) -> tuple[tuple[int, float], ...]:
    """Places of the `count` most similar comparable texts, the most similar first, 0..100."""
    if not texts:
        return ()
    in_order, sorted_words = _ratios([text], texts, 0.0)
    likeness = np.maximum(in_order, sorted_words)[0]
    order = np.argsort(-likeness, kind="stable")[:count]
    return tuple((int(place), float(likeness[place])) for place in order)


def _pairs(left: Sequence[str], right: Sequence[str], cutoff: float) -> Iterator[Pair]:
    if not left or not right:
        return
    in_order, sorted_words = _ratios(left, right, cutoff)
    for row, column in np.argwhere(np.maximum(in_order, sorted_words) >= cutoff):
        scores = float(in_order[row, column]), float(sorted_words[row, column])
        yield Pair(int(row), int(column), *scores)


def _ratios(
    left: Sequence[str], right: Sequence[str], cutoff: float
) -> tuple["np.ndarray[tuple[int, int], np.dtype[np.float32]]", ...]:
    """Below the cutoff a ratio is 0, which saves the exact figure where nobody asks for it."""
    return tuple(
        process.cdist(rows, columns, scorer=fuzz.ratio, score_cutoff=cutoff, dtype=np.float32)
        for rows, columns in (
            (left, right),
            ([reordered(text) for text in left], [reordered(text) for text in right]),
        )
    )
