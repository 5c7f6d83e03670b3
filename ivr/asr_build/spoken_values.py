"""Sentences with numbers, amounts, phones and dates: what fills the slots of a call. Pure.

A group of sentences shares one weight, so that a thousand amounts do not drown the phrases that
people have written.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from ivr.asr_build.language_model import Sentence
from ivr.nlu.normalise import CARDINALS, ORDINALS
from ivr.speech import russian
from ivr.speech.russian import GrammaticalCase

NUMBERS_WEIGHT: Final = 10.0
"""Together, in phrases of the training data."""
AMOUNTS_WEIGHT: Final = 15.0
PHONES_WEIGHT: Final = 15.0
DATES_WEIGHT: Final = 10.0
PHONE_SAMPLES: Final = 300
MONTHS: Final = (
    "январь января январе", "февраль февраля феврале", "март марта марте",
    "апрель апреля апреле", "май мая мае", "июнь июня июне", "июль июля июле",
    "август августа августе", "сентябрь сентября сентябре", "октябрь октября октябре",
    "ноябрь ноября ноябре", "декабрь декабря декабре",
)  # fmt: skip
WEEKDAYS: Final = (
    "понедельник понедельника", "вторник вторника", "среда среду среды", "четверг четверга",
    "пятница пятницу пятницы", "суббота субботу субботы", "воскресенье воскресенья",
)  # fmt: skip
NEAR_DAYS: Final = ("позавчера", "вчера", "сегодня", "завтра", "послезавтра")


def slot_sentences() -> Iterator[Sentence]:
    """All of it but names, see ivr/asr_build/name_classes.py."""
    yield from shared([*CARDINALS, *ORDINALS, *_cardinals(1000)], NUMBERS_WEIGHT)
    yield from shared(amounts(), AMOUNTS_WEIGHT)
    yield from shared(phones(), PHONES_WEIGHT)
    yield from shared(dates(), DATES_WEIGHT)


def shared(texts: Iterable[str], weight: float) -> tuple[Sentence, ...]:
    """The texts once each, in the order of the alphabet, with equal parts of the weight."""
    unique = sorted(set(texts))
    return tuple(Sentence(tuple(text.split()), weight / len(unique)) for text in unique)


def amounts() -> Iterator[str]:
    """Sums of money in the cases callers use."""
    for roubles in (*range(10, 1000, 10), *range(1000, 10001, 100), *range(1, 100)):
        for case in GrammaticalCase:
            yield russian.money(Decimal(roubles), case)
        yield f"на {russian.money(Decimal(roubles), GrammaticalCase.ACCUSATIVE)}"


def phones() -> Iterator[str]:
    """Mobile numbers in groups and digit by digit; the same ones in every build."""
    state = 611
    for _ in range(PHONE_SAMPLES):
        state = (1103515245 * state + 12345) % 2**31  # C's rand(): enough to spread the digits
        digits = f"9{state % 10**9:09}"
        yield " ".join(russian.digit_groups(digits))
        yield "восемь " + " ".join(russian.digit_groups(digits))
        yield " ".join(russian.cardinal(int(digit)) for digit in digits)


def dates() -> Iterator[str]:
    """Days of the year, months, days of the week and what is near."""
    first, far = date(2024, 1, 1), date(2024, 7, 1)
    for number in range(366):
        day = first + timedelta(days=number)
        if abs((day - far).days) > 2:  # those near would come out as 'завтра'
            yield russian.calendar_date(day, far)
    for forms in MONTHS:
        _, genitive, prepositional = forms.split()
        yield from (*forms.split(), f"в {prepositional}", f"с {genitive}")
    for forms in WEEKDAYS:
        yield from (*forms.split(), f"в {forms.split()[min(1, forms.count(' ') - 1)]}")
    yield from NEAR_DAYS


def _cardinals(below: int) -> Iterator[str]:
    for number in range(below):
        for case in (GrammaticalCase.NOMINATIVE, GrammaticalCase.GENITIVE):
            yield russian.cardinal(number, "m", case)
