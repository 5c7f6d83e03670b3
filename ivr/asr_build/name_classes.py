"""Tariffs, services and cities as classes: what is said with one may be said with any. Pure.

A training phrase with a name in it counts for its class: the phrase is written out with every
member whose form may stand there, with equal parts of the phrase's weight. That is a class n-gram
model with its classes expanded; a name known only to the back office is then as probable in
'подключите тариф ...' as those that people have written phrases with.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ivr.asr_build.language_model import Sentence
from ivr.asr_build.spoken_values import shared
from ivr.nlu.gazetteer import FoundName, find_names, names_by_form
from ivr.nlu.normalise import words_of
from ivr.nlu.schema import EntityKind

CLASS_WEIGHT: Final = 1.25
"""Of a phrase with a name, written out with all members of the class; other phrases have 1."""
ALONE_WEIGHT: Final = 15.0
"""Of all names said alone."""
CLASS_WORDS: Final = ("тариф", "план", "услуг", "опци", "город", "област")
"""After a word that begins so a name keeps its first form: 'на тарифе лайт'."""


@dataclass(frozen=True, slots=True)
class Member:
    """One form of a name."""

    words: tuple[str, ...]
    kind: EntityKind
    first: bool
    """The name's own spelling; the only form known of a name that only the back office has."""


def members(others: Iterable[tuple[EntityKind, str]]) -> tuple[Member, ...]:
    """All forms of the gazetteer, and names from elsewhere that it does not have."""
    seen: set[tuple[EntityKind, str]] = set()
    listed: list[Member] = []
    for form, name in names_by_form().items():
        listed.append(Member(form, name.kind, (name.kind, name.canonical) not in seen))
        seen.add((name.kind, name.canonical))
    known = {(one.kind, one.words) for one in listed}
    added = {(kind, tuple(text.split())) for kind, text in others} - known
    return (*listed, *(Member(words, kind, True) for kind, words in sorted(added)))


def class_sentences(phrases: Iterable[str], names: Sequence[Member]) -> Iterator[Sentence]:
    """Every phrase, those with names written out for their classes, and the names alone."""
    yield from shared((" ".join(one.words) for one in names), ALONE_WEIGHT)
    for phrase in phrases:
        words = words_of(phrase)
        texts = [word.text for word in words]
        variants = {
            " ".join((*texts[: found.first], *member.words, *texts[found.end :]))
            for found in find_names(words)
            for member in names
            if _fits(member, found, texts)
        }
        if variants:
            yield from shared(variants | {phrase}, CLASS_WEIGHT)
        else:
            yield Sentence(tuple(phrase.split()))


def _fits(member: Member, found: FoundName, texts: Sequence[str]) -> bool:
    """Whether this form may stand where the name was found: same kind, and in the same case, as
    its last letter tells; after a class word any name keeps its first form."""
    if member.kind is not found.name.kind:
        return False
    if found.first and texts[found.first - 1].startswith(CLASS_WORDS):
        return member.first
    return member.words[-1][-1] == texts[found.end - 1][-1]
