"""Any text becomes a line that every engine can speak."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.errors import SynthesisError
from ivr.speech.synthesis.spelling import LONGEST_TEXT, speakable

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Тариф\nна\t5 дней", "Тариф на пять дней"),
        ("код 0611", "код ноль шесть один один"),
        ("\x00\x1bда\u200b", "да"),
        ("100, 200.", "сто, двести."),
        ("Tele2", "теле два"),
        ("5G и SMS", "пять джи и эс эм эс"),
        ("«Защита» — 50%!", "Защита, пятьдесят процентов!"),
        ("замена (бесплатно).", "замена, бесплатно."),
        ("Ростов-на-Дону - город", "Ростов-на-Дону город"),
        ("е\u0308лка и и\u0306", "ёлка и й"),
        ("Café №1…", "кафе номер один."),
        ("...да?!.", "да?"),
    ],
)
def test_text_is_made_speakable(text: str, spoken: str) -> None:
    assert speakable(text) == spoken


@pytest.mark.parametrize("text", ["", " \n", "...", "!?", "-", "日本"])
def test_a_text_without_words_is_refused(text: str) -> None:
    with pytest.raises(SynthesisError, match="no words"):
        speakable(text)


def test_a_text_without_end_is_refused() -> None:
    with pytest.raises(SynthesisError, match="at most"):
        speakable("а" * (LONGEST_TEXT + 1))


@given(st.text(st.one_of(st.characters(), st.sampled_from(" -.,!?aбZё5«")), max_size=60))
def test_speakable_text_holds_nothing_an_engine_may_not_know(text: str) -> None:
    try:
        line = speakable(text)
    except SynthesisError:
        return
    assert re.fullmatch(r"[а-яёА-ЯЁ ,.!?;:-]+", line)
    assert line == " ".join(line.split())
    assert line[0].isalpha()
