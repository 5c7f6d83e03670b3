"""Paraphrases -> those worth adding: new, safe for the test, the most instructive first. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ivr.nlu.data_set import DataSet
from ivr.nlu.likeness import comparable, nearest, pairs_between
from ivr.nlu.paraphrase import Paraphrase
from ivr.nlu.phrases import LabelledPhrase
from ivr.nlu.schema import NluResult

RuleIntent = Callable[[str], str | None]
"""The intent that rules give a text, without any model; None where they give none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """How far a suggestion keeps from what is there; likeness, 0..100."""

    tested: float = 85.0
    """From test phrases, further than lint asks for: a model that was trained on what is nearly the
    test would be measured too well."""
    trained: float = 92.0
    """From training phrases and other suggestions; nearer ones teach nothing."""
    per_source: int = 2
    """Suggestions made from one training phrase."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A phrase that could be added, made from a training phrase of the same intent."""

    text: str
    source: LabelledPhrase
    result: NluResult | None = None
    """What the trained model makes of it; None without one."""

    @property
    def intent(self) -> str:
        return self.source.intent

    @property
    def confidence(self) -> float:
        """The model's in the right intent, 0 where it is not even ranked or nobody was asked."""
        ranking = self.result.ranking if self.result else ()
        return next((item.confidence for item in ranking if item.name == self.intent), 0.0)


def new_ones(
    paraphrases: Iterable[Paraphrase],
    data: DataSet,
    rule_intent: RuleIntent,
    distance: Distance | None = None,
) -> tuple[Suggestion, ...]:
    """Those that keep their distance, in the order they come in.

    Left out is what is nearly a test phrase, nearly a training phrase, most like a phrase of
    another intent, or taken for another intent by rules though its source is not.
    """
    distance = distance or Distance()
    candidates = [one for one in paraphrases if _keeps_rules(one, rule_intent)]
    texts = [comparable(one.text) for one in candidates]
    tested = {pair.left for pair in pairs_between(texts, data.tested, distance.tested)}
    near = _best_training(texts, data, distance)
    return tuple(
        Suggestion(one.text, one.source)
        for place, one in enumerate(candidates)
        if place not in tested and _taught(near.get(place), one.source.intent, data, distance)
    )


def by_lesson(
    suggestions: Iterable[Suggestion], results: Mapping[str, NluResult]
) -> tuple[Suggestion, ...]:
    """With what the model makes of each text, those first that it gets wrong or is unsure of."""
    judged = [Suggestion(one.text, one.source, results.get(one.text)) for one in suggestions]
    return tuple(sorted(judged, key=lambda one: one.confidence))


def varied(
    suggestions: Iterable[Suggestion], count: int, distance: Distance | None = None
) -> tuple[Suggestion, ...]:
    """The first `count` that are unlike each other and do not all come from one phrase."""
    distance = distance or Distance()
    chosen: list[Suggestion] = []
    texts: list[str] = []
    sources: Counter[LabelledPhrase] = Counter()
    for one in suggestions:
        if len(chosen) == count:
            break
        text = comparable(one.text)
        close = nearest(text, texts, 1)
        if sources[one.source] < distance.per_source and (
            not close or close[0][1] < distance.trained
        ):
            chosen.append(one)
            texts.append(text)
            sources[one.source] += 1
    return tuple(chosen)


def _keeps_rules(paraphrase: Paraphrase, rule_intent: RuleIntent) -> bool:
    ruled = rule_intent(paraphrase.text)
    allowed = {None, paraphrase.source.intent, rule_intent(paraphrase.source.text)}
    return ruled in allowed


def _best_training(
    texts: Sequence[str], data: DataSet, distance: Distance
) -> dict[int, tuple[float, int]]:
    """By place in `texts`: likeness and place of the training phrase that is most like it."""
    best: dict[int, tuple[float, int]] = {}
    for pair in pairs_between(texts, data.trained, distance.tested):
        found = (pair.likeness, pair.right)
        best[pair.left] = max(best.get(pair.left, found), found)
    return best


def _taught(near: tuple[float, int] | None, intent: str, data: DataSet, distance: Distance) -> bool:
    """Whether the most similar training phrase leaves something to learn, and no contradiction."""
    if near is None:
        return True
    likeness, place = near
    return likeness < distance.trained and data.training[place].intent == intent
