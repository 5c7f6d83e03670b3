"""What callers may do while they wait or when they call again, and who then gets whom."""

import asyncio
import time
from collections.abc import Callable

import pytest

from ivr.queue.model import Contact, ContactKind, ContactState, OperatorState
from ivr.softphone.caller import PhoneCall
from ivr.softphone.phone import Softphone
from tests.acceptance.ear import heard, longest_silence_s
from tests.acceptance.queue.support import (
    LET_GO_S,
    Queue,
    caller_of,
    past_whisper,
    picked_up,
    wait_in_line,
)
from tests.acceptance.voice import spoken

FIRST, SECOND, CUSTOMER = "9030000001", "9030000002", "9030000003"
OVERFLOW_S = 8.0
SILENCE_S = 3.0
"""After so long people ask whether anybody is there."""
RULES = {
    "IVR_QUEUE__SKILLS": '{"tariff_info": "sales"}',
    "IVR_QUEUE__OVERFLOWS": '{"sales": "general"}',
    "IVR_QUEUE__OVERFLOW_S": OVERFLOW_S,
    "IVR_QUEUE__RING_S": 20,
}


async def talked(queue: Queue, phone: Softphone, number: str) -> None:
    """The operator at this phone gets this caller and hangs up after a word."""
    async with await picked_up(phone) as operator:
        assert caller_of(operator) == number
        await past_whisper(operator)
        await queue.waits(number, state=ContactState.CONNECTED)
        await operator.passed(0.3)
        await operator.hang_up()


async def test_whoever_asks_the_bot_while_waiting_keeps_the_place_and_is_not_left_in_silence(
    service, queue, phone, anna, says
):
    async with (
        await phone.call(service.sip, caller=FIRST) as first,
        await phone.call(service.sip, caller=SECOND) as second,
    ):
        await wait_in_line(first)
        place = await queue.waits(FIRST)
        await wait_in_line(second)
        await queue.waits(SECOND)
        await first.prompt_heard()
        await first.say(says("подскажите баланс пожалуйста"))
        answered_from_s = first.listening.now_s
        assert heard(await first.prompt_heard(), "balance.is")
        await first.passed(2 * SILENCE_S)
        assert longest_silence_s(first.listening.heard_between(answered_from_s)) < SILENCE_S
        assert await queue.waits(FIRST) == place
        await queue.on_duty("anna", anna)
        await talked(queue, anna, FIRST)
        await talked(queue, anna, SECOND)


async def test_calling_again_finds_the_promise_and_takes_its_place_on_the_line(
    service, queue, phone, anna
):
    promise = await queue.promise(CUSTOMER, ago_s=300.0)
    async with (
        await phone.call(service.sip, caller=FIRST) as earlier,
        await phone.call(service.sip, caller=CUSTOMER) as again,
    ):
        await wait_in_line(earlier)
        await queue.waits(FIRST)
        await again.answered()
        assert heard(await again.prompt_heard(), "callback.exists", "callback.stay_or_back")
        await again.press("1")
        waiting = await queue.waits(CUSTOMER, kind=ContactKind.CALL)
        assert (waiting.contact_id, waiting.rank) == (promise.contact_id, promise.rank)
        await queue.on_duty("anna", anna)
        await talked(queue, anna, CUSTOMER)
        assert await queue.is_over(promise) is ContactState.DONE


async def test_calling_again_may_leave_the_promise_as_it_is(service, queue, phone):
    promise = await queue.promise(CUSTOMER)
    async with await phone.call(service.sip, caller=CUSTOMER) as again:
        await again.answered()
        await again.prompt_heard()
        await again.press("2")
        assert heard(await again.prompt_heard(), "ack.ok")
        await again.hang_up()
    assert await queue.contacts_of(CUSTOMER) == (promise,)


async def by_voice(call: PhoneCall, says: Callable[[str], bytes]) -> None:
    await call.say(await spoken("отмените обратный звонок"))
    await call.prompt_heard()
    await call.say(says("да"))


async def by_key(call: PhoneCall, _says: Callable[[str], bytes]) -> None:
    await call.press("*")
    await call.prompt_heard()
    await call.press("1")


@pytest.mark.parametrize("way", [by_voice, by_key])
async def test_a_promise_is_taken_back_by_calling_again(service, queue, phone, says, way):
    promise = await queue.promise(CUSTOMER)
    async with await phone.call(service.sip, caller=CUSTOMER) as again:
        await again.answered()
        await again.prompt_heard()
        await way(again, says)
        assert heard(await again.prompt_heard(), "callback.cancelled")
    assert await queue.is_over(promise) is ContactState.CANCELLED


async def test_a_promise_is_taken_back_while_an_operators_phone_rings_for_it(
    service, queue, phone, anna
):
    await queue.on_duty("anna", anna)
    promise = await queue.promise(CUSTOMER)
    async with (
        await anna.next_incoming() as ringing,
        await phone.call(service.sip, caller=CUSTOMER) as again,
    ):
        await ringing.leg.ring()
        await again.answered()
        await again.passed(0.5)
        await again.press("*")
        await again.prompt_heard()
        await again.press("1")
        # The node looks for what is not wanted any more every two seconds.
        told, _ = await asyncio.gather(again.prompt_heard(), ringing.ended(LET_GO_S + 3.0))
        assert heard(told, "callback.cancelled")
    assert await queue.is_over(promise) is ContactState.CANCELLED
    await queue.has_state("anna", OperatorState.AVAILABLE)


async def test_who_calls_while_an_operators_phone_rings_for_the_promise_gets_that_operator(
    service, queue, phone, anna
):
    await queue.on_duty("anna", anna)
    promise = await queue.promise(CUSTOMER, ago_s=60.0)
    async with (
        await anna.next_incoming() as ringing,
        await phone.call(service.sip, caller=CUSTOMER) as again,
    ):
        await ringing.leg.ring()
        await again.answered()
        await again.passed(0.5)
        await again.press("1")
        await ringing.ended(LET_GO_S + 3.0)
        await talked(queue, anna, CUSTOMER)
    assert await queue.is_over(promise) is ContactState.DONE
    assert await queue.contacts_of(CUSTOMER) == ()


async def test_a_caller_gets_the_operator_of_last_time(service, queue, phone, anna, boris):
    await queue.on_duty("boris", boris)
    async with await phone.call(service.sip, caller=FIRST) as call:
        await wait_in_line(call)
        await talked(queue, boris, FIRST)
        await call.ended()
    await queue.has_state("boris", OperatorState.AVAILABLE)
    await queue.off_duty("boris")
    await queue.on_duty("anna", anna)  # idle for longer: anybody else would get her
    await queue.on_duty("boris", boris)
    async with await phone.call(service.sip, caller=FIRST) as call:
        await wait_in_line(call)
        await talked(queue, boris, FIRST)


async def test_a_caller_whose_skill_nobody_has_overflows_to_another_one(
    service, queue, phone, anna, says
):
    await queue.on_duty("anna", anna)  # free, and of the other skill
    async with await phone.call(service.sip, caller=SECOND) as call:
        await call.answered()
        await call.prompt_heard()
        await call.say(says("какой у меня тариф"))
        await call.until(lambda: call.listening.quiet_s < 0.1, 10.0, "the answer")
        await call.press("0")
        waiting: Contact = await queue.waits(SECOND, skill="sales")
        async with await anna.next_incoming(OVERFLOW_S + 15.0) as ringing:
            assert time.time() >= waiting.first_promised_at + OVERFLOW_S
            assert caller_of(ringing) == SECOND
            await ringing.leg.ring()
            await call.hang_up()
            await ringing.ended()
