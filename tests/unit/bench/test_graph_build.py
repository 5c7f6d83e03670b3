"""Generated phrases of the build's benchmark."""

import itertools

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


def test_neighbours_are_those_of_the_sentences():
    pairs = {pair for one in SENTENCES for pair in zip(one.words, one.words[1:], strict=False)}
    for words in generated(SENTENCES, 20):
        assert 0 < len(words) <= LONGEST
        assert set(itertools.pairwise(words)) <= pairs


def test_few_sentences_give_no_more_than_there_are():
    assert generated([Sentence(("да",))], 5) == [("да",)]
