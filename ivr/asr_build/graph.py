"""Lexicon and grammar -> arcs of L and G; arcs of L o G -> arcs of the decoding graph. Pure.

What lies between is OpenFST's work, see ivr/asr_build/openfst.py. C is the identity, because the
model's phones have no context; H is put in by hand, because each phone is one emitting state.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.asr_build.language_model import BEGIN, END, History, LanguageModel
from ivr.asr_build.lexicon import Lexicon

SILENCE: Final = "SIL"
SILENCE_PROBABILITY: Final = 0.5
"""Of a pause between two words and at both ends."""
BACKOFF: Final = "#0"

Arc = tuple[int, int, int, int, float]
"""(from, to, input, output, cost)"""


@dataclass(frozen=True, slots=True)
class Symbols:
    """Numbers of phones and words; disambiguation symbols follow the phones."""

    phones: Mapping[str, int]
    words: Mapping[str, int]

    @property
    def first_disambiguation(self) -> int:
        return max(self.phones.values()) + 1


@dataclass(frozen=True, slots=True)
class Grammar:
    """A weighted acceptor of words: state 0 begins, costs are -log P. Label 0 is epsilon."""

    arcs: tuple[Arc, ...]
    finals: tuple[tuple[int, float], ...]


Fst = tuple[list[Arc], list[tuple[int, float]]]
"""Arcs and final costs; the first arc leaves the start."""


def read_phones(path: Path) -> dict[str, int]:
    """The model's graph/phones.txt -> numbers by name, without epsilon and disambiguation."""
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return {name: int(number) for name, number in lines if name[0] not in "<#"}


def number_words(words: Iterable[str]) -> dict[str, int]:
    """words.txt of a graph: epsilon is 0, the words from 1, then what Kaldi wants at the end."""
    names = ["<eps>", *words, BACKOFF, BEGIN, END]
    return {name: number for number, name in enumerate(names)}


def ngram_grammar(model: LanguageModel, words: Mapping[str, int]) -> Grammar:
    """The back-off model as an acceptor: a state per history, back-off arcs read '#0'."""
    start: History = (BEGIN,)
    histories = sorted(model.probabilities, key=lambda history: (history != start, history))
    state = {history: number for number, history in enumerate(histories)}
    arcs: list[Arc] = []
    finals: list[tuple[int, float]] = []
    for history in histories:
        here = state[history]
        for word, probability in model.probabilities[history].items():
            if word == END:
                if probability > 0:
                    finals.append((here, -math.log(probability)))
                continue
            label = words[word]
            arcs.append((here, _next(state, history, word), label, label, -math.log(probability)))
        if history:
            shorter = history[1:]
            while shorter not in state:
                shorter = shorter[1:]
            arcs.append((here, state[shorter], words[BACKOFF], 0, -math.log(model.shares[history])))
    return Grammar(tuple(arcs), tuple(finals))


def _next(state: Mapping[History, int], history: History, word: str) -> int:
    """The longest history that is a state after this word."""
    reached = (*history, word)[-2:]
    while reached not in state:
        reached = reached[1:]
    return state[reached]


def lexicon_arcs(lexicon: Lexicon, symbols: Symbols) -> Fst:
    """L: state 0 is before a possible pause, state 1 between words, state 2 after a pause.

    Homophones end in different disambiguation symbols, else L could not be determinized. The
    pause is marked as well, so that 'no pause' and 'pause' stay different paths.
    """
    phones, base = symbols.phones, symbols.first_disambiguation
    pause = -math.log(SILENCE_PROBABILITY)
    no_pause = -math.log(1 - SILENCE_PROBABILITY)
    arcs: list[Arc] = [
        (0, 1, 0, 0, no_pause),
        (0, 2, phones[SILENCE], 0, pause),
        (2, 1, base + 1, 0, 0.0),
        (1, 1, base, symbols.words[BACKOFF], 0.0),
    ]
    taken: dict[tuple[str, ...], int] = {}
    free = 3
    for word, variants in lexicon.entries.items():
        for variant in variants:
            twins = taken[variant] = taken.get(variant, 0) + 1
            labels = [phones[phone] for phone in variant] + ([base + twins] if twins > 1 else [])
            at, output = 1, symbols.words[word]
            for label in labels[:-1]:
                arcs.append((at, free, label, output, 0.0))
                at, output, free = free, 0, free + 1
            arcs.append((at, 0, labels[-1], output, 0.0))
    return arcs, [(1, 0.0)]


def with_phone_states(fst_text: str, first_disambiguation: int) -> Fst:
    """H: a phone's first frame leads to a copy of the target state that loops on that phone.

    Transition-ids of phone p: self-loop 2(p-1)+1, first frame 2(p-1)+2. A state is split by the
    phone that leads into it; disambiguation symbols become epsilon and drop the loop.
    """
    outgoing, finals = _parsed(fst_text)
    copies: dict[tuple[int, int], int] = {(0, 0): 0}
    todo = [(0, 0)]
    arcs: list[Arc] = []
    ends: list[tuple[int, float]] = []
    while todo:
        state, phone = todo.pop()
        here = copies[state, phone]
        if phone:
            arcs.append((here, here, 2 * phone - 1, 0, 0.0))
        if state in finals:
            ends.append((here, finals[state]))
        for target, label, output, cost in outgoing.get(state, ()):
            into = label if label < first_disambiguation else 0
            copy = (target, into)
            if copy not in copies:
                copies[copy] = len(copies)
                todo.append(copy)
            arcs.append((here, copies[copy], 2 * into, output, cost))
    return arcs, ends


def _parsed(
    fst_text: str,
) -> tuple[dict[int, list[tuple[int, int, int, float]]], dict[int, float]]:
    """OpenFST's text form, start 0 -> arcs by state (target, input, output, cost), final costs."""
    outgoing: dict[int, list[tuple[int, int, int, float]]] = {}
    finals: dict[int, float] = {}
    for line in fst_text.splitlines():
        fields = line.split()
        if len(fields) > 2:
            source, target, label, output = map(int, fields[:4])
            outgoing.setdefault(source, []).append((target, label, output, float(fields[4])))
        elif fields:
            finals[int(fields[0])] = float(fields[1])
    return outgoing, finals


def as_text(arcs: Iterable[Arc], finals: Iterable[tuple[int, float]]) -> str:
    """OpenFST's text form; the state of its first line is the start."""
    lines = [f"{a} {b} {i} {o} {cost:.6g}" for a, b, i, o, cost in arcs]
    lines += [f"{state} {cost:.6g}" for state, cost in finals]
    return "\n".join(lines) + "\n"
