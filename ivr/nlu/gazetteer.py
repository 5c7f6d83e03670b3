"""Names of tariffs, services and cities in a text: exact forms first, then near misses. Pure."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from rapidfuzz import fuzz, process

from ivr.nlu.normalise import Word, words_of
from ivr.nlu.schema import EntityKind

NEAR = 86.0
"""rapidfuzz ratio from which a word counts as misheard: 'новосибирк' and 'екатеринбурк' pass,
'погоди' (83) is not 'погода'."""
SHORTEST_NEAR = 6
"""Characters; shorter words are one letter away from too many others."""
NEIGHBOURHOOD = 2
"""How many words to either side may hold what an everyday word needs to count as a name."""


@dataclass(frozen=True, slots=True)
class Name:
    """A canonical name and the word beginnings one of which has to be near."""

    kind: EntityKind
    canonical: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundName:
    """A name said with the words `first:end` of a text."""

    name: Name
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class ExchangedName:
    """A text whose name `said` was replaced by `form`, one of the forms of `name`."""

    text: str
    said: tuple[str, ...]
    form: tuple[str, ...]
    name: Name


@cache
def names_by_form() -> dict[tuple[str, ...], Name]:
    """All spoken forms as tuples of words, from gazetteer.toml."""
    text = resources.files("ivr.nlu").joinpath("gazetteer.toml").read_text("utf-8")
    return {
        tuple(form.split()): Name(EntityKind(kind), canonical, tuple(entry.get("needs", ())))
        for kind, entries in tomllib.loads(text).items()
        for canonical, entry in entries.items()
        for form in entry["forms"]
    }


@cache
def _long_forms(word_count: int) -> tuple[str, ...]:
    return tuple(
        " ".join(form)
        for form, name in names_by_form().items()
        if len(form) == word_count and len(" ".join(form)) >= SHORTEST_NEAR and not name.needs
    )


@cache
def _longest() -> int:
    return max(len(form) for form in names_by_form())


def find_names(words: Sequence[Word]) -> Iterator[FoundName]:
    """Names from left to right without overlap, the longest first at each place."""
    texts = [word.text for word in words]
    at = 0
    while at < len(texts):
        found = _name_at(texts, at)
        if found is not None:
            yield found
        at = found.end if found is not None else at + 1


def with_other_names(text: str) -> Iterator[ExchangedName]:
    """The text with each name in it replaced by forms of its kind that may stand in its case."""
    words = [word.text for word in words_of(text)]
    for found in find_names(words_of(text)):
        said = tuple(words[found.first : found.end])
        for form, name in names_by_form().items():
            if name.kind is found.name.kind and _alike(form, said):
                exchanged = " ".join((*words[: found.first], *form, *words[found.end :]))
                yield ExchangedName(exchanged, said, form, name)


def _alike(form: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two forms may stand in the same case: their last letters agree."""
    return form[-1][-1] == other[-1][-1]


def _name_at(texts: Sequence[str], at: int) -> FoundName | None:
    ends = range(min(at + _longest(), len(texts)), at, -1)
    for end in ends:
        name = names_by_form().get(tuple(texts[at:end]))
        if name is not None and _in_place(name, texts, at, end):
            return FoundName(name, at, end)
    for end in ends:
        name = _near_name(texts[at:end])
        if name is not None:
            return FoundName(name, at, end)
    return None


def _near_name(said: Sequence[str]) -> Name | None:
    heard = " ".join(said)
    if len(heard) < SHORTEST_NEAR:
        return None
    forms = _long_forms(len(said))
    match = process.extractOne(heard, forms, scorer=fuzz.ratio, score_cutoff=NEAR)
    return names_by_form()[tuple(match[0].split())] if match else None


def _in_place(name: Name, texts: Sequence[str], first: int, end: int) -> bool:
    if not name.needs:
        return True
    near = [*texts[max(0, first - NEIGHBOURHOOD) : first], *texts[end : end + NEIGHBOURHOOD]]
    return any(text.startswith(name.needs) for text in near)
