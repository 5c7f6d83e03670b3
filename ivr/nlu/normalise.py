"""Text -> words with their places; Russian number words -> numbers. Pure.

Every case form is listed, because callers say «около двухсот», «с сорока пятью» and
«двести первый».
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Word:
    """A word as compared (lower case, 'е' for 'ё') and where it is in the text."""

    text: str
    start: int
    end: int


def words_of(text: str) -> tuple[Word, ...]:
    """Letters and digits in runs; everything else separates."""
    return tuple(
        Word(match[0].lower().replace("ё", "е"), match.start(), match.end())
        for match in WORD.finditer(text)
    )


def word_set(text: str) -> frozenset[str]:
    """The words of a list written as one string."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class SpokenNumber:
    """A number said with the words `first:end` of a sequence."""

    value: Decimal
    first: int
    end: int
    ordinal: bool = False


def read_number(words: Sequence[str], at: int) -> SpokenNumber | None:
    """The longest number that begins at word `at`: cardinal, ordinal, digits or «полтора»."""
    word = words[at]
    if word.isascii() and word.isdigit() and len(word) <= 12:
        return SpokenNumber(Decimal(word), at, at + 1)
    if word in ONE_AND_A_HALF:
        factor = _SCALES.get(words[at + 1]) if at + 1 < len(words) else None
        value = Decimal("1.5") * (factor or 1)
        return SpokenNumber(value, at, at + (2 if factor else 1))
    return _read_words(words, at)


def read_numbers(words: Sequence[str]) -> Iterable[SpokenNumber]:
    """All numbers of a sequence, left to right, each as long as it can be."""
    at = 0
    while at < len(words):
        number = read_number(words, at)
        if number is not None:
            yield number
        at = number.end if number is not None else at + 1


def fits_after(group: int, value: int) -> bool:
    """Whether a numeral continues a group below 1000: «сто» «сорок» «один», not «сорок» «сто».

    A group of 0 is an empty one.
    """
    if group == 0:
        return True
    if value >= 100 or value == 0:
        return False
    if value >= 10:
        return group % 100 == 0
    return group % 10 == 0 and group % 100 != 10


def _read_words(words: Sequence[str], at: int) -> SpokenNumber | None:
    total, group, smallest_scale, end = 0, 0, 10**12, at
    for position in range(at, len(words)):
        word = words[position]
        value, scale, rank = CARDINALS.get(word), _SCALES.get(word), ORDINALS.get(word)
        if value is not None and fits_after(group, value) and (value or position == at):
            group += value
        elif scale is not None and scale < smallest_scale:
            total, group, smallest_scale = total + (group or 1) * scale, 0, scale
        elif rank is not None and fits_after(group, rank):
            return SpokenNumber(Decimal(total + group + rank), at, position + 1, ordinal=True)
        else:
            break
        end = position + 1
        if value == 0:
            break
    return SpokenNumber(Decimal(total + group), at, end) if end > at else None


def _forms(*rows: tuple[int, str]) -> dict[str, int]:
    return {form: value for value, forms in rows for form in forms.split()}


ONE_AND_A_HALF = frozenset({"полтора", "полторы", "полутора"})

_TEENS = ("один", "две", "три", "четыр", "пят", "шест", "сем", "восем", "девят")
_ADJECTIVE = ("ый", "ой", "ого", "ому", "ым", "ом", "ая", "ую", "ое", "ые", "ых", "ыми")
_THIRD = ("ий", "ьего", "ьему", "ьим", "ьем", "ья", "ьей", "ью", "ье", "ьи", "ьих")

CARDINALS: dict[str, int] = _forms(
    (0, "ноль нуль ноля нуля нолю нулю нолем нулем ноле нуле"),
    (1, "один одна одно одного одной одному одну одним одною одном"),
    (2, "два две двух двум двумя"),
    (3, "три трех трем тремя"),
    (4, "четыре четырех четырем четырьмя"),
    (5, "пять пяти пятью"),
    (6, "шесть шести шестью"),
    (7, "семь семи семью"),
    (8, "восемь восьми восемью восьмью"),
    (9, "девять девяти девятью"),
    (10, "десять десяти десятью"),
    *(
        (10 + unit, f"{stem}надцать {stem}надцати {stem}надцатью")
        for unit, stem in enumerate(_TEENS, 1)
    ),
    (20, "двадцать двадцати двадцатью"),
    (30, "тридцать тридцати тридцатью"),
    (40, "сорок сорока"),
    (50, "пятьдесят пятидесяти пятьюдесятью"),
    (60, "шестьдесят шестидесяти шестьюдесятью"),
    (70, "семьдесят семидесяти семьюдесятью"),
    (80, "восемьдесят восьмидесяти восемьюдесятью восьмьюдесятью"),
    (90, "девяносто девяноста"),
    (100, "сто ста"),
    (200, "двести двухсот двумстам двумястами двухстах"),
    (300, "триста трехсот тремстам тремястами трехстах"),
    (400, "четыреста четырехсот четыремстам четырьмястами четырехстах"),
    (500, "пятьсот пятисот пятистам пятьюстами пятистах"),
    (600, "шестьсот шестисот шестистам шестьюстами шестистах"),
    (700, "семьсот семисот семистам семьюстами семистах"),
    (800, "восемьсот восьмисот восьмистам восемьюстами восьмьюстами восьмистах"),
    (900, "девятьсот девятисот девятистам девятьюстами девятистах"),
)
"""Every case form of the simple numerals."""

_SCALES: dict[str, int] = _forms(
    (1000, "тысяча тысячи тысяче тысячу тысячей тысячью тысяч тысячам тысячами тысячах тыща"),
    (1000, "тыщи тыще тыщу тыщей тыщ"),
    (10**6, "миллион миллиона миллиону миллионом миллионе миллионы миллионов миллионам"),
    (10**6, "миллионами миллионах"),
    (10**9, "миллиард миллиарда миллиарду миллиардом миллиарде миллиарды миллиардов"),
    (10**9, "миллиардам миллиардами миллиардах"),
)

_ORDINAL_STEMS: dict[int, str] = {
    1: "перв", 2: "втор", 4: "четверт", 5: "пят", 6: "шест", 7: "седьм", 8: "восьм",
    9: "девят", 10: "десят", 20: "двадцат", 30: "тридцат", 40: "сороков", 50: "пятидесят",
    60: "шестидесят", 70: "семидесят", 80: "восьмидесят", 90: "девяност", 100: "сот",
}  # fmt: skip

ORDINALS: dict[str, int] = {
    **{stem + end: value for value, stem in _ORDINAL_STEMS.items() for end in _ADJECTIVE},
    **{
        f"{stem}надцат{end}": 10 + unit for unit, stem in enumerate(_TEENS, 1) for end in _ADJECTIVE
    },
    **{"трет" + end: 3 for end in _THIRD},
}
"""Every form of the simple ordinals; compound ones end in one of them."""
