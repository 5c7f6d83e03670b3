"""Arcs of lexicon, grammar and phone states."""

import math

import pytest

from ivr.asr_build import lexicon
from ivr.asr_build.graph import (
    Symbols,
    lexicon_arcs,
    ngram_grammar,
    number_words,
    with_phone_states,
)
from ivr.asr_build.language_model import Sentence, estimate

pytestmark = pytest.mark.unit


def test_ngram_costs_leaving_a_state_are_probabilities() -> None:
    model = estimate([Sentence(("да",)), Sentence(("да", "нет"))], {}, general_weight=0.3)
    words = number_words(sorted(set(model.probabilities[()]) - {"</s>"}))
    grammar = ngram_grammar(model, words)
    assert grammar.arcs[0][0] == 0
    backoff = words["#0"]
    root = max(
        {a for a, *_ in grammar.arcs} - {a for a, _, i, _, _ in grammar.arcs if i == backoff}
    )
    at_root = [cost for a, _, _, _, cost in grammar.arcs if a == root]
    final = dict(grammar.finals)[root]
    assert sum(math.exp(-cost) for cost in (*at_root, final)) == pytest.approx(1.0)


def test_homophones_end_in_different_disambiguation_symbols() -> None:
    words = lexicon.build(["кот", "код"])
    phones = {"SIL": 1, "k_B": 2, "o_I": 3, "t_E": 4}
    arcs, _ = lexicon_arcs(words, Symbols(phones, number_words(words.entries)))
    ends = [label for _, target, label, _, _ in arcs if target == 0]
    assert sorted(ends) == [4, 7]


def test_a_phone_becomes_a_first_frame_and_a_loop_on_its_state() -> None:
    arcs, finals = with_phone_states("0 1 3 9 0.5\n1 2 50 0 0\n2 0\n", first_disambiguation=50)
    assert arcs == [(0, 1, 6, 9, 0.5), (1, 1, 5, 0, 0.0), (1, 2, 0, 0, 0.0)]
    assert finals == [(2, 0.0)]
