"""Yes and no in the words of callers."""

import pytest

from ivr.dialogue.state import Topic
from ivr.dialogue.yes_no import wants_operator, yes_or_no

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "text",
    ["да", "Да, конечно", "ага", "ну да", "всё верно", "так точно", "давайте"],
)
def test_yes(text: str) -> None:
    assert yes_or_no(text, Topic.CONFIRM_INTENT) is True


@pytest.mark.parametrize(
    "text",
    ["нет", "нет спасибо", "не надо", "не хочу", "не так", "неверно", "нет не надо"],
)
def test_no(text: str) -> None:
    assert yes_or_no(text, Topic.CONFIRM_INTENT) is False


@pytest.mark.parametrize(
    "text",
    [
        "",
        "так",
        "ну так",
        "спасибо",
        "надо",
        "баланс",
        "нет мой номер",
        "да баланс",
        "не работает",
        "хочу",
    ],
)
def test_neither(text: str) -> None:
    assert yes_or_no(text, Topic.CONFIRM_INTENT) is None


@pytest.mark.parametrize(
    ("topic", "yes", "no"),
    [
        (Topic.CONFIRM_PROMISED_PAYMENT, "да подключайте", "не подключайте"),
        (Topic.CALLBACK_HERE, "перезвоните мне", "не перезванивайте"),
        (Topic.OFFER_OPERATOR, "соедините", "нет не соединяйте"),
        (Topic.ADVICE_HELPED, "да заработало", "нет не работает"),
    ],
)
def test_some_words_answer_one_question_only(topic: Topic, yes: str, no: str) -> None:
    assert yes_or_no(yes, topic) is True
    assert yes_or_no(no, topic) is False
    assert yes_or_no(no.removeprefix("нет "), Topic.CITY) is None


def test_an_operator_is_heard_without_an_engine() -> None:
    assert wants_operator("Соедините с оператором")
    assert not wants_operator("баланс")
