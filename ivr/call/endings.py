"""How likely it is that a sentence ends after these words, learned from how requests end. Pure.

«Сколько еще минут» may end there or go on; «технические» never does. The training phrases of the
intents show it: how often were the last words of a hypothesis the last words of a request? With
the intent engine's confidence and the number of words that gives the chance of an end.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Final

from ivr.speech.endpointing import SURE, UNDECIDED

LONGEST: Final = 4
"""Words, the beginning of the sentence counting as one, that a guess is based on at most."""
PRIOR_WEIGHT: Final = 2.0
"""How many observations the guess from fewer words is worth."""
BEGINNING: Final = "<s>"
MOST_WORDS: Final = 6
"""More words than this make an end no likelier."""
BIAS, ENDING, CONFIDENCE, WORD = -5.05, 0.40, 3.79, 0.75
"""Logistic regression on the recordings of part train, whole and cut at every word border (1002
texts): the only numbers here that were fitted."""
UNLIKELY, LIKELY = 0.70, 0.80
"""Chances of an end up to which nothing is decided, and taken for certainty; between them sureness
grows evenly. Narrow: half of all requests are surer than this and are answered at once, and of the
others none is worth less than the longest wait that still feels like an answer."""
KNOWN_FLOOR = 0.7
"""Least sureness of a request word for word as in the training phrases: «оператор» is short and
nobody has to wait long for it."""
MOVE_FLOOR, KNOWN_MOVE_FLOOR = 0.74, 0.9
"""The same for yes, no, «повторите», «стоп» and the like: hardly anything said after them would
change what they mean."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What the intent engine makes of a hypothesis."""

    confidence: float
    """Of the best intent, 0..1."""
    clear: bool
    """It would be acted on."""
    move: bool = False
    """It is a move within the conversation, not a request."""


class Endings:
    """Counts of word sequences and of those that ended a phrase."""

    def __init__(self, phrases: Iterable[Sequence[str]]) -> None:
        """`phrases`: whole requests as words in lower case with 'е' for 'ё'."""
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._ended: Counter[tuple[str, ...]] = Counter()
        self._whole = frozenset(tuple(words) for words in phrases)
        for words in self._whole:
            self._count((BEGINNING, *words))
        words_seen = sum(count for gram, count in self._seen.items() if len(gram) == 1)
        ends_seen = sum(count for gram, count in self._ended.items() if len(gram) == 1)
        self._prior = ends_seen / words_seen if words_seen else 0.5

    def likelihood(self, words: Sequence[str]) -> float:
        """Share of requests with these last words that ended there, 0..1, by as many of the last
        words as were ever seen in a row."""
        sentence = (BEGINNING, *words)
        guess = self._prior
        for length in range(1, min(LONGEST, len(sentence)) + 1):
            gram = sentence[-length:]
            seen = self._seen[gram]
            if not seen:
                break
            guess = (self._ended[gram] + PRIOR_WEIGHT * guess) / (seen + PRIOR_WEIGHT)
        return guess

    def sureness(self, words: Sequence[str], guess: Guess) -> float:
        """How sure it is that a request is over after these words, `UNDECIDED` to `SURE`.

        What the intent engine would not act on is worth waiting for more words, never for ever:
        only rules tell that words cannot be all.
        """
        if not guess.clear:
            return UNDECIDED
        likelihood = min(max(self.likelihood(words), 0.005), 0.995)
        score = (
            BIAS
            + ENDING * log(likelihood / (1 - likelihood))
            + CONFIDENCE * guess.confidence
            + WORD * min(len(words), MOST_WORDS)
        )
        chance = 1 / (1 + exp(-score))
        share = min(max((chance - UNLIKELY) / (LIKELY - UNLIKELY), 0.0), 1.0)
        return max(UNDECIDED + (SURE - UNDECIDED) * share, self._floor(words, guess))

    def _floor(self, words: Sequence[str], guess: Guess) -> float:
        known = tuple(words) in self._whole
        if guess.move:
            return KNOWN_MOVE_FLOOR if known else MOVE_FLOOR
        return KNOWN_FLOOR if known else UNDECIDED

    def _count(self, sentence: tuple[str, ...]) -> None:
        for end in range(2, len(sentence) + 1):
            for length in range(1, min(LONGEST, end) + 1):
                gram = sentence[end - length : end]
                self._seen[gram] += 1
                self._ended[gram] += end == len(sentence)
