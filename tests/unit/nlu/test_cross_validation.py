from collections import Counter

import pytest

from ivr.nlu.cross_validation import make_folds
from ivr.nlu.phrases import LabelledPhrase

pytestmark = pytest.mark.unit

PHRASES = [
    LabelledPhrase(f"{intent} {number}", intent, "a.yml:1")
    for intent, count in (("balance", 23), ("operator", 11), ("help", 9))
    for number in range(count)
]


def test_every_phrase_is_held_out_once_and_trained_on_otherwise() -> None:
    folds = make_folds(PHRASES, 5)
    assert Counter(phrase for fold in folds for phrase in fold.held_out) == Counter(PHRASES)
    for fold in folds:
        assert Counter(fold.training + fold.held_out) == Counter(PHRASES)


def test_every_intent_is_spread_evenly() -> None:
    for fold in make_folds(PHRASES, 5):
        counts = Counter(phrase.intent for phrase in fold.held_out)
        assert counts["balance"] in (4, 5)
        assert counts["operator"] in (2, 3)
        assert counts["help"] in (1, 2)


def test_the_same_phrases_give_the_same_folds() -> None:
    assert make_folds(PHRASES, 3) == make_folds(list(PHRASES), 3)
