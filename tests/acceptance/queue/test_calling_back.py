"""Promised calls over real SIP, the customer rung first: who picks up, who does not, and when."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio

from ivr.audio.tones import tone
from ivr.queue.model import Contact, ContactState, OperatorState
from ivr.softphone.caller import PhoneCall
from ivr.softphone.phone import Softphone
from tests.acceptance.queue.support import (
    LET_GO_S,
    Queue,
    called,
    picked_up,
    talk_to_the_end,
    zone_at,
)
from tests.acceptance.voice import silence, spoken

CUSTOMER, AT_NIGHT = "9030000003", "9140000001"
BUSY_S, NO_ANSWER_S, VOICEMAIL_S = 100.0, 200.0, 400.0
"""Far enough apart to tell by the next dial what the last one was taken for."""
ABOUT_S = 30.0
RING_S = 5
TRIES = 3
NIGHT = ZoneInfo(zone_at(0))
RULES = {
    "IVR_CALLBACK__MODE": "customer_first",
    "IVR_CALLBACK__TRIES": TRIES,
    "IVR_CALLBACK__RING_S": RING_S,
    "IVR_CALLBACK__BUSY_RETRY_S": BUSY_S,
    "IVR_CALLBACK__NO_ANSWER_RETRY_S": NO_ANSWER_S,
    "IVR_CALLBACK__VOICEMAIL_RETRY_S": VOICEMAIL_S,
    "IVR_CALLBACK__FAILED_RETRY_S": 1,
    "IVR_CALLBACK__PER_NUMBER": 100,
    "IVR_CALLBACK__ZONE": zone_at(12),
    "IVR_CALLBACK__REGIONS": f'{{"914": "{NIGHT.key}"}}',
    "IVR_CALLBACK__FROM_HOUR": "09:00",
    "IVR_CALLBACK__TO_HOUR": "21:00",
    "IVR_MEDIA__WORKERS": 2,
}
GREETINGS = {
    "long": "Здравствуйте! Вы позвонили Ивану. Сейчас я не могу ответить на ваш звонок, пожалуйста,"
    " оставьте сообщение после звукового сигнала, и я обязательно вам перезвоню.",
    "short": "Оставьте сообщение после сигнала.",
    "network": "Абонент не может ответить на ваш звонок. Оставьте сообщение после сигнала.",
}
BEEP = tone(1000.0, 0.8)


@pytest_asyncio.fixture(loop_scope="session")
async def queue(queue: Queue, anna: Softphone) -> Queue:
    """With an operator who is free."""
    await queue.on_duty("anna", anna)
    return queue


async def is_put_off(queue: Queue, contact: Contact, delay_s: float) -> None:
    """One dial more is counted, the next one is due after this pause, and no operator was spent."""
    after = await queue.waits(contact.number, tries=1, state=ContactState.WAITING)
    assert delay_s - ABOUT_S < after.due_at - time.time() <= delay_s
    assert "operator_dialled" not in await queue.steps_of(contact)
    await queue.has_state("anna", OperatorState.AVAILABLE)


@asynccontextmanager
async def answered(customer: Softphone) -> AsyncIterator[PhoneCall]:
    """The customer has picked up."""
    async with await picked_up(customer) as call:
        await call.answered()
        yield call


@pytest.mark.parametrize(
    ("status", "delay_s"),
    [(486, BUSY_S), (603, BUSY_S), (480, NO_ANSWER_S)],
    ids=["busy", "declined", "unavailable"],
)
async def test_who_cannot_be_reached_is_dialled_again_after_the_pause_for_it(
    queue, customer, status: int, delay_s: float
):
    promise = await queue.promise(CUSTOMER)
    async with await customer.next_incoming() as ringing:
        await ringing.leg.reject(status)
    await is_put_off(queue, promise, delay_s)


async def test_a_phone_that_nobody_picks_up_is_let_go_and_dialled_again_later(queue, customer):
    promise = await queue.promise(CUSTOMER)
    async with await customer.next_incoming() as ringing:
        await ringing.leg.ring()
        assert (await ringing.ended(RING_S + 5.0)).status == 487
    await is_put_off(queue, promise, NO_ANSWER_S)


async def test_an_unknown_number_is_dialled_three_times_and_then_given_up(queue, customer):
    promise = await queue.promise(CUSTOMER)
    for _ in range(TRIES):
        async with await customer.next_incoming() as ringing:
            assert called(ringing) == CUSTOMER
            await ringing.leg.reject(404)
    assert await queue.is_over(promise) is ContactState.GIVEN_UP
    assert await queue.steps_of(promise) == ["claimed", "customer_dialled"] * TRIES
    with pytest.raises(TimeoutError):
        await customer.next_incoming(2.0)


@pytest.mark.parametrize("greeting", GREETINGS)
async def test_no_operator_is_spent_on_voicemail(queue, customer, greeting: str):
    announcement = await spoken(GREETINGS[greeting])
    promise = await queue.promise(CUSTOMER)
    async with answered(customer) as called_up:
        called_up.send(silence(0.8) + announcement + silence(0.3) + BEEP)
        await called_up.ended(30.0)
    await is_put_off(queue, promise, VOICEMAIL_S)


async def test_no_operator_is_spent_on_somebody_who_says_nothing(queue, customer):
    promise = await queue.promise(CUSTOMER)
    async with answered(customer) as called_up:
        await called_up.ended(45.0)
    await is_put_off(queue, promise, NO_ANSWER_S)


async def test_a_yes_by_voice_brings_the_operator(queue, customer, anna, says):
    promise = await queue.promise(CUSTOMER)
    async with answered(customer) as called_up:
        await called_up.prompt_heard()
        await called_up.say(says("да"))
        async with await picked_up(anna) as operator:
            await talk_to_the_end(queue, promise, called_up, operator)


async def test_a_promise_is_taken_back_by_key_when_it_is_kept(queue, customer):
    promise = await queue.promise(CUSTOMER)
    async with answered(customer) as called_up:
        await called_up.passed(0.5)
        await called_up.press("2")  # it does not suit
        await called_up.prompt_heard()
        await called_up.press("2")  # and no other call is wanted
        await called_up.ended()
    assert await queue.is_over(promise) is ContactState.CANCELLED
    assert "operator_dialled" not in await queue.steps_of(promise)
    await queue.has_state("anna", OperatorState.AVAILABLE)


async def test_a_promise_is_taken_back_by_voice_when_it_is_kept(queue, customer, says):
    promise = await queue.promise(CUSTOMER)
    async with answered(customer) as called_up:
        for _ in range(2):
            await called_up.prompt_heard()
            await called_up.say(says("нет"))
        await called_up.ended()
    assert await queue.is_over(promise) is ContactState.CANCELLED


@pytest.mark.parametrize("picks_up", [False, True], ids=["ringing", "being_asked"])
async def test_a_message_that_cancels_stops_the_dial_that_is_under_way(
    service, queue, customer, picks_up: bool
):
    promise = await queue.promise(CUSTOMER)
    async with (
        await customer.next_incoming() as ringing,
        httpx.AsyncClient(base_url=service.http, trust_env=False) as desk,
    ):
        await ringing.leg.ring()
        if picks_up:
            await ringing.leg.answer()
            await ringing.until(lambda: ringing.listening.heard_anything, 10.0, "the greeting")
        answer = await desk.post("/promises/cancel", json={"number": f"8{CUSTOMER}"})
        assert answer.json() == {"cancelled": [promise.contact_id]}
        # The node looks for what is not wanted any more twice a second.
        await ringing.ended(LET_GO_S + 2.0)
    assert await queue.is_over(promise) is ContactState.CANCELLED
    await queue.has_state("anna", OperatorState.AVAILABLE)


async def test_a_booked_call_is_not_made_before_its_time_though_an_operator_is_free(
    queue, customer
):
    begins_at = time.time() + 6.0
    await queue.promise(CUSTOMER, slot_at=begins_at)
    async with await customer.next_incoming(30.0) as ringing:
        assert time.time() >= begins_at
        await ringing.leg.reject(486)


async def test_nobody_is_called_at_night_and_the_next_one_does_not_wait_for_them(queue, customer):
    asleep = await queue.promise(AT_NIGHT, ago_s=60.0)
    await queue.promise(CUSTOMER)
    async with await customer.next_incoming() as ringing:
        assert called(ringing) == CUSTOMER
        await ringing.leg.reject(486)
    later = await queue.store.contact(asleep.contact_id)
    assert later is not None
    morning = datetime.fromtimestamp(later.due_at, NIGHT)
    assert (morning.hour, morning.minute) == (9, 0)
    assert (later.rank, later.tries) == (asleep.rank, 0)
    assert await queue.steps_of(asleep) == []
