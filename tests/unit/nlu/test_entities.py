from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from ivr.nlu.entities import find_entities
from ivr.nlu.gazetteer import names_by_form
from ivr.nlu.schema import EntityKind

pytestmark = pytest.mark.unit

SUNDAY = date(2026, 11, 22)


def found(text: str) -> list[tuple[str, str]]:
    return [(e.kind.value, e.value) for e in find_entities(text, today=SUNDAY)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("девятьсот три сто двадцать три сорок пять шестьдесят семь", "9031234567"),
        ("восемь девятьсот три сто двадцать три сорок пять шестьдесят семь", "9031234567"),
        ("плюс семь девять ноль три один два три четыре пять шесть семь", "9031234567"),
        ("девять ноль три сто двадцать три сорок пять шесть семь", "9031234567"),
        ("восемь восемьсот пять пять пять тридцать пять тридцать пять", "8005553535"),
        ("девятьсот двадцать один ноль ноль два э ноль три сорок", "9210020340"),
        ("девятьсот десять сто десять ноль ноль", "9101001000"),
        ("девятьсот три сто двадцать три сорок пять", "9031002345"),
        ("8 903 123 45 67", "9031234567"),
        ("89031234567", "9031234567"),
        ("девятьсот двадцать шестьсот пятьдесят сорок тридцать", "9206504030"),
    ],
)
def test_a_phone_number_is_read_in_any_grouping(text: str, number: str) -> None:
    assert found(text) == [("phone", number)]


@pytest.mark.parametrize(
    "text",
    [
        "девятьсот три сто двадцать три",
        "девятьсот три сто двадцать три сорок пять шестьдесят семь восемьдесят",
        "девятьсот три это не сто двадцать три сорок пять шестьдесят семь",
    ],
)
def test_too_few_or_too_many_digits_are_no_phone_number(text: str) -> None:
    assert all(kind == "number" for kind, _ in found(text))


@given(st.from_regex(r"9[0-9]{9}", fullmatch=True), st.sampled_from([(1,) * 10, (3, 3, 2, 2)]))
def test_spoken_phone_numbers_read_back(digits: str, sizes: tuple[int, ...]) -> None:
    groups, at = [], 0
    for size in sizes:
        group = digits[at : at + size]
        zeros = len(group) - len(group.lstrip("0"))
        rest = [num2words(int(group), lang="ru")] if group.lstrip("0") else []
        groups += ["ноль"] * zeros + rest
        at += size
    assert ("phone", digits) in found("мой номер " + " ".join(groups))


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("положил триста рублей", "300"),
        ("сняли двести пятьдесят рублей сорок копеек", "250.40"),
        ("полтора рубля", "1.50"),
        ("полторы тысячи рублей", "1500"),
        ("около двухсот рублей", "200"),
        ("закинь сотку", "100"),
        ("99 рублей", "99"),
    ],
)
def test_amounts_are_roubles_in_digits(text: str, amount: str) -> None:
    assert found(text) == [("amount", amount)]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("вчера", "2026-11-21"),
        ("позавчера", "2026-11-20"),
        ("пятого ноября", "2026-11-05"),
        ("двадцать третьего декабря", "2026-12-23"),
        ("десятого января", "2027-01-10"),
        ("двадцать девятого февраля", None),
        ("тридцатого числа", "2026-10-30"),
        ("в понедельник", "2026-11-16"),
        ("в воскресенье", "2026-11-22"),
        ("перезвоните в понедельник", "2026-11-23"),
        ("перезвоните в воскресенье", "2026-11-29"),
        ("три дня назад", "2026-11-19"),
        ("неделю назад", "2026-11-15"),
        ("две недели назад", "2026-11-08"),
    ],
)
def test_days_are_dates_from_the_point_of_view_of_today(text: str, day: str | None) -> None:
    assert [value for kind, value in found(text) if kind == "date"] == ([day] if day else [])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("авария в питере", [("city", "Санкт-Петербург")]),
        ("я в нижнем новгороде", [("city", "Нижний Новгород")]),
        ("ростов на дону", [("city", "Ростов-на-Дону")]),
        ("в екате нет связи", [("city", "Екатеринбург")]),
        ("в новосибирки", [("city", "Новосибирск")]),
        ("тариф близкие люди", [("tariff", "Близкие люди")]),
        ("всё моё", [("tariff", "Всё моё")]),
        ("переведите на тариф первый", [("tariff", "Первый")]),
        ("первый", [("number", "1")]),
        ("отключите гудок и погоду", [("service", "Гудок"), ("service", "Погода")]),
        ("мобильное телевиденье", [("service", "Мобильное телевидение")]),
        ("погоди минуту", []),
        ("защитить", []),
    ],
)
def test_names_are_found_in_all_forms_and_misheard(text: str, names: list[tuple[str, str]]) -> None:
    assert found(text) == names


def test_every_form_of_the_gazetteer_finds_its_name() -> None:
    for form, name in names_by_form().items():
        text = " ".join((*(need for need in name.needs[:1]), *form))
        assert (name.kind.value, name.canonical) in found(text), text


def test_the_gazetteer_names_only_kinds_that_have_names() -> None:
    kinds = {name.kind for name in names_by_form().values()}
    assert kinds == {EntityKind.TARIFF, EntityKind.SERVICE, EntityKind.CITY}


def test_several_entities_keep_their_places_in_the_text() -> None:
    text = "Вчера в Казани положил триста рублей"
    entities = find_entities(text, today=SUNDAY)
    assert [(e.kind.value, e.text) for e in entities] == [
        ("date", "Вчера"),
        ("city", "Казани"),
        ("amount", "триста рублей"),
    ]
    assert all(text[e.start : e.end] == e.text for e in entities)


VOCABULARY = (
    "сто пять рублей вчера назад дня ноября в понедельник девятьсот три ноль тариф первый питер "
    "близкие люди погода числа пятого тысяча полтора копеек э 903 1234567 ростов на дону"
)
WORDS = st.sampled_from(VOCABULARY.split())


@given(st.lists(WORDS, max_size=14).map(" ".join))
def test_entities_never_overlap_whatever_is_said(text: str) -> None:
    entities = find_entities(text, today=SUNDAY)
    assert all(left.end <= right.start for left, right in pairwise(entities))
    assert all(text[e.start : e.end] == e.text for e in entities)


@given(st.text(max_size=80))
def test_any_text_is_searched_without_a_fault(text: str) -> None:
    find_entities(text, today=SUNDAY)
