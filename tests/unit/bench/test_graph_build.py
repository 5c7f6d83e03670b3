"""Generated phrases of the build's benchmark."""

from itertools import pairwise

import pytest

from ivr.asr_build.language_model import Sentence
from ivr.bench.graph_build import LONGEST, generated

pytestmark = pytest.mark.unit

SENTENCES = [
    Sentence(tuple(text.split()))
    for text in ("какой у меня баланс", "какой у него тариф", "у меня нет сети", "нет у меня")
]


def test_phrases_are_different_and_the_same_every_time():
    first, again = generated(SENTENCES, 20), generated(SENTENCES, 20)
    assert first == again
    assert len(set(first)) == 20


def test_most_neighbours_are_those_of_the_sentences_and_some_are_not():
    known = {pair for one in SENTENCES for pair in pairwise(one.words)}
    made = [pair for words in generated(SENTENCES, 200) for pair in pairwise(words)]
    assert all(0 < len(words) <= LONGEST for words in generated(SENTENCES, 200))
    share = sum(pair in known for pair in made) / len(made)
    assert 0.3 < share < 1


def test_few_sentences_give_no_more_than_there_are():
    assert len(generated([Sentence(("да",))], 50)) < 50
