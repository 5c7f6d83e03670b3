"""The virtual queue over real SIP: order, whisper, calls back, and who hangs up when."""

import asyncio
import signal
import time

import pytest

from ivr.queue.model import ContactKind, ContactState, OperatorState
from tests.acceptance.queue.support import (
    LET_GO_S,
    caller_of,
    hear_each_other,
    past_whisper,
    picked_up,
    says_yes,
    service_with_queue,
    talk_to_the_end,
    wait_in_line,
)
from tests.acceptance.support import Records
from tests.acceptance.voice import spoken

FIRST, SECOND, CUSTOMER = "9030000001", "9030000002", "9030000003"
ELSEWHERE = "9160000001"
"""Another customer: five dials of one number are all there are in a day."""
VOICEMAIL = (
    "Здравствуйте! Сейчас я не могу ответить на ваш звонок, пожалуйста, оставьте сообщение после"
    " звукового сигнала, и я обязательно вам перезвоню."
)


async def test_a_free_operator_hears_the_whisper_then_both_hear_each_other(
    service, queue, phone, anna
):
    await queue.on_duty("anna", anna)
    async with await phone.call(service.sip, caller=FIRST) as call:
        await wait_in_line(call)
        async with await picked_up(anna) as operator:
            await operator.answered()
            assert await operator.prompt_heard()
            contact = await queue.waits(FIRST, state=ContactState.CONNECTED)
            await call.passed(0.5)
            assert await hear_each_other(call, operator)
            await operator.hang_up()
            await call.ended()
    assert await queue.is_over(contact) is ContactState.DONE
    await queue.has_state("anna", OperatorState.AVAILABLE)
    stored = await Records(service).last_call(FIRST)
    assert stored["call"]["outcome"] == "transferred"
    assert [(one["mode"], one["outcome"]) for one in stored["handoffs"]] == [("queue", "connected")]


async def test_two_callers_reach_one_operator_in_the_order_they_came(service, queue, phone, anna):
    async with (
        await phone.call(service.sip, caller=FIRST) as first,
        await phone.call(service.sip, caller=SECOND) as second,
    ):
        await wait_in_line(first)
        await queue.waits(FIRST)
        await wait_in_line(second)
        await queue.waits(SECOND)
        await queue.on_duty("anna", anna)
        for call, number in ((first, FIRST), (second, SECOND)):
            async with await picked_up(anna) as operator:
                assert caller_of(operator) == number
                await past_whisper(operator)
                await queue.waits(number, state=ContactState.CONNECTED)
                await operator.hang_up()
                await call.ended()


async def test_an_operator_who_does_not_pick_up_is_put_aside_and_the_next_one_rings(
    service, queue, phone, anna, boris
):
    await queue.on_duty("anna", anna)
    await asyncio.sleep(0.05)
    await queue.on_duty("boris", boris)  # idle for less long
    async with await phone.call(service.sip, caller=FIRST) as call:
        await wait_in_line(call)
        async with await anna.next_incoming() as silent:
            await silent.leg.ring()
            async with await picked_up(boris) as operator:
                assert caller_of(operator) == FIRST
                await past_whisper(operator)
                await queue.waits(FIRST, state=ContactState.CONNECTED)
                await call.hang_up()
                await operator.ended(LET_GO_S)
            await silent.ended(LET_GO_S)
    await queue.has_state("anna", OperatorState.PAUSED)


async def test_no_zombie_rings_the_operator_after_the_caller_left(service, queue, phone, anna):
    await queue.on_duty("anna", anna)
    async with await phone.call(service.sip, caller=FIRST) as call:
        await wait_in_line(call)
        async with await anna.next_incoming() as ringing:
            await ringing.leg.ring()
            contact = await queue.waits(FIRST, state=ContactState.OFFERED)
            await call.hang_up()
            assert (await ringing.ended(LET_GO_S)).status == 487
    assert await queue.is_over(contact) is ContactState.ABANDONED
    await queue.has_state("anna", OperatorState.AVAILABLE)


async def test_a_promised_call_keeps_its_place_before_a_later_live_caller(
    service, queue, phone, customer, anna
):
    promise = await queue.promise(CUSTOMER, ago_s=300.0)
    async with await phone.call(service.sip, caller=FIRST) as call:
        await wait_in_line(call)
        await queue.waits(FIRST)
        await queue.on_duty("anna", anna)
        async with await picked_up(anna) as operator:
            assert caller_of(operator) == CUSTOMER
            await past_whisper(operator)
            async with await picked_up(customer) as called:
                await called.answered()
                await called.prompt_heard()
                await called.press("1")
                await queue.waits(CUSTOMER, state=ContactState.CONNECTED)
                await called.passed(0.3)
                assert await hear_each_other(called, operator)
                await called.hang_up()
                await operator.ended(LET_GO_S)
        assert await queue.is_over(promise) is ContactState.DONE
        async with await picked_up(anna) as operator:
            assert caller_of(operator) == FIRST


async def test_no_callback_jumps_live_callers_who_came_before(
    service, queue, phone, customer, anna
):
    async with await phone.call(service.sip, caller=FIRST) as call:
        await wait_in_line(call)
        await queue.waits(FIRST)
        await queue.promise(CUSTOMER)
        await queue.on_duty("anna", anna)
        async with await picked_up(anna) as operator:
            assert caller_of(operator) == FIRST
            await call.hang_up()
            await operator.ended(LET_GO_S)
        async with await anna.next_incoming() as operator:
            assert caller_of(operator) == CUSTOMER


async def test_a_customer_says_yes_and_a_busy_one_is_called_again(
    service, queue, customer, anna, says
):
    await queue.on_duty("anna", anna)
    promise = await queue.promise(CUSTOMER)
    async with await picked_up(anna) as operator:
        await past_whisper(operator)
        async with await customer.next_incoming() as busy:
            await busy.leg.reject(486)
        await operator.ended()
    await queue.waits(CUSTOMER, tries=1)
    async with await picked_up(anna) as operator:
        await past_whisper(operator)
        async with await picked_up(customer) as called:
            await called.answered()
            await called.prompt_heard()
            await called.say(says("да"))
            await queue.waits(CUSTOMER, state=ContactState.CONNECTED)
            await called.passed(2.0)  # sooner it would not have been a conversation
            await operator.hang_up()
            await called.ended(LET_GO_S)
    assert await queue.is_over(promise) is ContactState.DONE


async def test_an_operator_is_let_go_when_a_machine_picks_up(queue, customer, anna):
    greeting = await spoken(VOICEMAIL)
    await queue.on_duty("anna", anna)
    await queue.promise(ELSEWHERE)
    async with await picked_up(anna) as operator:
        await past_whisper(operator)
        async with await picked_up(customer) as machine:
            await machine.answered()
            machine.send(greeting)
            await machine.ended(20.0)
        await operator.ended(10.0)
    waiting = await queue.waits(ELSEWHERE, tries=1)
    assert waiting.due_at - time.time() > 600.0  # a machine does not give way to somebody soon
    await queue.has_state("anna", OperatorState.AVAILABLE)


async def test_no_operator_stuck_reserved_whatever_ends_the_attempt(
    service, queue, phone, customer, anna
):
    await queue.on_duty("anna", anna)
    promise = await queue.promise(ELSEWHERE)
    async with await anna.next_incoming() as ringing:  # the promise is taken back
        await ringing.leg.ring()
        await queue.store.cancel(promise.contact_id)
        await ringing.ended()
    await queue.has_state("anna", OperatorState.AVAILABLE)
    async with await phone.call(service.sip, caller=FIRST) as call:  # the caller leaves
        await wait_in_line(call)
        async with await picked_up(anna) as operator:
            await operator.answered()
            await call.hang_up()
            await operator.ended(LET_GO_S)
    await queue.has_state("anna", OperatorState.AVAILABLE)
    promise = await queue.promise(ELSEWHERE)
    async with await picked_up(anna) as operator:  # the customer leaves while being asked
        await past_whisper(operator)
        async with await picked_up(customer) as asked:
            await asked.answered()
            await asked.hang_up()
        await operator.ended()
    await queue.has_state("anna", OperatorState.AVAILABLE)
    await queue.store.cancel(promise.contact_id)
    async with await phone.call(service.sip, caller=SECOND) as call:
        await wait_in_line(call)
        async with await picked_up(anna) as operator:
            assert caller_of(operator) == SECOND


async def test_a_service_killed_after_a_promise_calls_exactly_once_and_the_customer_first(
    service, queue, phone, customer, anna, rules
):
    async with await phone.call(service.sip, caller=CUSTOMER) as call:
        await wait_in_line(call)
        waiting = await queue.waits(CUSTOMER)
        agreeing = asyncio.create_task(says_yes(call))
        await queue.waits(CUSTOMER, 90.0, kind=ContactKind.CALLBACK)
        agreeing.cancel()
    await service.stop(signal.SIGKILL)
    await queue.on_duty("anna", anna)
    customer_first = {**rules, "IVR_CALLBACK__MODE": "customer_first"}
    async with service_with_queue(service.folder, customer, **customer_first):
        async with await picked_up(customer) as called:
            await called.answered()
            await called.prompt_heard()
            await called.press("1")
            async with await picked_up(anna) as operator:
                await talk_to_the_end(queue, waiting, called, operator)
        with pytest.raises(TimeoutError):
            await customer.next_incoming(2.0)
