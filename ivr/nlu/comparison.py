"""Two models on the same phrases: figures side by side, what changed, whether it matters. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ivr.nlu.evaluation import Prediction, Score, score
from ivr.nlu.phrases import LabelledPhrase
from ivr.nlu.schema import ScoredIntent
from ivr.nlu.statistics import Interval, accuracy_difference, mcnemar_p

SIGNIFICANT: Final = 0.05
"""Two models whose exact McNemar test gives less than this are not equally good."""


@dataclass(frozen=True, slots=True)
class Change:
    """A phrase that only one of the two models gets right."""

    phrase: LabelledPhrase
    before: ScoredIntent
    after: ScoredIntent


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the second model does otherwise than the first."""

    phrases: int
    first: Score
    second: Score
    fixed: tuple[Change, ...]
    broken: tuple[Change, ...]
    p_value: float
    """Exact McNemar test."""
    difference: Interval
    """Accuracy of the second minus that of the first."""

    @property
    def significant(self) -> bool:
        return self.p_value < SIGNIFICANT

    @property
    def worse(self) -> bool:
        """True when the second is worse by more than chance explains."""
        return self.significant and len(self.broken) > len(self.fixed)


def compare(
    first: Sequence[Prediction], second: Sequence[Prediction], *, accept: float, confirm: float
) -> Comparison:
    """Both sequences are of the same phrases in the same order."""
    pairs = list(zip(first, second, strict=True))
    fixed = tuple(_change(a, b) for a, b in pairs if b.right and not a.right)
    broken = tuple(_change(a, b) for a, b in pairs if a.right and not b.right)
    return Comparison(
        phrases=len(pairs),
        first=score(first, accept=accept, confirm=confirm),
        second=score(second, accept=accept, confirm=confirm),
        fixed=fixed,
        broken=broken,
        p_value=mcnemar_p(len(fixed), len(broken)),
        difference=accuracy_difference(
            [item.right for item in first], [item.right for item in second]
        ),
    )


def _change(before: Prediction, after: Prediction) -> Change:
    return Change(before.phrase, before.result.intent, after.result.intent)
