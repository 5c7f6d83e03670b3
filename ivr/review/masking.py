"""A caller's words -> the same without personal data. Pure.

What goes into training data goes through `mask`, and once more when it is saved. The rules rather
take too much: an amount of five words becomes another amount, which teaches the model the same.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ivr.nlu.normalise import Word, words_of
from ivr.review.masking_names import find_addresses, find_emails, find_people
from ivr.review.masking_numbers import find_numbers
from ivr.review.spoken import NEUTRAL_EMAIL, Personal, Stretch

WRITTEN_EMAIL: Final = re.compile(r"\S+@\S+")
ROUNDS: Final = 8
"""Taking a name out may join two numbers into one; each round leaves fewer words to find."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A piece of the original text and what stands for it; `start:end` are characters."""

    kind: Personal
    start: int
    end: int
    instead: str


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without personal data and what was taken out of the original."""

    text: str
    marks: tuple[Mark, ...]


def mask(text: str) -> Masked:
    """Replace personal data; masking the result once more changes nothing."""
    marks = tuple(_marks(text))
    result = _applied(text, marks)
    for _ in range(ROUNDS):
        again = tuple(_marks(result))
        if not again:
            return Masked(result, marks)
        result = _applied(result, again)
    # Rules that feed each other for so long are a text nobody should learn from.
    return Masked("", marks or (Mark(Personal.NUMBER, 0, len(text), ""),))


def is_clean(text: str) -> bool:
    """Whether no rule finds anything."""
    return next(_marks(text), None) is None


def _marks(text: str) -> Iterator[Mark]:
    """Left to right without overlap."""
    taken: list[Mark] = [
        Mark(Personal.EMAIL, match.start(), match.end(), NEUTRAL_EMAIL)
        for match in WRITTEN_EMAIL.finditer(text)
    ]
    words = words_of(text)
    spelled = [word.text for word in words]
    # E-mails and addresses hold names and numbers, so they come first.
    for stretch in (
        *find_emails(spelled),
        *find_addresses(spelled),
        *find_numbers(spelled),
        *find_people(spelled),
    ):
        mark = _mark(words, stretch)
        if all(mark.end <= other.start or other.end <= mark.start for other in taken):
            taken.append(mark)
    yield from sorted(taken, key=lambda mark: mark.start)


def _mark(words: tuple[Word, ...], stretch: Stretch) -> Mark:
    start, end = words[stretch.first].start, words[stretch.end - 1].end
    return Mark(stretch.kind, start, end, stretch.instead)


def _applied(text: str, marks: Iterable[Mark]) -> str:
    pieces, done = [], 0
    for mark in marks:
        pieces += [text[done : mark.start], f" {mark.instead} "]
        done = mark.end
    return " ".join("".join([*pieces, text[done:]]).split())
