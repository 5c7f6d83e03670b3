"""Texts parsed ahead of time: used for the same words only, and never in place of an answer."""

import asyncio

import pytest

from ivr.call.speculation import KEPT, Speculation
from ivr.errors import NluError
from ivr.nlu.schema import NluResult, ScoredIntent

pytestmark = pytest.mark.unit


class SlowNlu:
    """Answers when told to; counts what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_answer = asyncio.Event()
        self.broken = False
        self.given_up = 0

    async def parse(self, text: str) -> NluResult:
        self.asked.append(text)
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        if self.broken:
            raise NluError("fake", "the intent engine is down")
        return NluResult(text, (ScoredIntent("balance", 0.9),))


async def settled() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_the_same_words_are_parsed_once() -> None:
    nlu = SlowNlu()
    speculation = Speculation(nlu)
    speculation.ahead("мой счёт")
    await settled()
    assert speculation.result("мой счёт") is None
    nlu.may_answer.set()
    await settled()
    known = speculation.result("мой счет")
    assert known is not None
    assert known.intent.name == "balance"
    assert await speculation.parse(" мой  счет ") is known
    assert nlu.asked == ["мой счёт"]


async def test_a_text_under_way_is_awaited_and_not_asked_again() -> None:
    nlu = SlowNlu()
    speculation = Speculation(nlu)
    speculation.ahead("баланс")
    await settled()
    final = asyncio.create_task(speculation.parse("баланс"))
    await settled()
    assert not final.done()
    nlu.may_answer.set()
    assert (await final).text == "баланс"
    assert nlu.asked == ["баланс"]


async def test_another_final_text_is_parsed_anew() -> None:
    nlu = SlowNlu()
    nlu.may_answer.set()
    speculation = Speculation(nlu)
    speculation.ahead("баланс")
    await settled()
    assert (await speculation.parse("баланс не нужен")).text == "баланс не нужен"
    assert nlu.asked == ["баланс", "баланс не нужен"]


async def test_a_failed_guess_is_no_answer_and_is_tried_again() -> None:
    nlu = SlowNlu()
    nlu.may_answer.set()
    nlu.broken = True
    speculation = Speculation(nlu)
    speculation.ahead("баланс")
    await settled()
    assert speculation.result("баланс") is None
    nlu.broken = False
    assert (await speculation.parse("баланс")).intent.name == "balance"


async def test_old_guesses_are_given_up_and_the_rest_when_the_call_ends() -> None:
    nlu = SlowNlu()
    speculation = Speculation(nlu)
    for number in range(KEPT + 1):
        speculation.ahead(f"слово {number}")
        await settled()
    assert nlu.given_up == 1
    speculation.forget()
    await settled()
    assert nlu.given_up == KEPT + 1


async def test_silence_is_not_parsed() -> None:
    nlu = SlowNlu()
    Speculation(nlu).ahead(" ... ")
    await settled()
    assert nlu.asked == []


async def test_an_answer_that_is_awaited_is_not_pushed_out_by_later_texts() -> None:
    nlu = SlowNlu()
    speculation = Speculation(nlu)
    speculation.ahead("баланс")
    await settled()
    final = asyncio.create_task(speculation.parse("баланс"))
    await settled()
    for number in range(KEPT + 1):
        speculation.ahead(f"баланс и вот что ещё {number}")
    nlu.may_answer.set()
    assert (await final).intent.name == "balance"
    speculation.forget()
