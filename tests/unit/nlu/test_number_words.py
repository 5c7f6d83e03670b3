from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from ivr.nlu.normalise import read_number, read_numbers, words_of

pytestmark = pytest.mark.unit


def values_of(text: str) -> list[Decimal]:
    return [number.value for number in read_numbers([word.text for word in words_of(text)])]


@given(st.integers(0, 999_999_999_999))
def test_a_spoken_cardinal_reads_back_as_itself(number: int) -> None:
    assert values_of(num2words(number, lang="ru")) == [number]


@given(st.integers(0, 999_999_999), st.sampled_from(["g", "d", "a", "i", "p"]))
def test_every_case_of_a_cardinal_reads_back_as_itself(number: int, case: str) -> None:
    assert values_of(num2words(number, lang="ru", case=case)) == [number]


@given(
    st.integers(1, 199),
    st.sampled_from(["n", "g", "d", "i", "p"]),
    st.sampled_from(["m", "f", "n"]),
)
def test_an_ordinal_reads_back_in_every_case_and_gender(
    number: int, case: str, gender: str
) -> None:
    spoken = num2words(number, lang="ru", to="ordinal", case=case, gender=gender)
    words = [word.text for word in words_of(spoken)]
    found = read_number(words, 0)
    assert found is not None
    assert (found.value, found.ordinal, found.end) == (number, True, len(words))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("полтора", ["1.5"]),
        ("полторы тысячи", ["1500"]),
        ("тыщу", ["1000"]),
        ("сто сто", ["100", "100"]),
        ("двадцать сорок", ["20", "40"]),
        ("три двадцать", ["3", "20"]),
        ("ноль ноль семь", ["0", "0", "7"]),
        ("двенадцать три", ["12", "3"]),
        ("семьсот и ещё пять", ["700", "5"]),
        ("мне 300 рублей", ["300"]),
        ("тысяча тысяч", ["1000", "1000"]),
        ("никаких чисел", []),
    ],
)
def test_numbers_end_where_no_numeral_can_follow(text: str, values: list[str]) -> None:
    assert values_of(text) == [Decimal(value) for value in values]


@given(st.text(max_size=60))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    words = words_of(text)
    assert all(text[word.start : word.end] for word in words)
    values_of(text)
