"""Russian spelling -> phones of the bundled acoustic model. Pure.

Vowels follow the letters, without stress or reduction: the network has learned how unstressed
letters sound. Consonants are hard or soft ("t'") and assimilate in voice from right to left.
"""

import re
from typing import Final

VOWELS: Final = {"а": "a", "о": "o", "у": "u", "ы": "y", "и": "i", "э": "e"}
IOTATED: Final = {"е": "e", "ё": "o", "ю": "u", "я": "a"}
CONSONANTS: Final = {
    "б": "b", "в": "v", "г": "g", "д": "d", "з": "z", "к": "k", "л": "l", "м": "m", "н": "n",
    "п": "p", "р": "r", "с": "s", "т": "t", "ф": "f", "х": "h",
}  # fmt: skip
ALWAYS_HARD: Final = {"ж": "zh", "ш": "sh", "ц": "ts"}
ALWAYS_SOFT: Final = {"ч": "ch", "щ": "sch", "й": "j"}
SOFTENING: Final = frozenset("еёиюяь")
DEVOICED: Final = {"b": "p", "v": "f", "g": "k", "d": "t", "z": "s", "zh": "sh"}
VOICED: Final = {voiceless: voiced for voiced, voiceless in DEVOICED.items()}
VOICELESS: Final = frozenset({*VOICED, "ts", "ch", "sch", "h"})
VOICING: Final = frozenset({"b", "g", "d", "z", "zh"})
"""Consonants that voice the one before them; v does not (твой), sonorants do not."""

PHONES: Final = (
    *VOWELS.values(),
    *ALWAYS_SOFT.values(),
    *ALWAYS_HARD.values(),
    *(hard + soft for hard in CONSONANTS.values() for soft in ("", "'")),
)

_SPELLED: Final = (
    (re.compile(r"(?<=[ое])г(?=о$)"), "в"),
    (re.compile(r"^сегодня"), "севодня"),
    (re.compile(r"ть?ся$"), "ца"),
    (re.compile("стн"), "сн"),
    (re.compile("здн"), "зн"),
    (re.compile("лнц"), "нц"),
    (re.compile("[сзж]ч"), "щ"),
    (re.compile("рдц"), "рц"),
    (re.compile("^что"), "што"),
    (re.compile("конечно"), "конешно"),
    (re.compile("скучно"), "скушно"),
)
"""Spellings that sound unlike their letters, in the order they are applied."""

_DOUBLED: Final = re.compile(r"([бвгджзйклмнпрстфхцчшщ])\1+")

_WORD: Final = re.compile("[а-яё]+")


_G_IS_HEARD: Final = re.compile("(?:не)?много|(?:не)?строго|(?:не)?дорого|[нчс]его|сегодня.*")
"""«много» is said with g. «него» and «сегодня» are not, but the network was trained as if."""


def pronunciations(word: str) -> tuple[tuple[str, ...], ...]:
    """All ways a word may sound in the model's phones, the regular one first."""
    regular = pronounce(word)
    if not _G_IS_HEARD.fullmatch(word):
        return (regular,)
    return regular, tuple("g" if phone == "v" else phone for phone in regular)


def pronounce(word: str) -> tuple[str, ...]:
    """A lower-case Cyrillic word -> phones; raises `ValueError` for anything else."""
    if not _WORD.fullmatch(word):
        raise ValueError(f"{word!r} is not one lower-case Russian word")
    for pattern, sound in _SPELLED:
        word = pattern.sub(sound, word)
    return _once(_assimilated(_letters(word)))


def _letters(word: str) -> list[str]:
    phones: list[str] = []
    word = _DOUBLED.sub(r"\1", word)
    for at, letter in enumerate(word):
        before = word[at - 1] if at else ""
        after = word[at + 1 : at + 2]
        if letter in CONSONANTS:
            phones.append(CONSONANTS[letter] + ("'" if after and after in SOFTENING else ""))
        elif letter in ALWAYS_HARD or letter in ALWAYS_SOFT:
            phones.append((ALWAYS_HARD | ALWAYS_SOFT)[letter])
        elif letter in VOWELS or letter in IOTATED:
            phones += _vowel(letter, before)
    return phones


def _vowel(letter: str, before: str) -> list[str]:
    if letter == "и" and (not before or before in ALWAYS_HARD):
        return ["y"]
    if letter == "и":
        return ["j", "i"] if before == "ь" else ["i"]
    if letter in VOWELS:
        return [VOWELS[letter]]
    after_consonant = before in CONSONANTS or before in ALWAYS_HARD or before in ("ч", "щ")
    return [IOTATED[letter]] if before and after_consonant else ["j", IOTATED[letter]]


def _assimilated(phones: list[str]) -> list[str]:
    """Voice spreads from right to left; a pause follows the last phone."""
    result = list(phones)
    following = "#"
    for at in range(len(result) - 1, -1, -1):
        hard, soft = result[at].removesuffix("'"), "'" if result[at].endswith("'") else ""
        if following == "#" or following in VOICELESS:
            hard = DEVOICED.get(hard, hard)
        elif following in VOICING:
            hard = VOICED.get(hard, hard)
        result[at] = hard + soft
        following = hard
    return result


def _once(phones: list[str]) -> tuple[str, ...]:
    """Consonants that became alike count once, as the last of them: о(т)дел, и(т)ти."""
    vowels = set(VOWELS.values())
    return tuple(
        phone
        for phone, following in zip(phones, (*phones[1:], ""), strict=bool(phones))
        if phone in vowels or phone.removesuffix("'") != following.removesuffix("'")
    )
