"""Predictions -> who was taken for whom. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ivr.nlu.evaluation import Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Phrases with one label that got one intent."""

    said: str
    found: str
    count: int
    share: float
    """Of the phrases with that label."""
    texts: tuple[str, ...]

    @property
    def right(self) -> bool:
        return self.said == self.found


@dataclass(frozen=True, slots=True)
class Matrix:
    """Labels down, intents found across; empty cells are left out."""

    names: tuple[str, ...]
    """In the order of first use, labels before intents nobody meant."""
    cells: tuple[Cell, ...]

    @property
    def mistakes(self) -> tuple[Cell, ...]:
        """The most frequent first."""
        wrong = (cell for cell in self.cells if not cell.right)
        return tuple(sorted(wrong, key=lambda cell: (-cell.count, -cell.share, cell.said)))


def confusion_matrix(predictions: Sequence[Prediction]) -> Matrix:
    """What counts as right by an alias is on the diagonal."""
    pairs = [(item.phrase.intent, _found(item)) for item in predictions]
    names = dict.fromkeys([*(said for said, _ in pairs), *(found for _, found in pairs)])
    totals = Counter(said for said, _ in pairs)
    cells = tuple(
        Cell(
            said=said,
            found=found,
            count=count,
            share=count / totals[said],
            texts=tuple(
                item.phrase.text
                for item, pair in zip(predictions, pairs, strict=True)
                if pair == (said, found)
            ),
        )
        for (said, found), count in Counter(pairs).items()
    )
    return Matrix(tuple(names), cells)


def _found(item: Prediction) -> str:
    return item.phrase.intent if item.right else item.result.intent.name
