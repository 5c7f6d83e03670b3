import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.nlu.schema import NluResult, ScoredIntent
from ivr.nlu.thresholds import Decision, decide

pytestmark = pytest.mark.unit


def heard(*confidences: float) -> NluResult:
    ranking = tuple(ScoredIntent(f"intent_{n}", value) for n, value in enumerate(confidences))
    return NluResult("текст", ranking)


@pytest.mark.parametrize(
    ("confidences", "decision"),
    [
        ((0.9, 0.05), Decision.ACCEPT),
        ((0.6,), Decision.ACCEPT),
        ((0.59, 0.1), Decision.CONFIRM),
        ((0.3, 0.29), Decision.CONFIRM),
        ((0.29,), Decision.REJECT),
        ((0.0,), Decision.REJECT),
    ],
)
def test_confidence_decides_between_acting_asking_and_giving_up(
    confidences: tuple[float, ...], decision: Decision
) -> None:
    assert decide(heard(*confidences), accept=0.6, confirm=0.3) is decision


def test_two_intents_close_together_are_confirmed_even_above_the_threshold() -> None:
    assert decide(heard(0.48, 0.45), accept=0.4, confirm=0.2) is Decision.CONFIRM


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_only_confidence_at_a_threshold_is_ever_used(
    confidence: float, accept: float, confirm: float
) -> None:
    decision = decide(heard(confidence), accept=accept, confirm=confirm)
    assert (decision is Decision.ACCEPT) == (confidence >= accept)
    assert (decision is Decision.REJECT) == (confidence < min(accept, confirm))
