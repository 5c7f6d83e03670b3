"""Attended transfer: REFER with Replaces between real user agents."""

import asyncio

import pytest

from ivr.errors import SipError
from ivr.sip.leg import Answered, Disconnected, Leg, Ringing, TransferProgress, TransferRequested
from ivr.testing.raw_phone import RawPhone
from tests.integration.media.conftest import (
    MakePhone,
    Phone,
    amplitude,
    connect,
    listen,
    tone,
    wait_for,
)

pytestmark = pytest.mark.integration

LOUD = 5000


async def consulted(service: Phone, callers: Phone, operators: Phone) -> tuple[Leg, Leg, Leg, Leg]:
    """(caller, our leg, our leg to the operator, operator), both calls answered."""
    caller, inbound = await connect(callers, service)
    consultation = await inbound.dial_beside(operators.pool.uri, caller="0611")
    operator = await operators.next_call()
    await operator.answer()
    await wait_for(consultation, Answered)
    await wait_for(operator, Answered)
    return caller, inbound, consultation, operator


async def final(leg: Leg) -> TransferProgress:
    while not (progress := await wait_for(leg, TransferProgress)).final:
        pass
    assert isinstance(progress, TransferProgress)
    return progress


async def comes_through(leg: Leg, frequency_hz: float) -> None:
    """Until the leg hears the tone at its full level."""
    async with asyncio.timeout(6.0):
        while amplitude(await listen(leg, 0.4), frequency_hz) <= LOUD:
            pass


@pytest.mark.parametrize("front", ["off", "required"])
async def test_the_callers_phone_takes_our_place_in_the_consultation(
    make_phone: MakePhone, front: str
) -> None:
    service = await make_phone(sip={"kamailio": front})
    callers = await make_phone(refer="follow", calls_per_worker=4)
    operators = await make_phone(any_number=True, refer="follow", calls_per_worker=4)
    caller, inbound, consultation, operator = await consulted(service, callers, operators)
    await inbound.refer_replacing(consultation)
    request = await wait_for(caller, TransferRequested)
    assert "replaces" in request.headers
    replacement = await operators.next_call()
    await wait_for(replacement, Answered)
    assert (await final(inbound)).status == 200
    await wait_for(operator, Disconnected)
    assert (await wait_for(consultation, Disconnected)).cause.status == 200
    await inbound.hang_up()
    await wait_for(caller, Disconnected)
    talking = next(leg for leg in callers.pool.live_legs)
    replacement.play(tone(1000, 8))
    talking.play(tone(440, 8))
    await asyncio.gather(comes_through(talking, 1000), comes_through(replacement, 440))


async def test_a_phone_that_refuses_leaves_both_calls_up(make_phone: MakePhone) -> None:
    service, callers = await make_phone(), await make_phone(refer="refuse")
    operators = await make_phone(any_number=True)
    caller, inbound, consultation, operator = await consulted(service, callers, operators)
    await inbound.refer_replacing(consultation)
    assert (await final(inbound)).status == 603
    await inbound.bridge(consultation)
    operator.play(tone(1000, 8))
    await comes_through(caller, 1000)


async def test_an_operator_that_cannot_replace_leaves_both_calls_up(make_phone: MakePhone) -> None:
    service, callers = await make_phone(), await make_phone(refer="follow", calls_per_worker=4)
    operators = await make_phone(any_number=True, refer="refuse")
    _, inbound, consultation, _ = await consulted(service, callers, operators)
    await inbound.refer_replacing(consultation)
    assert (await final(inbound)).status == 603
    assert service.pool.live_legs == [inbound, consultation]


async def test_a_consultation_that_is_over_or_still_rings_is_refused_and_nobody_dies(
    make_phone: MakePhone,
) -> None:
    service, callers = await make_phone(), await make_phone(refer="follow", calls_per_worker=4)
    operators = await make_phone(any_number=True)
    _, inbound = await connect(callers, service)
    ringing = await inbound.dial_beside(operators.pool.uri)
    at_operator = await operators.next_call()
    await at_operator.ring()
    await wait_for(ringing, Ringing)
    with pytest.raises(SipError):
        await inbound.refer_replacing(ringing)
    await at_operator.reject(486)
    await wait_for(ringing, Disconnected)
    with pytest.raises(SipError):
        await inbound.refer_replacing(ringing)
    with pytest.raises(SipError):
        await inbound.refer_replacing(inbound)
    assert service.pool.live_legs == [inbound]
    assert service.pool.status().restarts == 0


async def test_hang_ups_racing_with_the_transfer_kill_no_worker(make_phone: MakePhone) -> None:
    service = await make_phone()
    callers = await make_phone(refer="follow", calls_per_worker=4)
    operators = await make_phone(any_number=True, refer="follow", calls_per_worker=4)
    for delay_s in (0.0, 0.001, 0.003, 0.01):
        caller, inbound, consultation, operator = await consulted(service, callers, operators)

        async def leave(leg: Leg, after_s: float = delay_s) -> None:
            await asyncio.sleep(after_s)
            await leg.hang_up()

        await asyncio.gather(
            inbound.refer_replacing(consultation),
            leave(operator),
            leave(caller),
            leave(consultation),
            return_exceptions=True,
        )
        await asyncio.gather(*(leg.hang_up() for leg in callers.pool.live_legs))
        await inbound.hang_up()
        async with asyncio.timeout(5):
            while any(phone.pool.live_legs for phone in (service, callers, operators)):
                await asyncio.sleep(0.02)
        while not operators.incoming.empty():
            operators.incoming.get_nowait()
    assert [phone.pool.status().restarts for phone in (service, callers, operators)] == [0] * 3


async def test_a_stranger_takes_no_call_over(make_phone: MakePhone, raw_phone: RawPhone) -> None:
    """Whoever knows a call's tags could otherwise put himself in the caller's place."""
    service = await make_phone()
    raw_phone.invite(service.pool.uri)
    leg = await service.next_call()
    await leg.answer()
    answer = await raw_phone.final("INVITE")
    raw_phone.in_dialog("ACK", answer, 1)
    await wait_for(leg, Answered)
    own, far = (answer.header(name).partition("tag=")[2] for name in ("From", "To"))
    replaced = f"{answer.header('Call-ID')};to-tag={far};from-tag={own}"
    stranger = await RawPhone.open()
    stranger.invite(service.pool.uri, headers=f"Replaces: {replaced}\r\nRequire: replaces\r\n")
    assert (await stranger.final("INVITE")).status == 603
    stranger.close()
    assert service.pool.live_legs == [leg]
    assert service.incoming.empty()
