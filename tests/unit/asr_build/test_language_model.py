"""The back-off model: sums, back-off, figures."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.asr_build.language_model import BEGIN, END, Sentence, estimate, fit

pytestmark = pytest.mark.unit

WORDS = st.sampled_from(["баланс", "тариф", "мой", "какой", "да"])
SENTENCES = st.lists(
    st.builds(
        Sentence,
        st.lists(WORDS, min_size=1, max_size=5).map(tuple),
        st.floats(0.01, 3.0),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(SENTENCES, st.floats(0.05, 0.9))
def test_probabilities_after_every_history_sum_to_one(
    sentences: list[Sentence], general_weight: float
) -> None:
    model = estimate(sentences, {"мама": 2.0, "да": 5.0}, general_weight=general_weight)
    vocabulary = model.probabilities[()]
    for history in (*model.probabilities, ("мама", "да"), ("тариф", "мама")):
        total = sum(model.probability(word, history) for word in vocabulary)
        assert total == pytest.approx(1.0, abs=1e-9)


def test_seen_words_are_likelier_than_unseen_ones() -> None:
    model = estimate(
        [Sentence(("мой", "баланс")), Sentence(("мой", "тариф"))], {"кит": 1.0}, general_weight=0.3
    )
    after = (BEGIN, "мой")
    assert model.probability("баланс", after) > model.probability("кит", after) > 0
    assert model.order_of("баланс", after) == 3
    assert model.order_of("кит", after) == 1


def test_weights_count_like_repetitions() -> None:
    twice = estimate([Sentence(("да",))] * 2, {"кит": 1.0}, general_weight=0.3)
    weighted = estimate([Sentence(("да",), 2.0)], {"кит": 1.0}, general_weight=0.3)
    assert twice == weighted


def test_fit_counts_unknown_words_and_measures_the_rest() -> None:
    model = estimate([Sentence(("мой", "баланс"))], {}, general_weight=0.3)
    found = fit(model, [["мой", "баланс"], ["мой", "кит"]])
    assert (found.sentences, found.words, found.oov_words) == (2, 4, 1)
    assert found.hits[2] >= 2
    assert 1.0 < found.perplexity < 20.0
    assert math.isinf(fit(model, []).perplexity)


def test_the_end_of_a_sentence_is_predicted_too() -> None:
    model = estimate([Sentence(("да",))], {}, general_weight=0.3)
    assert model.probability(END, (BEGIN, "да")) > model.probability("да", (BEGIN, "да"))
