import pytest

from ivr.nlu.evaluation import Prediction, score
from ivr.nlu.phrases import LabelledPhrase
from ivr.nlu.schema import NluResult, ScoredIntent

pytestmark = pytest.mark.unit


def predicted(is_intent: str, taken_for: str, confidence: float) -> Prediction:
    phrase = LabelledPhrase("текст", is_intent, "test.yml:1")
    result = NluResult("текст", (ScoredIntent(taken_for, confidence),))
    return Prediction(phrase, result, is_intent == taken_for)


def test_figures_count_what_was_acted_on_and_what_was_right() -> None:
    found = score(
        [
            predicted("balance", "balance", 0.9),
            predicted("balance", "balance", 0.4),
            predicted("operator", "balance", 0.8),
            predicted("operator", "operator", 0.9),
            predicted("out_of_scope", "operator", 0.9),
            predicted("out_of_scope", "out_of_scope", 0.9),
        ],
        accept=0.6,
        confirm=0.3,
    )
    assert found.accuracy == pytest.approx(4 / 6)
    assert (found.accepted_right, found.accepted_wrong, found.false_accepts) == (0.5, 0.25, 0.5)
    assert found.f1 == pytest.approx({"balance": 0.8, "operator": 0.5, "out_of_scope": 2 / 3})
    assert found.macro_f1 == pytest.approx((0.8 + 0.5 + 2 / 3) / 3)
