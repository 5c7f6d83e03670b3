"""Legs that we dial: what the far end is told, what it says before it answers, why it ends."""

import asyncio

import pytest

from ivr.errors import SipError
from ivr.sip.causes import HangupSide
from ivr.sip.leg import Answered, Disconnected, EarlyMedia, Ringing
from ivr.testing.raw_phone import RawPhone
from tests.integration.media.conftest import (
    MakePhone,
    behind_kamailio,
    connect,
    next_frame,
    wait_for,
)

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("front", ["off", "required"])
async def test_a_customer_sees_our_number_and_every_header(
    make_phone: MakePhone, raw_phone: RawPhone, front: str
) -> None:
    service = await make_phone(sip={"kamailio": front})
    await service.pool.dial(
        raw_phone.uri, caller="0611", asserted=True, headers={"User-to-User": "x", "Subject": "y"}
    )
    invite = await raw_phone.request("INVITE")
    assert "<sip:0611@" in invite.header("From")
    assert "<sip:0611@" in invite.header("P-Asserted-Identity")
    assert (invite.header("User-to-User"), invite.header("Subject")) == ("x", "y")
    assert "a=rtpmap:8 PCMA" in invite.body or "RTP/AVP 8" in invite.body
    raw_phone.respond(invite, 404, "Not Found")


async def test_an_announcement_before_the_answer_is_heard_and_the_cause_is_kept(
    make_phone: MakePhone, raw_phone: RawPhone
) -> None:
    service = await make_phone()
    leg = await service.pool.dial(raw_phone.uri)
    invite = await raw_phone.request("INVITE")
    raw_phone.respond(invite, 183, "Session Progress", body=raw_phone.sdp())
    assert await wait_for(leg, EarlyMedia) == EarlyMedia("PCMA")
    await next_frame(leg)
    raw_phone.respond(
        invite, 480, "Gone", headers='Reason: Q.850 ;cause=20;text="Subscriber absent"\r\n'
    )
    cause = (await wait_for(leg, Disconnected)).cause
    assert (cause.status, cause.q850, cause.reason) == (480, 20, "Subscriber absent")
    assert cause.side is HangupSide.REMOTE


async def test_a_leg_hung_up_before_any_answer_is_cancelled_as_soon_as_it_can_be(
    make_phone: MakePhone, raw_phone: RawPhone
) -> None:
    service = await make_phone()
    leg = await service.pool.dial(raw_phone.uri)
    invite = await raw_phone.request("INVITE")
    await leg.hang_up()
    raw_phone.respond(invite, 180, "Ringing")  # no CANCEL before a response: RFC 3261 section 9.1
    cancel = await raw_phone.request("CANCEL", wait_s=1.0)
    raw_phone.respond(cancel, 200, "OK")
    raw_phone.respond(invite, 487, "Request Terminated")
    assert (await wait_for(leg, Disconnected)).cause.side is HangupSide.LOCAL


async def test_a_phone_that_answers_while_we_cancel_is_hung_up(
    make_phone: MakePhone, raw_phone: RawPhone
) -> None:
    service = await make_phone()
    leg = await service.pool.dial(raw_phone.uri)
    invite = await raw_phone.request("INVITE")
    raw_phone.respond(invite, 180, "Ringing")
    await wait_for(leg, Ringing)
    await leg.hang_up()
    cancel = await raw_phone.request("CANCEL")
    raw_phone.respond(invite, 200, "OK", body=raw_phone.sdp())
    raw_phone.respond(cancel, 200, "OK")
    await raw_phone.request("ACK", wait_s=1.0)
    bye = await raw_phone.request("BYE", wait_s=1.0)
    raw_phone.respond(bye, 200, "OK")


async def test_a_callback_takes_a_place_with_room_for_both_its_legs_and_leaves_some(
    make_phone: MakePhone,
) -> None:
    service = await behind_kamailio(make_phone, 2)
    others = await make_phone(any_number=True, calls_per_worker=4)
    assert service.pool.free_places == 4
    operator = await service.pool.dial(others.pool.uri, keep_free=3)
    with pytest.raises(SipError):
        await service.pool.dial(others.pool.uri, keep_free=3)
    at_operator = await others.next_call()
    await at_operator.answer()
    await wait_for(operator, Answered)
    customer = await operator.dial_beside(others.pool.uri, caller="0611")
    at_customer = await others.next_call()
    await at_customer.answer()
    await wait_for(customer, Answered)
    assert service.pool.free_places == 3
    await operator.hang_up()
    await wait_for(at_operator, Disconnected)
    assert service.pool.free_places == 3
    await customer.hang_up()
    await wait_for(at_customer, Disconnected)
    assert service.pool.free_places == 4


async def test_callers_are_turned_away_by_callbacks_as_by_callers_and_the_other_way_round(
    make_phone: MakePhone,
) -> None:
    service = await behind_kamailio(make_phone, 1)
    others = await make_phone(any_number=True, calls_per_worker=4)
    await service.pool.dial(others.pool.uri)
    await others.next_call()
    await connect(others, service)
    refused = await others.pool.dial(service.pool.uri)
    assert (await wait_for(refused, Disconnected)).cause.status == 503
    with pytest.raises(SipError) as refusal:
        await service.pool.dial(others.pool.uri)
    assert refusal.value.code == "no_place"
    async with asyncio.timeout(5):
        while len(service.pool.live_legs) > 2:
            await asyncio.sleep(0.02)


async def test_a_worker_whose_legs_still_wait_for_dead_phones_is_passed_over(
    make_phone: MakePhone, raw_phone: RawPhone
) -> None:
    """A phone that never responds holds a leg of the user agent for half a minute."""
    service, other = await make_phone(worker_count=2), await make_phone(any_number=True)
    for _ in range(4):
        leg = await service.pool.dial(raw_phone.uri, worker=0)
        await leg.hang_up()
        await wait_for(leg, Disconnected)
    with pytest.raises(SipError):
        await service.pool.dial(other.pool.uri, worker=0)
    await service.pool.dial(other.pool.uri)
    await other.next_call()
    assert service.pool.status().restarts == 0
