"""How well intents are found: predictions -> accuracy, F1, false accepts. Pure."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ivr.nlu.phrases import LabelledPhrase
from ivr.nlu.schema import NluResult
from ivr.nlu.thresholds import Decision, decide

OUT_OF_SCOPE = "out_of_scope"
NO_ALIASES: Mapping[str, frozenset[str]] = {}


@dataclass(frozen=True, slots=True)
class Prediction:
    """A phrase with what the model made of it. `right` is decided by whoever knows aliases."""

    phrase: LabelledPhrase
    result: NluResult
    right: bool


def judge(
    phrase: LabelledPhrase,
    result: NluResult,
    aliases: Mapping[str, frozenset[str]] = NO_ALIASES,
) -> Prediction:
    """`aliases`: label -> intents that are right beside it."""
    right = {phrase.intent} | aliases.get(phrase.intent, frozenset())
    return Prediction(phrase, result, result.intent.name in right)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Figures over a test set, all 0..1."""

    accuracy: float
    macro_f1: float
    accepted_right: float
    """Of the phrases with a known wish: acted on at once, and rightly."""
    accepted_wrong: float
    """Of the same: acted on at once, wrongly."""
    false_accepts: float
    """Of the out-of-scope phrases: taken for a wish and acted on at once."""
    f1: Mapping[str, float]
    """By intent."""


def score(predictions: Sequence[Prediction], *, accept: float, confirm: float) -> Score:
    """Needs at least one phrase; shares of an empty group are 0."""
    known = [item for item in predictions if item.phrase.intent != OUT_OF_SCOPE]
    strange = [item for item in predictions if item.phrase.intent == OUT_OF_SCOPE]
    acted = {id(item) for item in predictions if _acted_on(item.result, accept, confirm)}
    f1 = f1_by_intent(predictions)
    return Score(
        accuracy=_share([item.right for item in predictions]),
        macro_f1=sum(f1.values()) / len(f1),
        accepted_right=_share([id(item) in acted and item.right for item in known]),
        accepted_wrong=_share([id(item) in acted and not item.right for item in known]),
        false_accepts=_share([id(item) in acted and not item.right for item in strange]),
        f1=f1,
    )


def f1_by_intent(predictions: Sequence[Prediction]) -> dict[str, float]:
    """F1 of every intent that was expected at least once."""
    said: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    right: defaultdict[str, int] = defaultdict(int)
    for item in predictions:
        intent = item.phrase.intent
        said[intent] += 1
        predicted[intent if item.right else item.result.intent.name] += 1
        right[intent] += item.right
    return {name: 2 * right[name] / (said[name] + predicted[name]) for name in said}


def _acted_on(result: NluResult, accept: float, confirm: float) -> bool:
    decision = decide(result, accept=accept, confirm=confirm)
    return decision is Decision.ACCEPT and result.intent.name != OUT_OF_SCOPE


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0
