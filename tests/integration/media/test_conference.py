"""Several legs of one worker: who hears whom, over real RTP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from ivr.errors import SipError
from ivr.handoff.supervision import Supervision, SupervisionMode
from ivr.sip.leg import Answered, Disconnected, Leg
from tests.integration.media.conftest import (
    MakePhone,
    Phone,
    amplitude,
    connect,
    listen,
    next_frame,
    settle,
    tone,
    wait_for,
)

pytestmark = pytest.mark.integration

LOUD = 5000
QUIET = 100
CALLER_HZ, OPERATOR_HZ, SUPERVISOR_HZ = 440, 1000, 1700
SETTLE_S = 1.0
"""A jitter buffer may hold back what was said before, so hearing is judged after this."""


class Conference:
    """A caller at a service with an operator beside, perhaps a supervisor; each makes a tone."""

    def __init__(self, far: dict[int, Leg], near: dict[int, Leg]) -> None:
        self.far = far
        self.near = near

    async def heard(self) -> dict[int, set[int]]:
        """Who hears whom by now, by frequency."""
        for frequency, leg in self.far.items():
            leg.stop_playback()
            leg.play(tone(frequency, 2.5))
        await asyncio.gather(*(self._skip(leg) for leg in self.far.values()))
        samples = await asyncio.gather(*(listen(leg, 0.4) for leg in self.far.values()))
        return {
            ear: {voice for voice in self.far if amplitude(heard, voice) > LOUD / 4}
            for ear, heard in zip(self.far, samples, strict=True)
        }

    @staticmethod
    async def _skip(leg: Leg) -> None:
        while leg.queued_samples > 8000 * (2.5 - SETTLE_S):
            await next_frame(leg)


async def dialled(beside: Leg, phone: Phone) -> tuple[Leg, Leg]:
    """(our leg, the phone's leg) of an answered call beside a leg."""
    near = await beside.dial_beside(phone.pool.uri)
    far = await phone.next_call()
    await far.answer()
    await wait_for(near, Answered)
    await wait_for(far, Answered)
    return near, far


@pytest.fixture
async def others(make_phone: MakePhone) -> Phone:
    """The phones of everybody."""
    return await make_phone(any_number=True, calls_per_worker=4)


@pytest.fixture
async def conference(make_phone: MakePhone, others: Phone) -> Conference:
    service = await make_phone()
    caller, inbound = await connect(others, service)
    operator, at_operator = await dialled(inbound, others)
    await inbound.bridge(operator)
    return Conference(
        {CALLER_HZ: caller, OPERATOR_HZ: at_operator},
        {CALLER_HZ: inbound, OPERATOR_HZ: operator},
    )


@contextlib.asynccontextmanager
async def supervised(conference: Conference, others: Phone) -> AsyncIterator[Leg]:
    """A supervisor listens; gives the supervisor's end."""
    supervision = Supervision(
        conference.near[CALLER_HZ], conference.near[OPERATOR_HZ], mode=SupervisionMode.LISTEN
    )
    running = asyncio.create_task(supervision.run(others.pool.uri, ring_s=5.0))
    supervisor = await others.next_call()
    await supervisor.answer()
    await wait_for(supervisor, Answered)
    conference.far[SUPERVISOR_HZ] = supervisor
    yield supervisor
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


LISTENING = {
    CALLER_HZ: {OPERATOR_HZ},
    OPERATOR_HZ: {CALLER_HZ},
    SUPERVISOR_HZ: {CALLER_HZ, OPERATOR_HZ},
}


async def test_a_supervisor_listens_whispers_barges_in_by_keys_and_leaves(
    conference: Conference, others: Phone
) -> None:
    async with supervised(conference, others) as supervisor:
        assert await conference.heard() == LISTENING
        await supervisor.send_dtmf("5")
        assert await conference.heard() == LISTENING | {OPERATOR_HZ: {CALLER_HZ, SUPERVISOR_HZ}}
        await supervisor.send_dtmf("6")
        assert await conference.heard() == {
            CALLER_HZ: {OPERATOR_HZ, SUPERVISOR_HZ},
            OPERATOR_HZ: {CALLER_HZ, SUPERVISOR_HZ},
            SUPERVISOR_HZ: {CALLER_HZ, OPERATOR_HZ},
        }
    await wait_for(conference.far.pop(SUPERVISOR_HZ), Disconnected)
    assert await conference.heard() == {CALLER_HZ: {OPERATOR_HZ}, OPERATOR_HZ: {CALLER_HZ}}


async def test_what_the_operator_is_told_before_joining_the_caller_does_not_hear(
    conference: Conference,
) -> None:
    caller, operator = conference.near[CALLER_HZ], conference.near[OPERATOR_HZ]
    await caller.unbridge(operator)
    operator.play(tone(600, 3))
    caller.play(tone(2200, 3))
    ends = (conference.far[CALLER_HZ], conference.far[OPERATOR_HZ])
    await settle(SETTLE_S, *ends)
    at_caller, at_operator = await asyncio.gather(*(listen(leg, 0.4) for leg in ends))
    assert amplitude(at_operator, 600) > LOUD
    assert amplitude(at_caller, 600) < QUIET
    assert amplitude(at_caller, 2200) > LOUD
    assert amplitude(at_operator, 2200) < QUIET


async def test_directions_outlast_a_hold_of_the_one_who_is_heard(
    conference: Conference, others: Phone
) -> None:
    async with supervised(conference, others):
        await conference.far[OPERATOR_HZ].hold()
        await asyncio.sleep(0.7)  # a re-INVITE must be over before the next one
        await conference.far[OPERATOR_HZ].hold(False)
        await asyncio.sleep(0.7)
        assert await conference.heard() == LISTENING


async def test_no_supervisor_takes_the_leg_that_another_caller_is_owed(
    make_phone: MakePhone,
) -> None:
    service, others = await make_phone(), await make_phone(any_number=True, calls_per_worker=4)
    _, first = await connect(others, service)
    _, second = await connect(others, service)
    elsewhere = await make_phone(any_number=True, calls_per_worker=4)
    operator, _ = await dialled(first, elsewhere)
    with pytest.raises(SipError):
        await operator.dial_beside(elsewhere.pool.uri)
    await dialled(second, elsewhere)
