"""Short sentences about the call itself, and those that only look like them."""

import pytest

from ivr.dialogue.small_talk import asks_to_wait, checks_line, is_back

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "text",
    ["алло", "Алло, вы тут?", "вы меня слышите", "слышно меня", "вы ещё на линии", "да алло"],
)
def test_is_anybody_there(text):
    assert checks_line(text)


@pytest.mark.parametrize(
    "text",
    ["нет связи", "меня не слышно", "тут не работает интернет", "алло мой баланс", "да", "", "вы"],
)
def test_complaints_and_wishes_are_no_check_of_the_line(text):
    assert not checks_line(text)


@pytest.mark.parametrize(
    "text", ["подождите", "минутку", "сейчас посмотрю", "не кладите трубку", "одну секунду"]
)
def test_a_moment_please(text):
    assert asks_to_wait(text)


@pytest.mark.parametrize(
    "text", ["сколько минут осталось", "подождите мне нужен оператор", "не надо", "", "посмотрю"]
)
def test_other_sentences_do_not_ask_to_wait(text):
    assert not asks_to_wait(text)


@pytest.mark.parametrize("text", ["я готова", "все я тут", "да", "нашел"])
def test_back_again(text):
    assert is_back(text)


def test_talk_to_somebody_else_is_not_back():
    assert not is_back("маша где моя ручка")
