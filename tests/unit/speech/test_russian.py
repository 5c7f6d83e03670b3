"""Numbers, amounts, dates and times in Russian words."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from ivr.speech.phrase import Unit
from ivr.speech.russian import (
    NOUNS,
    GrammaticalCase,
    calendar_date,
    cardinal,
    clock_time,
    counted,
    day_and_hour,
    digit_groups,
    money,
    quantity,
)

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 22)
GENITIVE = GrammaticalCase.GENITIVE
ACCUSATIVE = GrammaticalCase.ACCUSATIVE


@pytest.mark.parametrize(
    ("roubles", "words"),
    [
        ("0", "ноль рублей"),
        ("-0.001", "ноль рублей"),
        ("1", "один рубль"),
        ("2", "два рубля"),
        ("5", "пять рублей"),
        ("11", "одиннадцать рублей"),
        ("12", "двенадцать рублей"),
        ("14", "четырнадцать рублей"),
        ("21", "двадцать один рубль"),
        ("101", "сто один рубль"),
        ("111", "сто одиннадцать рублей"),
        ("123.45", "сто двадцать три рубля сорок пять копеек"),
        ("1001", "одна тысяча один рубль"),
        ("2000", "две тысячи рублей"),
        ("1000000", "один миллион рублей"),
        ("3002021.02", "три миллиона две тысячи двадцать один рубль две копейки"),
        ("0.01", "одна копейка"),
        ("0.22", "двадцать две копейки"),
        ("0.995", "один рубль"),
        ("-12.50", "минус двенадцать рублей пятьдесят копеек"),
    ],
)
def test_money_agrees_in_number_and_gender(roubles: str, words: str) -> None:
    assert money(Decimal(roubles)) == words


def test_money_takes_the_genitive_after_a_preposition() -> None:
    assert money(Decimal("1021.01"), GENITIVE) == (
        "одной тысячи двадцати одного рубля одной копейки"
    )


@pytest.mark.parametrize(
    ("count", "unit", "words"),
    [
        ("1", Unit.MINUTE, "одна минута"),
        ("2", Unit.MINUTE, "две минуты"),
        ("11", Unit.MINUTE, "одиннадцать минут"),
        ("21", Unit.MINUTE, "двадцать одна минута"),
        ("1000", Unit.MINUTE, "одна тысяча минут"),
        ("1", Unit.MESSAGE, "одно сообщение"),
        ("101", Unit.MESSAGE, "сто одно сообщение"),
        ("22", Unit.MESSAGE, "двадцать два сообщения"),
        ("1", Unit.DAY, "один день"),
        ("3", Unit.DAY, "три дня"),
        ("30", Unit.DAY, "тридцать дней"),
        ("2", Unit.SERVICE, "две услуги"),
        ("2", Unit.PERSON, "два человека"),
        ("5", Unit.PERSON, "пять человек"),
        ("1.5", Unit.GIGABYTE, "полтора гигабайта"),
        ("1.5", Unit.MINUTE, "полторы минуты"),
        ("0.5", Unit.HOUR, "половина часа"),
        ("12.5", Unit.GIGABYTE, "двенадцать с половиной гигабайтов"),
        ("2.5", Unit.GIGABYTE, "два с половиной гигабайта"),
        ("7.3", Unit.GIGABYTE, "семь целых три десятых гигабайта"),
        ("1.01", Unit.GIGABYTE, "одна целая одна сотая гигабайта"),
        ("-3", Unit.DAY, "минус три дня"),
    ],
)
def test_quantity_agrees_with_its_unit(count: str, unit: Unit, words: str) -> None:
    assert quantity(Decimal(count), unit)[0] == words


def test_fractions_of_gigabytes_can_also_be_said_in_megabytes() -> None:
    assert (
        quantity(Decimal("12.5"), Unit.GIGABYTE)[-1] == "двенадцать гигабайтов пятьсот мегабайтов"
    )
    assert quantity(Decimal("7.304"), Unit.GIGABYTE)[-1] == "семь гигабайтов триста мегабайтов"
    assert quantity(Decimal("0.999"), Unit.GIGABYTE)[-1] == "девятьсот девяносто девять мегабайтов"
    assert quantity(Decimal("1.999"), Unit.GIGABYTE)[-1] == "два гигабайта"


def test_a_single_feminine_unit_has_its_own_accusative() -> None:
    assert quantity(Decimal(1), Unit.MINUTE, ACCUSATIVE) == ("одну минуту",)
    assert quantity(Decimal(21), Unit.MINUTE, ACCUSATIVE) == ("двадцать одну минуту",)
    assert quantity(Decimal(1001), Unit.MINUTE, ACCUSATIVE) == ("одну тысячу одну минуту",)
    assert quantity(Decimal(2), Unit.MINUTE, ACCUSATIVE) == ("две минуты",)


@given(st.integers(0, 999_999_999_999))
def test_masculine_numbers_equal_num2words(number: int) -> None:
    assert cardinal(number) == num2words(number, lang="ru")


@given(st.integers(0, 999_999))
def test_feminine_numbers_equal_num2words(number: int) -> None:
    assert cardinal(number, "f") == num2words(number, lang="ru", gender="f")


@given(st.integers(0, 10**9), st.sampled_from(list(Unit)))
def test_the_noun_follows_the_last_two_figures(number: int, unit: Unit) -> None:
    noun = NOUNS[unit]
    if 11 <= number % 100 <= 14 or number % 10 in (0, 5, 6, 7, 8, 9):
        expected = noun.many
    else:
        expected = noun.one if number % 10 == 1 else noun.few
    assert counted(number, noun).endswith(f" {expected}")


def test_a_number_nobody_can_say_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        cardinal(10**12)


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (TODAY, "сегодня"),
        (date(2026, 11, 23), "завтра"),
        (date(2026, 11, 24), "послезавтра"),
        (date(2026, 11, 21), "вчера"),
        (date(2026, 11, 20), "двадцатого ноября"),
        (date(2026, 12, 3), "третьего декабря"),
        (date(2026, 12, 31), "тридцать первого декабря"),
        (date(2027, 1, 1), "первого января"),
        (date(2025, 3, 8), "восьмого марта две тысячи двадцать пятого года"),
    ],
)
def test_dates_are_near_words_or_genitive_ordinals(day: date, words: str) -> None:
    assert calendar_date(day, TODAY) == words


@given(st.integers(-179, 179).filter(lambda days: days not in range(-1, 3)))
def test_every_near_date_is_a_day_and_a_month(days: int) -> None:
    words = calendar_date(TODAY + timedelta(days=days), TODAY).split()
    assert words[-2].endswith("го")
    assert len(words) in (2, 3)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (time(0), "ноль часов"),
        (time(0, 5), "ноль часов пять минут"),
        (time(1), "один час"),
        (time(18, 30), "восемнадцать часов тридцать минут"),
        (time(21, 1), "двадцать один час одна минута"),
        (time(22, 2), "двадцать два часа две минуты"),
    ],
)
def test_clock_times_name_hours_and_minutes(at: time, words: str) -> None:
    assert clock_time(at) == words


def test_clock_times_have_a_genitive() -> None:
    assert clock_time(time(8), GENITIVE) == "восьми часов"
    assert clock_time(time(22, 30), GENITIVE) == "двадцати двух часов тридцати минут"
    assert clock_time(time(1), GENITIVE) == "одного часа"
    assert clock_time(time(0), GENITIVE) == "нуля часов"


@pytest.mark.parametrize(
    ("digits", "groups"),
    [
        ("9031234507", ("девятьсот три", "сто двадцать три", "сорок пять", "ноль семь")),
        ("+7 903 000-05-00", ("девятьсот три", "ноль ноль ноль", "ноль пять", "ноль ноль")),
        ("89030234507", ("девятьсот три", "ноль двадцать три", "сорок пять", "ноль семь")),
        ("0611", ("ноль шесть", "одиннадцать")),
        ("12345", ("сто двадцать три", "сорок пять")),
        ("7", ("семь",)),
        ("", ()),
    ],
)
def test_numbers_are_spelled_in_groups(digits: str, groups: tuple[str, ...]) -> None:
    assert digit_groups(digits) == groups


@given(st.text("0123456789", min_size=4, max_size=16))
def test_no_digit_is_lost_in_grouping(digits: str) -> None:
    if len(digits) == 11 and digits[0] in "78":
        digits = digits[1:]
    lengths = [3, 3, 2, 2] if len(digits) == 10 else [2 + len(digits) % 2]
    while sum(lengths) < len(digits):
        lengths.append(2)
    assert sum(lengths) == len(digits)
    assert len(digit_groups(digits)) == len(lengths)


@pytest.mark.parametrize(
    ("begin", "words"),
    [
        (datetime(2026, 11, 23, 9), "завтра после девяти утра"),
        (datetime(2026, 11, 22, 13), "сегодня после часа дня"),
        (datetime(2026, 11, 24, 10, 30), "послезавтра после десяти тридцати утра"),
        (datetime(2026, 12, 1, 18), "первого декабря после шести вечера"),
        (datetime(2026, 11, 23, 0), "завтра после двенадцати ночи"),
    ],
)
def test_from_a_time_on(begin, words):
    assert day_and_hour(begin, date(2026, 11, 22)) == words
