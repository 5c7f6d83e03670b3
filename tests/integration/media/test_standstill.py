"""The call core lives and does nothing: real legs in a worker whose core says no more."""

import asyncio
import time

import pytest

from ivr.errors import SipError
from ivr.sip.causes import HangupSide
from ivr.sip.leg import Answered, Disconnected, Ringing
from ivr.testing.raw_phone import RawPhone
from tests.integration.media.conftest import (
    MakePhone,
    Phone,
    amplitude,
    connect,
    listen,
    settle,
    tone,
    wait_for,
)

pytestmark = pytest.mark.integration

WITHIN_S = 2.0
FRONTS = pytest.mark.parametrize("front", ["off", "required"])


class Core:
    """Says how long legs may be kept: an hour, or, while it stands still, no longer."""

    def __init__(self) -> None:
        self.until: float | None = None
        self._asked = asyncio.Event()

    def legs_until(self) -> float:
        self._asked.set()
        return self.until or time.monotonic() + 3600.0

    async def stands_still(self) -> None:
        self.until = time.monotonic()
        await self._told()

    async def goes_on(self) -> None:
        self.until = None
        await self._told()

    async def _told(self) -> None:
        """Until the worker knows."""
        for _ in range(2):
            self._asked.clear()
            await self._asked.wait()


@pytest.fixture
def core() -> Core:
    return Core()


async def service_of(
    make_phone: MakePhone, core: Core, front: str = "off", callers_s: float = 60.0
) -> Phone:
    return await make_phone(
        sip={"kamailio": front},
        media={"standstill_s": callers_s},
        worker_count=1,
        legs_until=core.legs_until,
    )


@FRONTS
async def test_a_phone_stops_ringing_and_the_core_finds_the_leg_ended(
    make_phone: MakePhone, raw_phone: RawPhone, core: Core, front: str
) -> None:
    service = await service_of(make_phone, core, front)
    leg = await service.pool.dial(raw_phone.uri)
    invite = await raw_phone.request("INVITE")
    raw_phone.respond(invite, 180, "Ringing")
    await wait_for(leg, Ringing)
    await core.stands_still()
    cancel = await raw_phone.request("CANCEL", wait_s=WITHIN_S)
    raw_phone.respond(cancel, 200, "OK")
    raw_phone.respond(invite, 487, "Request Terminated")
    assert (await wait_for(leg, Disconnected)).cause.side is HangupSide.STANDSTILL
    await core.goes_on()
    assert service.pool.free_places > 0
    assert service.pool.status().restarts == 0


async def test_what_was_decided_before_the_standstill_is_not_dialled_after_it(
    make_phone: MakePhone, raw_phone: RawPhone, core: Core
) -> None:
    service = await service_of(make_phone, core)
    await core.stands_still()
    with pytest.raises(SipError, match="stood still"):
        await service.pool.dial(raw_phone.uri)
    await core.goes_on()
    await service.pool.dial(raw_phone.uri)
    await raw_phone.request("INVITE")
    assert len({message.header("Call-ID") for message in raw_phone.received}) == 1


async def test_who_talks_goes_on_and_who_is_then_left_alone_is_hung_up(
    make_phone: MakePhone, core: Core
) -> None:
    service, others = await service_of(make_phone, core), await make_phone()
    caller, inbound = await connect(others, service)
    beside = await inbound.dial_beside(others.pool.uri)
    operator = await others.next_call()
    await operator.answer()
    await wait_for(beside, Answered)
    await inbound.bridge(beside)
    await core.stands_still()
    await settle(1.5, operator)
    caller.play(tone(440, 2.0))
    await settle(0.5, operator)
    assert amplitude(await listen(operator, 0.5), 440) > 4000
    await caller.hang_up()
    await asyncio.wait_for(wait_for(operator, Disconnected), WITHIN_S)
    assert (await wait_for(beside, Disconnected)).cause.side is HangupSide.STANDSTILL


async def test_callers_are_hung_up_later_and_new_ones_told_to_try_again(
    make_phone: MakePhone, core: Core
) -> None:
    service = await service_of(make_phone, core, callers_s=2.0)
    others = await make_phone(any_number=True)
    caller, inbound = await connect(others, service)
    began = time.monotonic()
    await core.stands_still()
    refused = await others.pool.dial(service.pool.uri)
    assert (await wait_for(refused, Disconnected)).cause.status == 503
    ended = await wait_for(inbound, Disconnected)
    assert ended.cause.side is HangupSide.STANDSTILL
    assert time.monotonic() - began > 1.9
    await wait_for(caller, Disconnected)
    await core.goes_on()
    await connect(others, service)
