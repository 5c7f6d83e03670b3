"""Turns that say nearly the same -> one to decide about, with the others behind it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from ivr.nlu.phrases import spelling
from ivr.review.masking import Masked, mask
from ivr.review.ranking import RankedTurn

ALIKE: Final = 90.0
"""rapidfuzz ratio: a letter or an ending misheard, one short word more."""
NEGATIONS: Final = frozenset({"не", "нет", "ни", "без", "нету"})
"""One letter pair that turns a wish round: texts that differ in them are never alike."""


@dataclass(frozen=True, slots=True)
class Item:
    """One decision to take: the most valuable turn of a group and those like it."""

    turn: RankedTurn
    masked: Masked
    similar: tuple[RankedTurn, ...] = ()

    @property
    def key(self) -> str:
        """Of the turn that stands for all."""
        return self.turn.key

    @property
    def keys(self) -> tuple[str, ...]:
        """Of all turns the decision is about."""
        return (self.key, *(turn.key for turn in self.similar))


def fold(turns: Sequence[RankedTurn], limit: int) -> tuple[Item, ...]:
    """The most valuable groups, at most `limit`, by falling score.

    Compared without personal data: two numbers make no difference.
    """
    ranked = sorted(turns, key=lambda turn: (-turn.score, turn.turn.at, turn.key))
    masked = [mask(turn.turn.text) for turn in ranked]
    texts = [spelling(one.text.lower()) for one in masked]
    left = dict.fromkeys(range(len(ranked)))
    items: list[Item] = []
    while left and len(items) < limit:
        first = next(iter(left))
        del left[first]
        alike = _alike(texts, first, list(left))
        for place in alike:
            del left[place]
        items.append(Item(ranked[first], masked[first], tuple(ranked[place] for place in alike)))
    return tuple(items)


def _alike(texts: Sequence[str], first: int, others: Sequence[int]) -> list[int]:
    text = texts[first]
    if not text or not others:
        return []
    scores = process.cdist(
        [text], [texts[place] for place in others], scorer=fuzz.ratio, score_cutoff=ALIKE
    )[0]
    return [
        place
        for place, score in zip(others, scores, strict=True)
        if score and _negations(texts[place]) == _negations(text)
    ]


def _negations(text: str) -> list[str]:
    return [word for word in text.split() if word in NEGATIONS]
