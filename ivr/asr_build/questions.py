"""Graphs for questions whose answer is known in kind: yes or no, a city, digits, a sum. Pure.

Each is the n-gram model of everything callers say, with the question's answers counted as a fixed
share of all that is said. So an answer is what is expected, and 'оператор', 'повторите' or quite
another request is still heard: with other answers only, a graph makes an answer of anything.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from ivr.asr_build.language_model import LanguageModel, Sentence, estimate
from ivr.asr_build.lexicon import folded
from ivr.asr_build.spoken_values import amounts, phones, shared
from ivr.dialogue.yes_no import NEGATED, NEGATIONS, YES
from ivr.nlu.gazetteer import names_by_form
from ivr.nlu.phrases import LabelledPhrase
from ivr.nlu.schema import EntityKind
from ivr.speech import russian

ANSWERS_SHARE: Final = 0.3
"""Of all that is said to a question, the rest is the escape."""
ANSWERING: Final[Mapping[str, tuple[str, ...]]] = {"yes_no": ("affirm", "deny")}
"""Question -> intents whose training phrases are answers to it."""
SIMPLE_NUMBERS: Final = (*range(21), *range(30, 100, 10), *range(100, 1000, 100))

Answers = tuple[tuple[str, tuple[str, ...]], ...]
"""(question, what answers it)."""


def answers(phrases: Iterable[LabelledPhrase]) -> Answers:
    """What answers each question, in the order of the alphabet, 'ё' folded."""
    known = tuple(phrases)
    return tuple(
        (name, tuple(sorted({folded(text) for text in (*said(), *_of(name, known))})))
        for name, said in _SAID.items()
    )


def question_model(
    said: Sequence[str],
    sentences: Sequence[Sentence],
    general: Mapping[str, float],
    general_weight: float,
) -> LanguageModel:
    """The model of one question: its answers, and the sentences and words of the escape."""
    escape = sum(sentence.weight for sentence in sentences)
    weight = (escape or 1.0) * ANSWERS_SHARE / (1 - ANSWERS_SHARE)
    return estimate(
        (*sentences, *shared(said, weight)),
        general,
        general_weight=general_weight * (1 - ANSWERS_SHARE),
    )


def _of(name: str, phrases: Sequence[LabelledPhrase]) -> Iterator[str]:
    return (one.text for one in phrases if one.intent in ANSWERING.get(name, ()))


def _yes_or_no() -> Iterator[str]:
    yield from YES
    yield from NEGATIONS
    yield from (f"{no} {word}" for no in ("не", "нет не") for word in NEGATED)
    yield from (f"{word} {word}" for word in ("да", "нет"))


def _cities() -> Iterator[str]:
    for form, name in names_by_form().items():
        if name.kind is EntityKind.CITY:
            yield " ".join(form)
            yield f"в {' '.join(form)}"


def _digits() -> Iterator[str]:
    yield from phones()
    yield from (russian.cardinal(number) for number in SIMPLE_NUMBERS)


def _amounts() -> Iterator[str]:
    yield from amounts()
    yield from (russian.cardinal(n) for n in (*range(1, 1001), *range(1100, 10001, 100)))


_SAID: Final[Mapping[str, Callable[[], Iterator[str]]]] = {
    "yes_no": _yes_or_no,
    "city": _cities,
    "digits": _digits,
    "amount": _amounts,
}
QUESTION_NAMES: Final = tuple(_SAID)
"""Those of `QuestionKind`: by them a call finds the graph of the question that is open."""
