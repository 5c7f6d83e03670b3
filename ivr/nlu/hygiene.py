"""What is wrong or doubtful in the training data, with place, reason and remedy. Pure.

`ivr.nlu.training.validate` stops at the first fault that makes training impossible. This finds all
of them, and what training would accept though it harms: phrases that say the same, test phrases
that are nearly trained on, words recognition never writes, intents that are too small.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from statistics import median
from typing import Final

from ivr.nlu.data_set import DataSet
from ivr.nlu.entities import find_entities
from ivr.nlu.evaluation import OUT_OF_SCOPE
from ivr.nlu.likeness import comparable
from ivr.nlu.phrases import SPOKEN, LabelledPhrase
from ivr.nlu.schema import Entity, EntityKind
from ivr.nlu.training import FEWEST_PHRASES

ANY_DAY: Final = date(2000, 1, 1)
"""Findings must not depend on the day they are made on."""


class Severity(StrEnum):
    """Error: training or the test would be wrong. Warning: look at it. Hint: good to know."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


class Kind(StrEnum):
    """What was looked for."""

    DUPLICATE = "duplicate"
    CONTRADICTION = "contradiction"
    NEAR_DUPLICATE = "near duplicate"
    CONFUSABLE = "confusable"
    MINIMAL_PAIR = "minimal pair"
    LEAK = "leak"
    NEAR_LEAK = "near leak"
    UNKNOWN_INTENT = "unknown intent"
    TOO_FEW = "too few"
    IMBALANCE = "imbalance"
    NO_TEST = "no test"
    NOT_SPOKEN = "not spoken"
    TOO_LONG = "too long"
    ONE_VALUE = "one value"
    UNWRITABLE = "unwritable word"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to look at. `text` is the phrase, or the word or intent, that it is about."""

    severity: Severity
    kind: Kind
    place: str
    """File and line, e.g. 'nlu_data/nlu/money.yml:12'."""
    intent: str
    text: str
    why: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where the checks begin to speak. Likenesses are rapidfuzz's ratio, 0..100."""

    duplicate: float = 95.0
    """Within an intent. 'передумал' and 'передумала' (95) teach one thing twice, 'верно' and
    'не верно' (77) do not."""
    across: float = 88.0
    """Between intents. From here down to 80 nearly all pairs differ by a word that matters."""
    leak: float = 92.0
    """Between a test phrase and a training phrase as said."""
    leak_reordered: float = 94.0
    """The same for sorted words, which are alike more easily."""
    leak_words: int = 5
    """Shorter test phrases are alike because there are few ways to say them: 'скажи баланс'."""
    fewest: int = FEWEST_PHRASES
    """Training phrases an intent needs."""
    fewest_test: int = 6
    """Below, one mistake is more than 16 % of the intent's test."""
    imbalance: float = 3.0
    """How many times more or fewer phrases than the median an intent may have. Out of scope is
    exempt from above: it is everything else."""
    longest_words: int = 16
    """Callers rarely say more in one breath; what is longer drowns what it is about."""
    mentions: int = 2
    """From this many phrases with a kind of entity on, one value is a lack."""


@dataclass(frozen=True, slots=True)
class Writable:
    """Words a recognizer can write, 'е' for 'ё'."""

    words: frozenset[str]
    learnable: frozenset[str]
    """Words the graph would have if it were built now."""
    model: str
    """What the words are of, for people."""


def finding(
    severity: Severity, kind: Kind, phrase: LabelledPhrase, why: str, advice: str
) -> Finding:
    """A finding about a phrase."""
    return Finding(
        severity=severity,
        kind=kind,
        place=phrase.place,
        intent=phrase.intent,
        text=phrase.text,
        why=why,
        advice=advice,
    )


def check_texts(data: DataSet, limits: Limits) -> Iterator[Finding]:
    """Phrases nobody says like that."""
    for phrase in data.phrases:
        if not SPOKEN.fullmatch(phrase.text):
            yield finding(
                Severity.ERROR,
                Kind.NOT_SPOKEN,
                phrase,
                f"recognition never writes {_strange(phrase.text)}",
                "write it as it is said: lower-case Russian words, numbers in words",
            )
        words = len(phrase.text.split())
        if words > limits.longest_words:
            yield finding(
                Severity.WARNING,
                Kind.TOO_LONG,
                phrase,
                f"{words} words; people say fewer than {limits.longest_words + 1} in one breath",
                "keep what a caller says before the first pause",
            )


def _strange(text: str) -> str:
    for name, wrong in (
        ("digits", str.isdigit),
        ("capital letters", str.isupper),
        ("Latin letters", lambda char: char.isascii() and char.isalpha()),
    ):
        if any(map(wrong, text)):
            return name
    return "punctuation, double or outer spaces" if text.strip() else "nothing"


def check_intents(data: DataSet, limits: Limits) -> Iterator[Finding]:
    """Intents that are unknown, too small, too large or not tested."""
    for phrase in data.phrases:
        if phrase.intent not in data.intents:
            why = "domain.yml does not list this intent"
            advice = "correct the name, or add it to domain.yml"
            yield finding(Severity.ERROR, Kind.UNKNOWN_INTENT, phrase, why, advice)
    middle = median(data.sizes[intent] for intent in data.intents) if data.intents else 0
    tests = Counter(phrase.intent for phrase in data.held_out)
    for intent, place in data.intents.items():
        for severity, kind, why, advice in (
            *_of_size(intent, data.sizes[intent], middle, limits),
            *_of_tests(tests[intent], limits),
        ):
            yield Finding(
                severity=severity,
                kind=kind,
                place=place,
                intent=intent,
                text=intent,
                why=why,
                advice=advice,
            )


_Told = tuple[Severity, Kind, str, str]


def _of_size(intent: str, size: int, middle: float, limits: Limits) -> Iterator[_Told]:
    if size < limits.fewest:
        why = f"{size} training phrases, at least {limits.fewest} are needed"
        advice = f"ivr nlu suggest {intent}, and phrases from real calls"
        yield Severity.ERROR, Kind.TOO_FEW, why, advice
    elif size * limits.imbalance < middle:
        why = f"{size} training phrases where the median intent has {middle:.0f}"
        advice = f"ivr nlu suggest {intent}, and phrases from real calls"
        yield Severity.WARNING, Kind.IMBALANCE, why, advice
    elif size > middle * limits.imbalance and intent != OUT_OF_SCOPE:
        why = f"{size} training phrases where the median intent has {middle:.0f}"
        advice = "drop near duplicates, or split the intent: the model leans towards it"
        yield Severity.WARNING, Kind.IMBALANCE, why, advice


def _of_tests(tests: int, limits: Limits) -> Iterator[_Told]:
    if tests < limits.fewest_test:
        why = f"{tests} test phrases; with fewer than {limits.fewest_test} its figure says nothing"
        yield Severity.WARNING, Kind.NO_TEST, why, "write some into test.yml, never trained on"


def check_entities(data: DataSet, limits: Limits) -> Iterator[Finding]:
    """Intents that mention a kind of entity with one value only: the value becomes a sign of the
    intent. Bare numbers are exempt; «одну минуту» has no other value."""
    mentions: defaultdict[tuple[str, EntityKind], list[LabelledPhrase]] = defaultdict(list)
    values: defaultdict[tuple[str, EntityKind], dict[str, str]] = defaultdict(dict)
    for phrase in data.training:
        for entity in find_entities(phrase.text, today=ANY_DAY):
            if entity.kind is not EntityKind.NUMBER:
                mentions[phrase.intent, entity.kind].append(phrase)
                values[phrase.intent, entity.kind][value_of(entity)] = entity.text
    for (intent, kind), phrases in mentions.items():
        if len(phrases) >= limits.mentions and len(values[intent, kind]) == 1:
            (said,) = values[intent, kind].values()
            yield finding(
                Severity.WARNING,
                Kind.ONE_VALUE,
                phrases[0],
                f"all {len(phrases)} phrases of {intent} with a {kind} have «{said}»",
                "say some of them with other values, or the value becomes a sign of the intent",
            )


def value_of(entity: Entity) -> str:
    """What two entities are compared by: a date as said, since «завтра» is a Monday at times."""
    return entity.text if entity.kind is EntityKind.DATE else entity.value


def check_words(data: DataSet, writable: Writable) -> Iterator[Finding]:
    """Words no recognition result will ever have, each once, at its first place."""
    first: dict[str, LabelledPhrase] = {}
    counts: Counter[str] = Counter()
    for phrase in data.phrases:
        for word in comparable(phrase.text).split():
            first.setdefault(word, phrase)
            counts[word] += 1
    for word, phrase in first.items():
        if word in writable.words:
            continue
        built = word in writable.learnable
        yield Finding(
            severity=Severity.HINT,
            kind=Kind.UNWRITABLE,
            place=phrase.place,
            intent=phrase.intent,
            text=word,
            why=f"{writable.model} cannot write it; phrases with it: {counts[word]}",
            advice="ivr asr build learns it" if built else "add it to nlu_data/words/*.txt",
        )


def sorted_findings(findings: Iterable[Finding]) -> list[Finding]:
    """The gravest first, then by kind, file and line."""
    severities = list(Severity)
    kinds = list(Kind)
    return sorted(
        findings,
        key=lambda one: (
            severities.index(one.severity),
            kinds.index(one.kind),
            _place_order(one.place),
            one.text,
        ),
    )


def _place_order(place: str) -> tuple[str, int]:
    file, _, line = place.rpartition(":")
    return (file, int(line)) if line.isdigit() else (place, 0)
