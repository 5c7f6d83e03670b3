"""Predictions for tests of what is made of them."""

from ivr.nlu.evaluation import Prediction, judge
from ivr.nlu.phrases import LabelledPhrase
from ivr.nlu.schema import NluResult, ScoredIntent


def predicted(is_intent: str, taken_for: str, confidence: float, text: str = "текст") -> Prediction:
    """A phrase labelled `is_intent` that the model took for `taken_for`."""
    result = NluResult(text, (ScoredIntent(taken_for, confidence),))
    return judge(LabelledPhrase(text, is_intent, "test.yml:1"), result)
