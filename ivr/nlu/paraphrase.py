"""A phrase -> the same request in other words: other values, openers, synonyms, politeness. Pure.

The rules are `nlu_data/paraphrases.toml`. They know no grammar beyond endings, so what comes out is
a suggestion for people, not data.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Final

import msgspec

from ivr.errors import ConfigError
from ivr.nlu.entities import find_entities
from ivr.nlu.gazetteer import ExchangedName, Name, find_names, names_by_form, with_other_names
from ivr.nlu.normalise import words_of
from ivr.nlu.phrases import SPOKEN, LabelledPhrase
from ivr.nlu.schema import Entity, EntityKind
from ivr.speech.russian import GrammaticalCase, money

SUMS: Final = (50, 100, 150, 200, 250, 300, 400, 500, 700, 2000)
"""Roubles that stand for each other; what callers top up and are charged."""
SEED: Final = 611
ANY_DAY: Final = date(2000, 1, 1)
"""Sums do not depend on the day."""

Words = Annotated[str, msgspec.Meta(pattern=f"^{SPOKEN.pattern}$")]
Ending = Annotated[str, msgspec.Meta(pattern="^[а-яё]+$")]


class Openers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words in front of a request, and what they may stand in front of."""

    says: tuple[Words, ...]
    before: tuple[Words, ...] = ()
    before_endings: tuple[Ending, ...] = ()
    not_before: tuple[Words, ...] = ()

    def fit(self, request: str) -> bool:
        """Whether these words may stand in front of that request."""
        if _begins(request, self.not_before):
            return False
        first = request.partition(" ")[0]
        return _begins(request, self.before) or first.endswith(self.before_endings)


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What nlu_data/paraphrases.toml says."""

    openers: tuple[Openers, ...] = ()
    left_out: tuple[str, ...] = ()
    """Intents whose phrases are not varied."""
    politeness: tuple[Words, ...] = ()
    synonyms: tuple[tuple[Words, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Paraphrase:
    """Another way to say a training phrase."""

    text: str
    source: LabelledPhrase


def parse_rules(text: str, place: str) -> Rules:
    """The rules of a TOML text; raises `ConfigError` naming what is wrong in `place`."""
    try:
        return msgspec.convert(tomllib.loads(text), Rules, strict=True)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as exc:
        raise ConfigError(
            place, str(exc), "left_out, politeness, synonyms and openers, all in lower case"
        ) from exc


def paraphrases(
    phrases: Iterable[LabelledPhrase], rules: Rules, *, most: int, seed: int = SEED
) -> tuple[Paraphrase, ...]:
    """At most `most` paraphrases of the phrases, by one change or by two, none of them twice.

    The same input and seed give the same output; which of the many are taken, and their order, is
    as good as random.
    """
    found: dict[str, Paraphrase] = {}
    for phrase in phrases:
        if phrase.intent not in rules.left_out:
            for text in rewrites(phrase.text, rules):
                found.setdefault(text, Paraphrase(text, phrase))
    once = _shuffled(found.values(), seed)
    for paraphrase in once[:most]:
        for text in rewrites(paraphrase.text, rules):
            found.setdefault(text, Paraphrase(text, paraphrase.source))
    return tuple(_shuffled(found.values(), seed)[:most])


def rewrites(text: str, rules: Rules) -> Iterator[str]:
    """The text with one change, in each way the rules allow; texts may come twice."""
    for changed in (
        *_other_names(text),
        *_other_sums(text),
        *_synonyms(text, rules),
        *_other_openers(text, rules),
        *_less_polite(text, rules),
    ):
        if changed != text and SPOKEN.fullmatch(changed) and _says_enough(changed, text):
            yield changed


def _says_enough(changed: str, text: str) -> bool:
    """One word may stand for another, but is seldom what is left of several."""
    return " " in changed or " " not in text


def _shuffled(paraphrases: Iterable[Paraphrase], seed: int) -> list[Paraphrase]:
    def key(paraphrase: Paraphrase) -> bytes:
        return hashlib.blake2b(f"{seed} {paraphrase.text}".encode(), digest_size=8).digest()

    return sorted(paraphrases, key=key)


def _other_names(text: str) -> Iterator[str]:
    """Only names that are found again, and the name's own spelling only for another one: the case
    of «погода» is not that of «гудка», though both end alike."""
    for exchanged in with_other_names(text):
        again = {found.name for found in find_names(words_of(exchanged.text))}
        if exchanged.name in again and _same_case(exchanged):
            yield exchanged.text


def _same_case(exchanged: ExchangedName) -> bool:
    return (exchanged.said in _own_spellings()) == (exchanged.form in _own_spellings())


@cache
def _own_spellings() -> frozenset[tuple[str, ...]]:
    """The first form of each name, which the gazetteer says is its own."""
    first: dict[Name, tuple[str, ...]] = {}
    for form, name in names_by_form().items():
        first.setdefault(name, form)
    return frozenset(first.values())


def _other_sums(text: str) -> Iterator[str]:
    for entity in find_entities(text, today=ANY_DAY):
        if entity.kind is EntityKind.AMOUNT and (case := _case_of(entity)):
            for other in SUMS:
                said = money(Decimal(other), case)
                yield f"{text[: entity.start]}{said}{text[entity.end :]}"


def _case_of(amount: Entity) -> GrammaticalCase | None:
    """The case a sum is said in; what callers pay and are charged is an object."""
    cases = (GrammaticalCase.ACCUSATIVE, *GrammaticalCase)
    value = Decimal(amount.value)
    return next((case for case in cases if money(value, case) == amount.text), None)


def _synonyms(text: str, rules: Rules) -> Iterator[str]:
    for group in rules.synonyms:
        for said in group:
            if _has(text, said):
                for other in group:
                    yield _exchanged(text, said, other)


def _other_openers(text: str, rules: Rules) -> Iterator[str]:
    for group in rules.openers:
        request = _request(text, group)
        if group.fit(request):
            yield request
            yield from (f"{opener} {request}" for opener in group.says)


def _request(text: str, group: Openers) -> str:
    """The text without the longest opener of the group that it begins with."""
    for opener in sorted(group.says, key=len, reverse=True):
        if text.startswith(f"{opener} "):
            return text.removeprefix(f"{opener} ")
    return text


def _less_polite(text: str, rules: Rules) -> Iterator[str]:
    for words in rules.politeness:
        if _has(text, words):
            yield " ".join(_exchanged(text, words, "").split())


def _begins(text: str, beginnings: Iterable[str]) -> bool:
    return any(f"{text} ".startswith(f"{words} ") for words in beginnings)


def _has(text: str, words: str) -> bool:
    return f" {words} " in f" {text} "


def _exchanged(text: str, words: str, others: str) -> str:
    return re.sub(rf"(?<!\S){re.escape(words)}(?!\S)", others, text, count=1)
