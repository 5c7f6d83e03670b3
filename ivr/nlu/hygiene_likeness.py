"""Phrases that are the same or nearly so: within an intent, between intents, in the test. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from ivr.nlu.data_set import DataSet
from ivr.nlu.entities import find_entities
from ivr.nlu.hygiene import ANY_DAY, Finding, Kind, Limits, Severity, finding, value_of
from ivr.nlu.likeness import Pair, pairs_between, pairs_within
from ivr.nlu.phrases import LabelledPhrase

TYPICAL = 2
"""A word is typical of an intent from this many phrases on, where it is said there at least this
many times as often as in the other one."""


def check_pairs(data: DataSet, limits: Limits) -> Iterator[Finding]:
    """Training phrases with each other."""
    words = WordsOfIntents(data)
    for pair in pairs_within(data.trained, min(limits.duplicate, limits.across)):
        one, other = data.training[pair.left], data.training[pair.right]
        same = data.trained[pair.left] == data.trained[pair.right]
        if one.intent == other.intent:
            if same:
                yield _duplicate(one, other)
            elif pair.likeness >= limits.duplicate and _values(one) == _values(other):
                yield _near_duplicate(one, other, pair)
        elif same:
            yield _contradiction(one, other)
        elif pair.likeness >= limits.across:
            yield _confusable(one, other, pair, words.telling_apart(one, other))


def check_leaks(data: DataSet, limits: Limits) -> Iterator[Finding]:
    """Test phrases with training phrases; and with each other."""
    cutoff = min(limits.leak, limits.leak_reordered)
    for pair in pairs_between(data.tested, data.trained, cutoff):
        tested, trained = data.held_out[pair.left], data.training[pair.right]
        if data.tested[pair.left] == data.trained[pair.right]:
            why = f"{trained.place} trains on it as {trained.intent}"
            advice = "take it out of the training data: the test measures what was not seen"
            yield finding(Severity.ERROR, Kind.LEAK, tested, why, advice)
        elif pair.in_order >= limits.leak or pair.reordered >= limits.leak_reordered:
            yield _near_leak(tested, trained, pair, limits)
    for pair in pairs_within(data.tested, 100.0):
        if data.tested[pair.left] == data.tested[pair.right]:
            yield _duplicate(data.held_out[pair.left], data.held_out[pair.right])


class WordsOfIntents:
    """How many phrases of each intent say a word: which words tell two intents apart."""

    def __init__(self, data: DataSet) -> None:
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._texts = dict(zip(data.training, data.trained, strict=True))
        self._sizes = data.sizes
        for phrase, text in self._texts.items():
            for word in set(text.split()):
                self._counts[phrase.intent][word] += 1

    def telling_apart(self, one: LabelledPhrase, other: LabelledPhrase) -> tuple[str, ...]:
        """Words that only one of two phrases has and that are typical of its intent."""
        return tuple(
            word
            for phrase, stranger in ((one, other), (other, one))
            for word in self._texts[phrase].split()
            if word not in self._texts[stranger].split()
            and self._typical(word, phrase.intent, stranger.intent)
        )

    def _typical(self, word: str, intent: str, other: str) -> bool:
        here, there = self._counts[intent][word], self._counts[other][word]
        share, other_share = here / self._sizes[intent], there / self._sizes[other]
        return here >= TYPICAL and share >= TYPICAL * other_share


def _values(phrase: LabelledPhrase) -> list[str]:
    return [value_of(entity) for entity in find_entities(phrase.text, today=ANY_DAY)]


def _duplicate(first: LabelledPhrase, again: LabelledPhrase) -> Finding:
    if first.intent != again.intent:
        return _contradiction(first, again)
    why = f"{first.place} has it already"
    return finding(Severity.ERROR, Kind.DUPLICATE, again, why, "drop one of them")


def _contradiction(first: LabelledPhrase, again: LabelledPhrase) -> Finding:
    why = f"{first.place} has it as {first.intent}"
    advice = "decide which of the two it is and drop the other"
    return finding(Severity.ERROR, Kind.CONTRADICTION, again, why, advice)


def _near_duplicate(one: LabelledPhrase, other: LabelledPhrase, pair: Pair) -> Finding:
    why = f"nearly «{one.text}» at {one.place} ({_percent(pair)})"
    advice = "say it in other words: a variant of an ending or of the order teaches little"
    return finding(Severity.HINT, Kind.NEAR_DUPLICATE, other, why, advice)


def _confusable(
    one: LabelledPhrase, other: LabelledPhrase, pair: Pair, apart: tuple[str, ...]
) -> Finding:
    why = f"nearly «{one.text}» of {one.intent} at {one.place} ({_percent(pair)})"
    if apart:
        told = ", ".join(f"«{word}»" for word in apart)
        advice = f"nothing, if callers say it so; told apart by {told}"
        return finding(Severity.HINT, Kind.MINIMAL_PAIR, other, why, advice)
    advice = "check both intents; say more in one of them, or drop it"
    return finding(Severity.WARNING, Kind.CONFUSABLE, other, why, advice)


def _near_leak(
    tested: LabelledPhrase, trained: LabelledPhrase, pair: Pair, limits: Limits
) -> Finding:
    long = len(tested.text.split()) >= limits.leak_words
    why = f"nearly «{trained.text}» at {trained.place} ({_percent(pair)})"
    if tested.intent != trained.intent:
        why += f", which is {trained.intent}"
    advice = "drop the training phrase or say it in other words: the test flatters the model"
    severity = Severity.WARNING if long or tested.intent != trained.intent else Severity.HINT
    return finding(severity, Kind.NEAR_LEAK, tested, why, advice)


def _percent(pair: Pair) -> str:
    return f"{pair.likeness:.0f} %" + ("" if pair.in_order >= pair.reordered else ", reordered")
