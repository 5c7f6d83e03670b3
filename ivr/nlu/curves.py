"""What every threshold would do, which ones to take, and what a confidence is worth. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ivr.nlu.evaluation import OUT_OF_SCOPE, Prediction
from ivr.nlu.thresholds import Decision, decide

STEPS: Final = 100
MOST_WRONG: Final = 0.02
"""Of what is acted on at once: how much may be wrong under the advised threshold."""
FEWEST_RIGHT: Final = 0.5
"""A question «Вы хотите ...?» is worth asking while at least this share of them is right."""
BAND: Final = 0.05
"""Half the width of the window in which the share of right questions is taken."""
FEWEST_SEEN: Final = 5
"""A window with fewer phrases says nothing."""
BINS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptPoint:
    """What `accept` at this threshold does, as shares of all phrases."""

    threshold: float
    right: float
    """Acted on at once, rightly."""
    wrong: float
    """Acted on at once, wrongly: a wish taken for another, or an out-of-scope phrase for one."""

    @property
    def wrong_of_acted(self) -> float:
        acted = self.right + self.wrong
        return self.wrong / acted if acted else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmPoint:
    """What `confirm` at this threshold does below a fixed `accept`, as shares of all phrases."""

    threshold: float
    right: float
    """Asked about the right wish."""
    wrong: float
    """Asked about a wrong one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Thresholds for these predictions by the rules of `advise`."""

    accept: float
    confirm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Predictions of similar confidence; a model that knows itself is right that often."""

    low: float
    high: float
    count: int
    confidence: float
    """Mean."""
    right: float
    """Share."""


def accept_curve(predictions: Sequence[Prediction]) -> tuple[AcceptPoint, ...]:
    """For 0, 0.01 ... 1.01, where nothing is acted on any more; needs at least one prediction."""
    return tuple(_accept_point(predictions, step / STEPS) for step in range(STEPS + 2))


def confirm_curve(predictions: Sequence[Prediction], accept: float) -> tuple[ConfirmPoint, ...]:
    """For the thresholds 0, 0.01 ... `accept`."""
    steps = range(round(accept * STEPS) + 1)
    return tuple(_confirm_point(predictions, accept, step / STEPS) for step in steps)


def advise(predictions: Sequence[Prediction]) -> Advice:
    """Thresholds that serve most callers at once while few are served wrongly.

    `accept` is the lowest threshold with at most 2 % wrong of what is acted on. From there
    `confirm` goes down as long as questions at a confidence around it (+-0.05, at least five
    phrases) would be right at least every second time.
    """
    curve = accept_curve(predictions)
    accept = next(point.threshold for point in curve if point.wrong_of_acted <= MOST_WRONG)
    confirm = accept
    for step in reversed(range(round(accept * STEPS) + 1)):
        near = _near(predictions, step / STEPS)
        if len(near) < FEWEST_SEEN or _right(near) < FEWEST_RIGHT * len(near):
            break
        confirm = step / STEPS
    return Advice(accept=accept, confirm=confirm)


def reliability(predictions: Sequence[Prediction]) -> tuple[Bin, ...]:
    """Ten bins by the best intent's confidence; empty ones are left out."""
    bins = []
    for number in range(BINS):
        low, high = number / BINS, (number + 1) / BINS
        inside = [item for item in predictions if number == min(BINS - 1, int(_sure(item) * BINS))]
        if inside:
            mean = sum(_sure(item) for item in inside) / len(inside)
            right = _right(inside) / len(inside)
            bins.append(Bin(low=low, high=high, count=len(inside), confidence=mean, right=right))
    return tuple(bins)


def calibration_error(bins: Sequence[Bin]) -> float:
    """Mean distance between confidence and share of right answers, weighted by count (ECE)."""
    total = sum(item.count for item in bins)
    return sum(item.count * abs(item.confidence - item.right) for item in bins) / total


def _sure(item: Prediction) -> float:
    return item.result.intent.confidence


def _right(predictions: Sequence[Prediction]) -> int:
    return sum(item.right for item in predictions)


def _is_wish(item: Prediction) -> bool:
    return item.result.intent.name != OUT_OF_SCOPE


def _near(predictions: Sequence[Prediction], threshold: float) -> list[Prediction]:
    return [item for item in predictions if _is_wish(item) and abs(_sure(item) - threshold) <= BAND]


def _accept_point(predictions: Sequence[Prediction], threshold: float) -> AcceptPoint:
    acted = [item for item in predictions if _does(item, Decision.ACCEPT, threshold, 0.0)]
    right = _right(acted)
    total = len(predictions)
    return AcceptPoint(threshold=threshold, right=right / total, wrong=(len(acted) - right) / total)


def _confirm_point(
    predictions: Sequence[Prediction], accept: float, threshold: float
) -> ConfirmPoint:
    asked = [item for item in predictions if _does(item, Decision.CONFIRM, accept, threshold)]
    right = _right(asked)
    total = len(predictions)
    return ConfirmPoint(
        threshold=threshold, right=right / total, wrong=(len(asked) - right) / total
    )


def _does(item: Prediction, decision: Decision, accept: float, confirm: float) -> bool:
    found = decide(item.result, accept=accept, confirm=confirm)
    return found is decision and _is_wish(item)
