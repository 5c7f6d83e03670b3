"""Phone, card, passport, contract numbers and codes in digits or words. Pure.

A run is a stretch of number words and digits with nothing but hesitations between them. Every run
that could tell one person from another is replaced as a whole.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final
from zlib import crc32

from ivr.nlu.normalise import read_number, read_numbers
from ivr.nlu.phone import ten_digits
from ivr.review.spoken import (
    NEUTRAL_AMOUNT,
    NEUTRAL_NUMBER,
    NEUTRAL_PHONES,
    Personal,
    Stretch,
    at,
    starts,
    word_set,
)

LONG: Final = 5
"""Number words, or digits of several numbers, from which a run identifies somebody."""
ANNOUNCED: Final = 3
"""Digits from which a number said after «паспорт», «договор», «код» does."""
REACH: Final = 3
"""Words between such an announcement and the number."""
DICTATED: Final = 7
"""Digits of groups with words between them that are one number all the same."""
FEWEST_GROUPS: Final = 3
ASIDE: Final = 2
"""Words between two groups of one number."""
PHONE_DIGITS: Final = (10, 11)
LONGEST_READ: Final = 24
"""Words of a run that is tried as a phone number: nobody needs more for eleven digits."""

HESITATIONS: Final = word_set(
    "э эм ээ м мм ну вот так и потом дальше плюс ага да а это значит затем еще там тире дефис "
    "пробел точка запятая ой угу нет то есть минус скобка"
)
DIGIT_NOUNS: Final = (
    "нолик", "нолей", "нулей", "нули", "единиц", "единичк", "двойк", "двоечк", "двоек", "тройк",
    "троечк", "троек", "четверк", "четверок", "пятерк", "пятерок", "шестерк", "шестерок", "семерк",
    "семерок", "восьмерк", "восьмерок", "девятк", "девяток", "дважды", "трижды",
)  # fmt: skip
DOCUMENTS: Final = (
    "паспорт", "серия", "серии", "серию", "договор", "карт", "лицев", "снилс", "инн", "полис",
    "удостоверен", "свидетельств", "код", "пин", "пук", "номер", "пароль",
    "заявк", "обращен",
)  # fmt: skip
BIRTH: Final = ("рожден", "родил")
"""After these a year is one too, though «года» follows."""
UNITS: Final = (
    "рубл", "копе", "гигабайт", "мегабайт", "гиг", "мег", "минут", "процент", "смс", "сообщен",
    "дн", "ден", "час", "месяц", "год", "раз", "тариф", "человек",
)  # fmt: skip
"""After these a number counts something, unless it is long."""
MONEY: Final = ("рубл", "копе", "гиг", "мег", "минут")


Span = tuple[int, int]
"""First word, end word."""


def find_numbers(words: Sequence[str]) -> Iterator[Stretch]:
    """Runs that have to go; the neutral values themselves stay."""
    runs = tuple(_runs(words))
    yield from _dictated(words, runs)
    for first, end in runs:
        said = tuple(words[first:end])
        if " ".join(said) not in NEUTRAL and _is_personal(words, first, end):
            yield _replaced(words, first, end)


NEUTRAL: Final = frozenset((*NEUTRAL_PHONES, NEUTRAL_NUMBER, NEUTRAL_AMOUNT))


def is_numberlike(word: str) -> bool:
    """A number word in any form, or a word with a digit in it."""
    return (
        any(character.isnumeric() for character in word)
        or starts(word, DIGIT_NOUNS)
        or read_number((word,), 0) is not None
    )


def _runs(words: Sequence[str]) -> Iterator[Span]:
    places = [place for place, word in enumerate(words) if is_numberlike(word)]
    first: int | None = None
    for place, following in pairwise((*places, None)):
        assert place is not None
        first = place if first is None else first
        if following is None or not HESITATIONS.issuperset(words[place + 1 : following]):
            yield first, place + 1
            first = None


def _dictated(words: Sequence[str], runs: Sequence[Span]) -> Iterator[Stretch]:
    """Groups of one long number with a word or two between them: «… запишите … наверное …»."""
    for group in _near(words, runs):
        first, end = group[0][0], group[-1][1]
        said = [word for one, other in group for word in words[one:other] if is_numberlike(word)]
        numbers, digits = _digits(said)
        if len(group) > 1 and numbers >= FEWEST_GROUPS and digits >= DICTATED:
            yield _replaced(words, first, end)


def _near(words: Sequence[str], runs: Sequence[Span]) -> Iterator[list[Span]]:
    group: list[Span] = []
    for run in runs:
        between = words[group[-1][1] : run[0]] if group else ()
        if len(between) > ASIDE or any(starts(word, UNITS) for word in between):
            yield group
            group = []
        group.append(run)
    if group:
        yield group


def _is_personal(words: Sequence[str], first: int, end: int) -> bool:
    said = [word for word in words[first:end] if is_numberlike(word)]
    literal = sum(character.isnumeric() for word in said for character in word)
    if len(said) >= LONG or literal >= LONG:
        return True
    numbers, digits = _digits(said)
    if numbers > 1 and digits >= LONG:
        return True
    before = words[max(0, first - 1 - REACH) : first]
    announced = () if starts(at(words, end), UNITS) else DOCUMENTS
    return digits >= ANNOUNCED and any(starts(word, (*announced, *BIRTH)) for word in before)


def _digits(said: Sequence[str]) -> tuple[int, int]:
    """How many numbers a run holds, and how many digits they have together."""
    read = tuple(read_numbers(said))
    covered = sum(number.end - number.first for number in read)
    rest = len(said) - covered
    return len(read) + rest, sum(len(str(int(number.value))) for number in read) + rest


def _replaced(words: Sequence[str], first: int, end: int) -> Stretch:
    said = [word for word in words[first:end] if is_numberlike(word)]
    if starts(at(words, end), MONEY):
        return Stretch(Personal.NUMBER, first, end, NEUTRAL_AMOUNT)
    literal = sum(character.isnumeric() for word in said for character in word)
    is_phone = literal in PHONE_DIGITS or _digits(said)[1] in PHONE_DIGITS
    if is_phone or (len(said) <= LONGEST_READ and ten_digits(said)):
        chosen = crc32(" ".join(said).encode()) % len(NEUTRAL_PHONES)
        return Stretch(Personal.PHONE, first, end, NEUTRAL_PHONES[chosen])
    return Stretch(Personal.NUMBER, first, end, NEUTRAL_NUMBER)
