"""Russian words for numbers, amounts, dates and times, in the case a preposition asks for.

num2words supplies numbers below a thousand; thousands and above are put together here, because it
gives every group the gender of the last one ('одна миллион').
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal

from num2words import num2words

from ivr.speech.phrase import Unit

Gender = Literal["m", "f"]


class GrammaticalCase(StrEnum):
    """The cases that prompts need; values as num2words names them."""

    NOMINATIVE = "n"
    GENITIVE = "g"
    ACCUSATIVE = "a"


@dataclass(frozen=True, slots=True)
class Noun:
    """Forms of a counted noun: with 1, with 2-4, with 5 and more."""

    one: str
    few: str
    many: str
    gender: Gender = "m"
    one_accusative: str = ""
    """'минуту'; empty: like `one`."""

    def form(self, count: int, case: GrammaticalCase = GrammaticalCase.NOMINATIVE) -> str:
        """The form that agrees with `count` (0 and up) in that case."""
        last_two, last = count % 100, count % 10
        is_one = last == 1 and last_two != 11
        if case is GrammaticalCase.GENITIVE:
            return self.few if is_one else self.many
        if is_one:
            accusative = case is GrammaticalCase.ACCUSATIVE and self.one_accusative
            return accusative or self.one
        return self.few if 2 <= last <= 4 and not 12 <= last_two <= 14 else self.many


ROUBLE: Final = Noun("рубль", "рубля", "рублей")
KOPECK: Final = Noun("копейка", "копейки", "копеек", "f", "копейку")
HOUR: Final = Noun("час", "часа", "часов")
MINUTE: Final = Noun("минута", "минуты", "минут", "f", "минуту")
MEGABYTE: Final = Noun("мегабайт", "мегабайта", "мегабайтов")
NOUNS: Final[dict[Unit, Noun]] = {
    Unit.ROUBLE: ROUBLE,
    Unit.MINUTE: MINUTE,
    Unit.SECOND: Noun("секунда", "секунды", "секунд", "f", "секунду"),
    Unit.HOUR: HOUR,
    Unit.DAY: Noun("день", "дня", "дней"),
    Unit.MONTH: Noun("месяц", "месяца", "месяцев"),
    Unit.GIGABYTE: Noun("гигабайт", "гигабайта", "гигабайтов"),
    Unit.MEGABYTE: MEGABYTE,
    Unit.MESSAGE: Noun("сообщение", "сообщения", "сообщений"),
    Unit.SERVICE: Noun("услуга", "услуги", "услуг", "f", "услугу"),
    Unit.PERSON: Noun("человек", "человека", "человек"),
}
_NEUTER: Final = frozenset({Unit.MESSAGE})
_SCALES: Final = (
    (10**9, Noun("миллиард", "миллиарда", "миллиардов")),
    (10**6, Noun("миллион", "миллиона", "миллионов")),
    (10**3, Noun("тысяча", "тысячи", "тысяч", "f", "тысячу")),
)
_TENTHS: Final = ("десятая", "десятых"), ("сотая", "сотых"), ("тысячная", "тысячных")
_MONTHS: Final = (
    *("января", "февраля", "марта", "апреля", "мая", "июня"),
    *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
)
_PARTS_OF_DAY = ((4, "ночи"), (12, "утра"), (17, "дня"), (24, "вечера"))
"""Up to which hour."""
_NEAR_DAYS: Final = {-1: "вчера", 0: "сегодня", 1: "завтра", 2: "послезавтра"}
_YEAR_SPOKEN_BEYOND_DAYS: Final = 180
_KOPECK: Final = Decimal("0.01")


@lru_cache(maxsize=8192)
def cardinal(
    number: int,
    gender: Gender | Literal["n"] = "m",
    case: GrammaticalCase = GrammaticalCase.NOMINATIVE,
) -> str:
    """Words of a whole number below 10**12; the last group takes `gender`."""
    if number < 0:
        return f"минус {cardinal(-number, gender, case)}"
    if number >= 10**12:
        raise ValueError(f"{number} is too large to be said")
    if number == 0:
        return "нуля" if case is GrammaticalCase.GENITIVE else "ноль"
    words: list[str] = []
    for scale, noun in _SCALES:
        count, number = divmod(number, scale)
        if count:
            words += [_below_thousand(count, noun.gender, case), noun.form(count, case)]
    if number:
        words.append(_below_thousand(number, gender, case))
    return " ".join(words)


def counted(
    number: int, noun: Noun, case: GrammaticalCase = GrammaticalCase.NOMINATIVE, gender: str = ""
) -> str:
    """'двадцать одна минута', 'двадцати одной минуты', 'двадцать одну минуту'."""
    words = cardinal(number, _gender(gender or noun.gender), case)
    return f"{words} {noun.form(abs(number), case)}"


def money(roubles: Decimal, case: GrammaticalCase = GrammaticalCase.NOMINATIVE) -> str:
    """Roubles and kopecks, half a kopeck rounded up; kopecks only when there are any."""
    total = int(abs(roubles).quantize(_KOPECK, ROUND_HALF_UP) * 100)
    whole, kopecks = divmod(total, 100)
    words = []
    if whole or not kopecks:
        words.append(counted(whole, ROUBLE, case))
    if kopecks:
        words.append(counted(kopecks, KOPECK, case))
    sign = ["минус"] if roubles < 0 and total else []
    return " ".join(sign + words)


def quantity(
    count: Decimal, unit: Unit, case: GrammaticalCase = GrammaticalCase.NOMINATIVE
) -> tuple[str, ...]:
    """Ways to say a count, best first; a fraction has several, so that one may be recorded."""
    noun = NOUNS[unit]
    sign = "минус " if count < 0 else ""
    count = abs(count)
    whole = int(count)
    if count == whole:
        gender = "n" if unit in _NEUTER else ""
        return (sign + counted(whole, noun, case, gender),)
    readings = [_halves(whole, noun)] if count - whole == Decimal("0.5") else []
    readings.append(_decimal_fraction(count, noun))
    if unit is Unit.GIGABYTE:
        readings.append(_gigabytes_and_megabytes(count, case))
    return tuple(sign + reading for reading in readings)


def calendar_date(day: date, today: date) -> str:
    """'сегодня' and its neighbours, else 'двадцать второго ноября', with the year if it is far."""
    distance = (day - today).days
    if distance in _NEAR_DAYS:
        return _NEAR_DAYS[distance]
    words = f"{_ordinal_genitive(day.day)} {_MONTHS[day.month - 1]}"
    if day.year != today.year and abs(distance) > _YEAR_SPOKEN_BEYOND_DAYS:
        words += f" {_ordinal_genitive(day.year)} года"
    return words


def clock_time(at: time, case: GrammaticalCase = GrammaticalCase.NOMINATIVE) -> str:
    """'восемнадцать часов тридцать минут'; full hours without minutes."""
    hours = counted(at.hour, HOUR, case)
    return f"{hours} {counted(at.minute, MINUTE, case)}" if at.minute else hours


def time_slot(begin: datetime, length: timedelta, today: date) -> str:
    """'завтра с девяти до десяти'; midnight at the end of a day is 'до двадцати четырёх'."""
    end = begin + length
    last = (end.hour or 24) if end.date() != begin.date() else end.hour
    hours = (_hour_genitive(begin.hour, begin.minute), _hour_genitive(last, end.minute))
    return f"{calendar_date(begin.date(), today)} с {hours[0]} до {hours[1]}"


def day_and_hour(begin: datetime, today: date) -> str:
    """'завтра после девяти утра'."""
    hour = _hour_genitive(begin.hour % 12 or 12, begin.minute)
    part = next(name for until, name in _PARTS_OF_DAY if begin.hour < until)
    return f"{calendar_date(begin.date(), today)} после {hour} {part}"


def _hour_genitive(hour: int, minute: int) -> str:
    hours = "часа" if hour == 1 and not minute else cardinal(hour, case=GrammaticalCase.GENITIVE)
    return f"{hours} {cardinal(minute, case=GrammaticalCase.GENITIVE)}" if minute else hours


def digit_groups(digits: str) -> tuple[str, ...]:
    """A number spelled in groups: ten digits as 3-3-2-2, others in pairs from the right."""
    figures = "".join(character for character in digits if "0" <= character <= "9")
    if len(figures) == 11 and figures[0] in "78":
        figures = figures[1:]
    sizes = (3, 3, 2, 2) if len(figures) == 10 else _pair_sizes(len(figures))
    groups = []
    for size in sizes:
        groups.append(_digits(figures[:size]))
        figures = figures[size:]
    return tuple(groups)


def _pair_sizes(length: int) -> tuple[int, ...]:
    if length <= 3:
        return (length,) if length else ()
    return ((3,) if length % 2 else (2,)) + (2,) * ((length - 2 - length % 2) // 2)


def _digits(group: str) -> str:
    significant = group.lstrip("0")
    words = ["ноль"] * (len(group) - len(significant))
    if significant:
        words.append(cardinal(int(significant)))
    return " ".join(words)


def _below_thousand(number: int, gender: str, case: GrammaticalCase) -> str:
    words: str = num2words(number, lang="ru", gender=gender, case=case.value, animate=False)
    return words


def _gender(gender: str) -> Gender | Literal["n"]:
    return "f" if gender == "f" else "n" if gender == "n" else "m"


@lru_cache(maxsize=256)
def _ordinal_genitive(number: int) -> str:
    words: str = num2words(number, lang="ru", to="ordinal", case="g")
    return words


def _halves(whole: int, noun: Noun) -> str:
    if whole == 0:
        return f"половина {noun.few}"
    if whole == 1:
        return f"{'полторы' if noun.gender == 'f' else 'полтора'} {noun.few}"
    return f"{cardinal(whole, noun.gender)} с половиной {noun.form(whole)}"


def _decimal_fraction(count: Decimal, noun: Noun) -> str:
    """'двенадцать целых три десятых гигабайта'; at most thousandths are spoken."""
    rounded = round(count, 3).normalize()
    whole = int(rounded)
    places = max(0, -int(rounded.as_tuple().exponent))
    if places == 0:
        return counted(whole, noun)
    numerator = int((rounded - whole) * 10**places)
    one, many = _TENTHS[places - 1]
    fraction = Noun(one, many, many, "f")
    integer = counted(whole, Noun("целая", "целых", "целых", "f"))
    return f"{integer} {counted(numerator, fraction)} {noun.few}"


def _gigabytes_and_megabytes(count: Decimal, case: GrammaticalCase) -> str:
    """Gigabytes and the rest in megabytes, a thousand to one, as operators advertise them."""
    megabytes = int((count * 1000).to_integral_value(ROUND_HALF_UP))
    if megabytes > 1000:
        megabytes = (megabytes + 5) // 10 * 10  # nobody counts single megabytes beside gigabytes
    whole, rest = divmod(megabytes, 1000)
    words = [counted(whole, NOUNS[Unit.GIGABYTE], case)] if whole or not rest else []
    if rest:
        words.append(counted(rest, MEGABYTE, case))
    return " ".join(words)
