"""Weighted sentences and a general word list -> back-off trigram model (Witten-Bell). Pure.

Interpolated Witten-Bell smoothing (Bell, Cleary, Witten 1990): a history h seen with weight c(h)
and T(h) kinds of followers leaves the share T / (c + T) to the shorter history. In the interpolated
form that share is the back-off weight as well, so the model sums to one by construction.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

BEGIN: Final = "<s>"
END: Final = "</s>"

DIVERSITY: Final = 3.0
"""Factor on T(h). Callers vary more than a few thousand phrases show: perplexity of the first part
of nlu_data/test.yml is 378 at 1, 316 at 3, 317 at 6."""

History = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words and how often they count as seen; variants made from a template share one weight."""

    words: tuple[str, ...]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """Probabilities by history; a word not listed there is reached through the back-off share."""

    probabilities: Mapping[History, Mapping[str, float]]
    """() holds every word of the vocabulary and the end of the sentence."""
    shares: Mapping[History, float]
    """What each history leaves to the one shortened by its first word; 0..1."""

    def probability(self, word: str, history: History) -> float:
        """P(word | history); a word outside the vocabulary raises `KeyError`."""
        if not history:
            return self.probabilities[()][word]
        seen = self.probabilities.get(history)
        if seen is not None and word in seen:
            return seen[word]
        return self.shares.get(history, 1.0) * self.probability(word, history[1:])

    def order_of(self, word: str, history: History) -> int:
        """Length of the n-gram that answers for this word: 3, 2 or 1."""
        while history and word not in self.probabilities.get(history, {}):
            history = history[1:]
        return len(history) + 1

    @property
    def ngrams(self) -> tuple[int, int, int]:
        """Number of unigrams, bigrams and trigrams."""
        sizes = [0, 0, 0]
        for history, followers in self.probabilities.items():
            sizes[len(history)] += len(followers)
        return sizes[0], sizes[1], sizes[2]


@dataclass(frozen=True, slots=True)
class TextFit:
    """How well a model predicts a text."""

    sentences: int
    words: int
    oov_words: int
    """Running words outside the vocabulary; they count in nothing else."""
    perplexity: float
    """Per known word, ends of sentences included."""
    hits: tuple[int, int, int]
    """Predictions answered by unigram, bigram, trigram."""


def estimate(
    sentences: Iterable[Sentence],
    general: Mapping[str, float],
    *,
    general_weight: float,
) -> LanguageModel:
    """Train on sentences; `general` are frequencies of further words, any scale.

    `general_weight` is the share of the unigram probability that goes by general frequency.
    """
    counts = _count(sentences)
    unigrams = _unigrams(counts[()], general, general_weight)
    probabilities: dict[History, Mapping[str, float]] = {(): unigrams}
    shares: dict[History, float] = {}
    for history in sorted(counts, key=lambda item: (len(item), item)):
        if history:
            followers = counts[history]
            kinds = DIVERSITY * sum(min(1.0, count) for count in followers.values())
            total = sum(followers.values()) + kinds
            shares[history] = kinds / total
            shorter = LanguageModel(probabilities, shares)
            probabilities[history] = {
                word: count / total + kinds / total * shorter.probability(word, history[1:])
                for word, count in sorted(followers.items())
            }
    return LanguageModel(probabilities, shares)


def fit(model: LanguageModel, texts: Iterable[Sequence[str]]) -> TextFit:
    """Perplexity, words outside the vocabulary and n-gram hits of texts."""
    known = model.probabilities[()]
    sentences = words = oov = predictions = 0
    log_sum = 0.0
    hits = [0, 0, 0]
    for text in texts:
        sentences += 1
        words += len(text)
        history: History = (BEGIN,)
        for word in (*text, END):
            if word not in known:
                oov += 1
                history = ()
                continue
            log_sum += math.log(model.probability(word, history))
            hits[model.order_of(word, history) - 1] += 1
            predictions += 1
            history = (*history, word)[-2:]
    perplexity = math.exp(-log_sum / predictions) if predictions else math.inf
    return TextFit(sentences, words, oov, perplexity, (hits[0], hits[1], hits[2]))


def _count(sentences: Iterable[Sentence]) -> dict[History, dict[str, float]]:
    counts: defaultdict[History, defaultdict[str, float]] = defaultdict(
        lambda: defaultdict(float), {(): defaultdict(float)}
    )
    for sentence in sentences:
        said = (BEGIN, *sentence.words, END)
        for at in range(1, len(said)):
            for length in range(min(at, 2) + 1):
                counts[said[at - length : at]][said[at]] += sentence.weight
    return {history: dict(followers) for history, followers in counts.items()}


def _unigrams(
    counts: Mapping[str, float], general: Mapping[str, float], general_weight: float
) -> dict[str, float]:
    """Every word of both lists; a word of the texts has at least the rarest general frequency."""
    vocabulary = sorted({*counts, *general, END})
    floor = min((value for value in general.values() if value > 0), default=1.0)
    scale = sum(max(general.get(word, 0.0), floor) for word in vocabulary if word != END)
    seen = sum(counts.values())
    if not seen:
        counts, seen = {END: 1.0}, 1.0
    return {
        word: (1 - general_weight) * counts.get(word, 0.0) / seen
        + (general_weight * max(general.get(word, 0.0), floor) / scale if word != END else 0.0)
        for word in vocabulary
    }
