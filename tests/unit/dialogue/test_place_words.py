"""What a caller is told of a place: never more than is known."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ivr.dialogue.place_words import booked, position, reminder, wait
from ivr.dialogue.state import Line
from ivr.speech.grammar import text_of
from ivr.speech.prompt_texts import PromptTexts
from tests.unit.dialogue.conftest import NOW, place

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("ahead", "heard"),
    [
        (0, "Вы следующий в очереди."),
        (1, "Перед вами в очереди: один человек."),
        (2, "Перед вами в очереди: два человека."),
        (5, "Перед вами в очереди: пять человек."),
        (21, "Перед вами в очереди: двадцать один человек."),
        (122, "Перед вами в очереди: сто двадцать два человека."),
    ],
)
def test_position(texts: PromptTexts, ahead: int, heard: str) -> None:
    assert text_of(position(ahead), texts) == heard


USUAL = "Примерное время ожидания: "
BOUND = " Почти наверняка уложимся в "
WAITS: dict[str, tuple[float | None, float | None, str]] = {
    "unknown": (None, 900.0, ""),
    "no bound": (60.0, None, USUAL + "одна минута."),
    "rounded up": (61.0, None, USUAL + "две минуты."),
    "both": (300.0, 590.0, USUAL + "пять минут." + BOUND + "десять минут."),
    "steps of five": (660.0, 1201.0, USUAL + "пятнадцать минут." + BOUND + "двадцать пять минут."),
    "one minute at most is less than one": (20.0, 59.0, "Время ожидания меньше минуты."),
    "a short wait that may become longer": (
        20.0,
        61.0,
        USUAL + "одна минута." + BOUND + "две минуты.",
    ),
    "a bound that says nothing new": (290.0, 300.0, USUAL + "пять минут."),
    "an hour": (1900.0, 3600.0, "Время ожидания больше получаса." + BOUND + "шестьдесят минут."),
    "hours": (2400.0, 4000.0, "Время ожидания больше получаса." + BOUND + "два часа."),
    "nobody knows": (2400.0, 90000.0, "Время ожидания больше получаса."),
}


@pytest.mark.parametrize(("usual", "bound", "heard"), WAITS.values(), ids=WAITS)
def test_wait(texts: PromptTexts, usual: float | None, bound: float | None, heard: str) -> None:
    where = place(wait_s=usual, wait_bound_s=bound)
    assert text_of(wait(where, bound=True), texts) == heard


def test_later_the_bound_is_left_out(texts: PromptTexts) -> None:
    assert text_of(wait(place(), bound=False), texts) == USUAL + "пять минут."


@pytest.mark.parametrize(
    ("age_s", "heard"),
    [(0, "Перед вами в очереди: два человека."), (60, "Вы по-прежнему в очереди.")],
)
def test_an_old_place_is_not_repeated(texts: PromptTexts, age_s: int, heard: str) -> None:
    line = Line(place=place(), seen_at=NOW - timedelta(seconds=age_s))
    assert text_of(reminder(line, NOW), texts) == heard


SLOTS: dict[str, tuple[Any, int, str]] = {
    "today": ((2026, 11, 22, 15), 60, "сегодня с пятнадцати до шестнадцати"),
    "tomorrow": ((2026, 11, 23, 9), 60, "завтра с девяти до десяти"),
    "half hours": ((2026, 11, 23, 9, 30), 30, "завтра с девяти тридцати до десяти"),
    "to midnight": ((2026, 11, 22, 23), 60, "сегодня с двадцати трёх до двадцати четырёх"),
    "after midnight": ((2026, 11, 24, 0), 60, "послезавтра с нуля до часа"),
    "far": ((2026, 11, 30, 20), 120, "тридцатого ноября с двадцати до двадцати двух"),
}


@pytest.mark.parametrize(("begin", "minutes", "heard"), SLOTS.values(), ids=SLOTS)
def test_a_booked_time(texts: PromptTexts, begin: Any, minutes: int, heard: str) -> None:
    said = text_of(booked(datetime(*begin, tzinfo=UTC), minutes, NOW), texts)
    assert said == f"Мы перезвоним вам {heard}."
