"""The chat's queue: trainers hear what callers who wait hear."""

import pytest

from ivr.cli.pretend_queue import SERVED_EVERY, PretendQueue
from ivr.dialogue.inputs import OperatorReady, Queued, TransferFailed
from ivr.speech.prompt_texts import load_prompt_texts
from tests.unit.dialogue.conftest import NOW, VOICE, Script, place

pytestmark = pytest.mark.unit


def test_without_a_queue_nobody_answers() -> None:
    queue = PretendQueue(None)
    assert not queue.staffed
    assert queue.told_ahead is None
    assert queue.enter(NOW) == TransferFailed("no_answer")


def test_every_silence_moves_it_on_until_an_operator_comes() -> None:
    queue = PretendQueue(2)
    call = Script(load_prompt_texts(VOICE))
    call.starts()
    call.says("operator")
    told = [call.happens(queue.enter(call.now))]
    while call.hears_music:
        call.now = NOW + queue.passed + SERVED_EVERY
        told.append(call.happens(queue.moves_on(NOW + queue.passed)))
    assert told[0].startswith("Перед вами в очереди: два человека.")
    assert told[1].startswith("Перед вами в очереди: один человек.")
    assert told[-1] == "Оператор подключается."


def test_a_long_queue_offers_a_call_back_at_times_to_come() -> None:
    entered = PretendQueue(5).enter(NOW)
    assert isinstance(entered, Queued)
    assert entered.callback
    assert all(slot > NOW for slot in entered.slots)
    assert entered.place.ahead == place(5).ahead


def test_nobody_before_means_the_operator_at_once() -> None:
    queue = PretendQueue(0)
    assert isinstance(queue.enter(NOW), Queued)
    assert queue.moves_on(NOW) == OperatorReady()
