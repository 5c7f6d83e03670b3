"""Calls back that nobody may make at this hour: callers hear when they begin."""

from datetime import timedelta

import pytest

from ivr.dialogue.actions import RequestCallback
from ivr.dialogue.inputs import CallbackStored
from ivr.dialogue.queue_words import wants_turn
from ivr.queue.model import ContactId, ContactKind
from tests.unit.dialogue.conftest import NOW, Script, place

pytestmark = pytest.mark.unit

NUMBER = "9030000001"
NIGHT = NOW.replace(hour=22, minute=40)
MORNING = NOW.replace(hour=9, minute=0) + timedelta(days=1)
SLOTS = (MORNING, MORNING + timedelta(hours=1))
THEN = "Мы перезвоним вам завтра после девяти утра."
OWN_NUMBER = "Записала номер девятьсот три, ноль ноль ноль, ноль ноль, ноль один."


@pytest.fixture
def waiting(call: Script) -> Script:
    """On the line at night, with two people ahead."""
    call.now = NIGHT
    call.says("operator")
    call.queues(2, number=NUMBER, calls_from=MORNING.timestamp(), slots=SLOTS)
    return call


def test_the_offer_says_when(call: Script) -> None:
    call.now = NIGHT
    call.says("operator")
    heard = call.queues(2, number=NUMBER, calls_from=MORNING.timestamp(), callback=True)
    assert heard.endswith(f"Вам не нужно ждать на линии. {THEN} Перезвонить?")


@pytest.mark.parametrize("answer", ["так и сделайте", "в порядке очереди", "это меня устроит"])
def test_the_turn_is_not_called_now(waiting: Script, answer: str) -> None:
    waiting.presses("1")
    heard = waiting.says("affirm", "да")
    assert heard == f"{THEN} Так и сделать или выбрать другое время?"
    waiting.says("out_of_scope", answer, sure=0.1)
    assert waiting.last == RequestCallback(number=NUMBER, reason="operator")


def test_another_time_may_be_chosen_all_the_same(waiting: Script) -> None:
    waiting.presses("11")
    heard = waiting.says("out_of_scope", "лучше другое время", sure=0.1)
    assert heard.startswith("Можем перезвонить. Завтра с девяти до десяти.")


def test_what_does_not_suit_is_no_consent() -> None:
    assert wants_turn("меня это не устраивает") is None


def test_the_promise_says_when_and_that_the_place_is_kept(waiting: Script) -> None:
    waiting.presses("111")
    stored = CallbackStored(NUMBER, 2, calls_from=MORNING)
    assert waiting.happens(stored) == (
        f"{OWN_NUMBER} {THEN} Ваше место в очереди сохранено. До свидания!"
    )


def test_calling_again_says_when(script: Script) -> None:
    script.now = NIGHT
    promise = place(
        1,
        kind=ContactKind.CALLBACK,
        contact_id=ContactId("earlier"),
        calls_from=MORNING.timestamp(),
    )
    assert script.starts(promises=(promise,)).endswith(
        f"Вы уже в очереди на обратный звонок. {THEN} "
        "Остаться на линии или дождаться обратного звонка?"
    )
    assert script.presses("2").startswith("Хорошо. Ваше место в очереди сохранено.")


def test_an_hour_that_has_come_meanwhile_is_not_told(script: Script) -> None:
    script.now = MORNING
    promise = place(0, kind=ContactKind.CALLBACK, calls_from=MORNING.timestamp())
    assert "после девяти" not in script.starts(promises=(promise,))
