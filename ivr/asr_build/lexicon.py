"""Words -> pronunciations with word positions; spellings with 'ё' are folded into those with 'е'.

Callers' texts are written with 'е' for 'ё' as often as not, so a word is one word however it is
written, and has the sounds of both spellings where both are known. Pure.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ivr.asr_build.letter_to_sound import pronunciations
from ivr.errors import ConfigError

WORD = re.compile("[а-яё]+")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words in alphabetical order with their pronunciations (phone names with _B _I _E _S)."""

    entries: Mapping[str, tuple[tuple[str, ...], ...]]

    @property
    def pronunciation_count(self) -> int:
        return sum(len(variants) for variants in self.entries.values())


def folded(text: str) -> str:
    """One spelling for a word: 'ё' as 'е'."""
    return text.replace("ё", "е")


def build(spellings: Iterable[str]) -> Lexicon:
    """A lexicon of all words given, in any mixture of 'е' and 'ё'; order does not matter.

    Raises `ConfigError` for what has no sound, such as a lone 'ь'.
    """
    entries: dict[str, set[tuple[str, ...]]] = {}
    for spelled in sorted(set(spellings)):
        variants = {positioned(phones) for phones in pronunciations(spelled) if phones}
        if not variants:
            raise ConfigError("word", spelled, "a Russian word that can be spoken")
        entries.setdefault(folded(spelled), set()).update(variants)
    return Lexicon({word: tuple(sorted(entries[word])) for word in sorted(entries)})


def positioned(phones: tuple[str, ...]) -> tuple[str, ...]:
    """Phones -> phones with their place in the word: _B begin, _I inside, _E end, _S single."""
    if len(phones) == 1:
        return (f"{phones[0]}_S",)
    inner = tuple(f"{phone}_I" for phone in phones[1:-1])
    return (f"{phones[0]}_B", *inner, f"{phones[-1]}_E")
