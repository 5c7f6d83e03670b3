"""Closed graphs for closed questions: yes or no, digits, amounts.

A static graph cannot be narrowed while it runs, so each is a small model folder of its own. It
takes whatever is said for one of its sentences: ask `confidence` before believing it.
"""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from ivr.asr_build import lexicon
from ivr.asr_build.build import symbols_of, write_model
from ivr.asr_build.graph import Arc, Grammar
from ivr.asr_build.lexicon import folded
from ivr.asr_build.spoken_values import amounts
from ivr.dialogue.yes_no import FILLERS, NEGATED, NEGATIONS, YES
from ivr.speech import russian

NEXT_WORD_COST: Final = 1.0
"""Of each further word, -log P."""


def closed_sentences(name: str) -> tuple[str, ...]:
    """What may be said to a question: whole sentences for amounts, words to repeat otherwise."""
    match name:
        case "yes_no":
            return tuple(sorted(YES | NEGATIONS | NEGATED | FILLERS))
        case "digits":
            return tuple(sorted({*(russian.cardinal(n) for n in _SIMPLE), *_ALSO_DIGITS}))
        case "amounts":
            bare = (russian.cardinal(n) for n in (*range(1, 1001), *range(1100, 10001, 100)))
            return tuple(sorted({folded(text) for text in (*amounts(), *bare)}))
    raise ValueError(f"no closed graph {name!r}")


CLOSED: Final = ("yes_no", "digits", "amounts")
_SIMPLE: Final = (*range(21), *range(30, 100, 10), *range(100, 1000, 100))
_ALSO_DIGITS: Final = ("нуль", "одна", "две")


def build_closed(name: str, acoustic: Path, target: Path) -> tuple[int, int]:
    """Write the model folder of a closed graph; its states and arcs."""
    sentences = closed_sentences(name)
    words = lexicon.build(word for text in sentences for word in text.split())
    symbols = symbols_of(acoustic, words)
    texts = [[symbols.words[folded(word)] for word in text.split()] for text in sentences]
    grammar = listed(texts) if name == "amounts" else repeated([text[0] for text in texts])
    return write_model(target, acoustic, words, grammar, symbols)


def repeated(labels: Sequence[int]) -> Grammar:
    """One or more of the words, in any order."""
    cost = math.log(len(labels))
    arcs: list[Arc] = [(0, 1, label, label, cost) for label in labels]
    arcs += [(1, 1, label, label, cost + NEXT_WORD_COST) for label in labels]
    return Grammar(tuple(arcs), ((1, 0.0),))


def listed(sentences: Iterable[Sequence[int]]) -> Grammar:
    """Exactly these sentences, as a tree; all equally likely."""
    arcs: list[Arc] = []
    finals: dict[int, float] = {}
    state_of: dict[tuple[int, ...], int] = {(): 0}
    for sentence in sentences:
        for length, label in enumerate(sentence, 1):
            prefix = tuple(sentence[:length])
            if prefix not in state_of:
                state_of[prefix] = len(state_of)
                arcs.append((state_of[prefix[:-1]], state_of[prefix], label, label, 0.0))
        finals[state_of[tuple(sentence)]] = 0.0
    return Grammar(tuple(arcs), tuple(finals.items()))
