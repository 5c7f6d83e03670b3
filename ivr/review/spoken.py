"""What the masking rules share: words to be replaced, and what is said instead. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Personal(StrEnum):
    """Kinds of personal data that rules find."""

    PHONE = "phone"
    NUMBER = "number"  # card, passport, contract, code: any long or announced number
    NAME = "name"
    ADDRESS = "address"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Stretch:
    """The words `first:end` of a text, what they are and what is said instead ('': nothing)."""

    kind: Personal
    first: int
    end: int
    instead: str


NEUTRAL_PHONES: Final = (
    "девятьсот один двести три сорок пять шестьдесят семь",
    "девятьсот двадцать сто одиннадцать двадцать два тридцать три",
    "восемь девятьсот три ноль ноль ноль двенадцать тридцать четыре",
    "девятьсот десять пятьсот пятьдесят сорок тридцать",
    "восемь девятьсот пять сто двадцать три сорок пять шестьдесят",
)
"""Nobody's in particular; several, so that the phrases made with them differ."""
NEUTRAL_NUMBER: Final = "сто двадцать три"
NEUTRAL_AMOUNT: Final = "пятьсот"
NEUTRAL_HOUSE: Final = "один"
NEUTRAL_EMAIL: Final = "абонент собака почта точка ру"


def word_set(text: str) -> frozenset[str]:
    """The words of a list kept as text."""
    return frozenset(text.split())


def starts(word: str, beginnings: tuple[str, ...]) -> bool:
    """Whether the word begins with one of these."""
    return word.startswith(beginnings)


def at(words: Sequence[str], position: int) -> str:
    """The word there, '' outside the text."""
    return words[position] if 0 <= position < len(words) else ""
