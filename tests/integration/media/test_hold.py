"""Hold by re-INVITE, from either side: who hears music, who hears whom before and after."""

import asyncio

import pytest

from ivr.sip.leg import Answered, Held, Leg
from ivr.testing.raw_phone import RawPhone
from tests.integration.media.conftest import (
    MakePhone,
    amplitude,
    connect,
    listen,
    settle,
    tone,
    wait_for,
)

pytestmark = pytest.mark.integration

LOUD = 5000
QUIET = 100
SETTLE_S = 0.6
"""A re-INVITE must be over before the next one, and jitter buffers empty."""


async def bridged(make_phone: MakePhone, front: str) -> tuple[Leg, Leg, Leg, Leg]:
    """(caller, our leg, our operator leg, operator)."""
    service = await make_phone(sip={"kamailio": front})
    others = await make_phone(any_number=True)
    caller, inbound = await connect(others, service)
    beside = await inbound.dial_beside(others.pool.uri)
    operator = await others.next_call()
    await operator.answer()
    await wait_for(beside, Answered)
    await wait_for(operator, Answered)
    await inbound.bridge(beside)
    return caller, inbound, beside, operator


@pytest.mark.parametrize("front", ["off", "required"])
async def test_a_caller_on_hold_hears_music_only_and_the_operator_again_afterwards(
    make_phone: MakePhone, front: str
) -> None:
    caller, inbound, _, operator = await bridged(make_phone, front)
    operator.play(tone(1000, 10))
    await inbound.hold()
    assert await wait_for(caller, Held) == Held(True)
    inbound.play(tone(600, 4))
    await settle(SETTLE_S, caller)
    music = await listen(caller, 0.4)
    assert amplitude(music, 600) > LOUD
    assert amplitude(music, 1000) < QUIET
    inbound.stop_playback()
    await inbound.hold(False)
    assert await wait_for(caller, Held) == Held(False)
    await settle(SETTLE_S, caller)
    talk = await listen(caller, 0.4)
    assert amplitude(talk, 1000) > LOUD
    assert amplitude(talk, 600) < QUIET


@pytest.mark.parametrize("front", ["off", "required"])
async def test_an_operator_who_holds_is_noticed_and_comes_back_into_the_talk(
    make_phone: MakePhone, front: str
) -> None:
    caller, inbound, beside, operator = await bridged(make_phone, front)
    await operator.hold()
    assert await wait_for(beside, Held) == Held(True)
    operator.play(tone(1700, 4))  # the operator's own music
    inbound.play(tone(600, 2))  # ours
    await settle(SETTLE_S, caller)
    music = await listen(caller, 0.4)
    assert amplitude(music, 1700) > LOUD / 2
    assert amplitude(music, 600) > LOUD / 2
    operator.stop_playback()
    inbound.stop_playback()
    await operator.hold(False)
    assert await wait_for(beside, Held) == Held(False)
    operator.play(tone(1000, 4))
    caller.play(tone(440, 4))
    await settle(SETTLE_S, caller, operator)
    at_caller, at_operator = await asyncio.gather(listen(caller, 0.4), listen(operator, 0.4))
    assert amplitude(at_caller, 1000) > LOUD
    assert amplitude(at_operator, 440) > LOUD


async def test_a_phone_that_holds_without_any_audio_is_not_taken_for_dead(
    make_phone: MakePhone, raw_phone: RawPhone
) -> None:
    service = await make_phone(media={"rtp_timeout_s": 1.0})
    leg = await service.pool.dial(raw_phone.uri)
    invite = await raw_phone.request("INVITE")
    raw_phone.respond(invite, 200, "OK", body=raw_phone.sdp())
    await raw_phone.request("ACK")
    raw_phone.in_dialog("INVITE", invite, 1, body=raw_phone.sdp("inactive"))
    assert await wait_for(leg, Held) == Held(True)
    answer = await raw_phone.final("INVITE")
    assert "a=inactive" in answer.body
    await asyncio.sleep(2.0)
    assert service.pool.live_legs == [leg]
