"""Which of the named things is meant, and what happens to a service that was chosen."""

from decimal import Decimal
from typing import Any

import pytest

from ivr.dialogue.actions import QuestionKind, Say, ServiceCall
from ivr.dialogue.choosing import chosen
from ivr.dialogue.inputs import Keyed
from ivr.services.port import ConnectedService

pytestmark = pytest.mark.unit

CHOICES = ("Гудок", "Погода", "Мобильное телевидение")
SERVICES = tuple(ConnectedService(name, Decimal(30)) for name in CHOICES)
LIST = "У вас подключены услуги. Гудок. Погода. Мобильное телевидение. Какую услугу?"
DONE = "Готово. Услуга отключена. Могу ли я ещё чем-нибудь помочь?"


@pytest.mark.parametrize("text", ["да", "вот это", "этот", "вот эту отключите", "её", "ага эту"])
def test_this_one_is_the_one_that_was_being_named(text: str) -> None:
    assert chosen(CHOICES, text, 3) == "Мобильное телевидение"
    assert chosen(CHOICES, text, None) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("гудок", "Гудок"),
        ("погоду отключите", "Погода"),
        ("мобильного телевидения", "Мобильное телевидение"),
        ("вторую", "Погода"),
        ("номер один", "Гудок"),
        ("последнюю", "Мобильное телевидение"),
        ("пятую", None),
        ("гудок и погоду", None),
        ("оператора", None),
        ("", None),
    ],
)
def test_names_and_numbers_mean_more_than_what_plays(text: str, meant: str | None) -> None:
    assert chosen(CHOICES, text, 1) == meant


@pytest.fixture
def which(call: Any) -> Any:
    """A caller with three services, to whom they have been named."""
    call.replies[ServiceCall.SERVICES] = SERVICES
    assert call.says("service_disconnect", "отключите услугу") == LIST
    return call


def test_every_choice_is_a_phrase_of_its_own(which: Any) -> None:
    items = [action.item for action in which.actions if isinstance(action, Say)]
    assert items == [None, 1, 2, 3]
    assert which.last.kind is QuestionKind.CHOICE


def test_yes_while_the_third_is_named_means_the_third(which: Any) -> None:
    assert which.says("affirm", "да", item=3) == "Отключить услугу Мобильное телевидение."
    assert which.says("affirm", "да") == DONE
    assert dict(which.calls[-1].arguments) == {"name": "Мобильное телевидение"}


def test_a_key_chooses_too(which: Any) -> None:
    assert which.happens(Keyed("2")) == "Отключить услугу Погода."
    assert which.presses("1") == DONE


def test_a_choice_that_is_declined_disconnects_nothing(which: Any) -> None:
    which.says("out_of_scope", "гудок", sure=0.2)
    assert which.says("deny", "нет").startswith("Хорошо.")
    assert ServiceCall.DISCONNECT_SERVICE not in [call.call for call in which.calls]


def test_a_yes_after_everything_was_named_chooses_nothing(which: Any) -> None:
    assert which.says("affirm", "да") == f"Извините, я не поняла. {LIST}"
    which.mumbles()
    assert which.mumbles() == (
        "Извините, я не поняла. Назовите услугу или нажмите её цифру. "
        "Один, Гудок, два, Погода, три, Мобильное телевидение."
    )


def test_the_only_service_and_a_named_one_are_not_asked_about(call: Any) -> None:
    call.replies[ServiceCall.SERVICES] = SERVICES[:1]
    assert call.says("service_disconnect") == "Отключить услугу Гудок."
    call.replies[ServiceCall.SERVICES] = SERVICES
    assert call.says("service_disconnect", service="Погода") == "Отключить услугу Погода."


def test_without_services_there_is_nothing_to_disconnect(call: Any) -> None:
    call.replies[ServiceCall.SERVICES] = ()
    assert call.says("service_disconnect").startswith("Платных услуг и подписок у вас нет.")


def test_an_order_that_nobody_knows_the_end_of_goes_to_an_operator(which: Any) -> None:
    which.replies[ServiceCall.DISCONNECT_SERVICE] = "timeout"
    which.says("out_of_scope", "гудок", sure=0.2)
    which.says("affirm", "да")
    assert which.transferred == "service_disconnect"
