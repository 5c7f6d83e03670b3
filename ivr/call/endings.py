"""How likely it is that a sentence ends after these words, learned from how requests end. Pure.

«Сколько еще минут» may end there or go on; «технические» never does. The training phrases of the
intents show it: how often were the last words of a hypothesis the last words of a request? With
the intent engine's confidence and the number of words that gives the chance of an end. Where the
voice could be followed, whether it has come down tells more than all of these.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Final

import numpy as np

from ivr.nlu.thresholds import Decision
from ivr.speech.endpointing import SURE, UNDECIDED, UNFINISHED
from ivr.speech.melody import Melody

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
MELODY_BIAS, MELODY_ENDING, MELODY_CONFIDENCE, MELODY_WORD, FALL = -6.7, 0.43, 1.11, 0.12, -1.64
"""The same with the melody: on those of the recordings, whole and cut, whose pitch is steady (657
pauses). A semitone of fall makes an end five times as likely."""
DEEPEST_FALL_ST, HIGHEST_RISE_ST = -9.0, 0.5
"""Beyond these more makes no difference, only mistakes of the tracking worse."""
MELODY_SCALE: Final = (-2.0, -1.6, 3.0, 3.2)
"""Log-odds of an end that are taken for an unfinished sentence, for undecided (from the second to
the third: chances of 0.17 to 0.95), and from 0.96 on for a certain end. More than half of all
requests are that certain, the others are waited for as long as still feels like an answer: to
answer each of them a little sooner by its chance costs more callers who are cut off than it gains.
"""
WORDS_SCALE: Final = (0.10, 0.30, 0.87, 0.90)
"""The same without a melody, chances."""
SURENESS_SCALE: Final = (UNFINISHED, UNDECIDED, UNDECIDED, SURE)
"""What they are taken for."""
KNOWN_FLOOR = 0.7
"""Least sureness of a request word for word as in the training phrases: «оператор» is short and
nobody has to wait long for it."""
KNOWN_UP_FLOOR = 0.25
"""The same with a melody: questions may end high («баланс?»). None of 210 recorded requests did,
and all of 33 pauses after what would be one word for word: so it is worth a second."""
SHORT_WORDS: Final = 2
"""With a melody only moves of so few words have a higher floor, which have little height to come
down from; that voices which stay up go on is as true of short requests."""
STAYED_UP_ST: Final = -2.0
"""A voice that falls less goes on: «нет | связи», «отмените | переадресацию». Of 57 recordings of
part train with one or two words two fell less at their end, of 483 such beginnings 73 %; of 51 of
a person two."""
MOVE_FLOOR, KNOWN_MOVE_FLOOR = 0.74, 0.9
"""The same for yes, no, «повторите», «стоп» and the like: hardly anything said after them would
change what they mean."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What the intent engine makes of a hypothesis."""

    confidence: float
    """Of the best intent, 0..1."""
    decision: Decision
    """What would be done about it."""
    move: bool = False
    """It is a move within the conversation, not a request."""
    idle: bool = False
    """It is a greeting, a cry for help, or nothing a caller could ask for."""


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

    def knows(self, words: Sequence[str]) -> bool:
        """Is this a whole request, word for word?"""
        return tuple(words) in self._whole

    def sureness(self, words: Sequence[str], guess: Guess) -> float:
        """How sure it is that a request is over after these words, `UNFINISHED` to `SURE`.

        What the intent engine would not act on is worth waiting for more words. Idle talk can end
        anywhere, and a request word for word is at least one.
        """
        if guess.idle:
            return UNDECIDED
        score = (
            BIAS
            + ENDING * self._log_odds(words)
            + CONFIDENCE * guess.confidence
            + WORD * min(len(words), MOST_WORDS)
        )
        sureness = _on_scale(1 / (1 + exp(-score)), WORDS_SCALE)
        if guess.decision is not Decision.ACCEPT:
            return UNDECIDED if self.knows(words) else min(sureness, UNDECIDED)
        return max(sureness, self._floor(words, guess))

    def sureness_heard(self, words: Sequence[str], guess: Guess, melody: Melody) -> float:
        """The same from the words and how they were said, `UNFINISHED` to `SURE`."""
        score = (
            MELODY_BIAS
            + MELODY_ENDING * self._log_odds(words)
            + MELODY_CONFIDENCE * guess.confidence
            + MELODY_WORD * min(len(words), MOST_WORDS)
            + FALL * min(max(melody.fall_st, DEEPEST_FALL_ST), HIGHEST_RISE_ST)
        )
        sureness = _on_scale(score, MELODY_SCALE)
        if guess.decision is Decision.REJECT:  # «ну короче», said low: nothing was asked for yet
            return min(sureness, UNDECIDED)
        return max(sureness, self._floor_heard(words, guess, melody))

    def _floor_heard(self, words: Sequence[str], guess: Guess, melody: Melody) -> float:
        """Least sureness of what is known word for word, however it was said."""
        if guess.decision is not Decision.ACCEPT or not self.knows(words):
            return UNFINISHED
        if not guess.move:
            return KNOWN_UP_FLOOR
        short = len(words) <= SHORT_WORDS and melody.fall_st <= STAYED_UP_ST
        return self._floor(words, guess) if short else UNDECIDED

    def _log_odds(self, words: Sequence[str]) -> float:
        likelihood = min(max(self.likelihood(words), 0.005), 0.995)
        return log(likelihood / (1 - likelihood))

    def _floor(self, words: Sequence[str], guess: Guess) -> float:
        known = self.knows(words)
        if guess.move:
            return KNOWN_MOVE_FLOOR if known else MOVE_FLOOR
        return KNOWN_FLOOR if known else UNFINISHED

    def _count(self, sentence: tuple[str, ...]) -> None:
        for end in range(2, len(sentence) + 1):
            for length in range(1, min(LONGEST, end) + 1):
                gram = sentence[end - length : end]
                self._seen[gram] += 1
                self._ended[gram] += end == len(sentence)


def _on_scale(value: float, scale: Sequence[float]) -> float:
    """Sureness of a chance or of its log-odds, linear between the scale's marks."""
    return float(np.interp(value, scale, SURENESS_SCALE))
