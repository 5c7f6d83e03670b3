"""A supervisor in a conversation from the queue, over real SIP: who hears whom, and the end."""

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest_asyncio

from ivr.audio.tones import tone
from ivr.queue.model import ContactState
from ivr.softphone.caller import PhoneCall
from ivr.softphone.phone import Softphone
from tests.acceptance.ear import level_at
from tests.acceptance.queue_support import Queue, queue_of, service_with_queue

CALLER = "9030000001"
HZ = {"caller": 600, "operator": 1100, "supervisor": 1700}
AUDIBLE = 0.1
"""Share of a tone in what is heard, where three may sound at once."""


@pytest_asyncio.fixture(loop_scope="session")
async def anna() -> AsyncIterator[Softphone]:
    async with Softphone() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def chief() -> AsyncIterator[Softphone]:
    """The supervisor's phone."""
    async with Softphone() as made:
        yield made


async def picked_up(phone: Softphone) -> PhoneCall:
    incoming = await phone.next_incoming()
    await incoming.leg.ring()
    await incoming.leg.answer()
    return incoming


async def supervise(url: str, phone: Softphone) -> None:
    """By the command, as people do."""
    target = phone.uri.replace("sip:ivr@", "sip:chief@")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ivr", "operators", "supervise", "anna", target, "--url", url)
    )
    assert await process.wait() == 0


async def heard_by(calls: dict[str, PhoneCall]) -> dict[str, set[str]]:
    """Whom each of them hears while all of them make a tone of their own."""
    began = {name: call.listening.now_s for name, call in calls.items()}
    for name, call in calls.items():
        call.leg.play(tone(HZ[name], 2.5))
    await asyncio.gather(*(call.passed(2.7) for call in calls.values()))
    found = {}
    for name, call in calls.items():
        heard = call.listening.heard_between(began[name] + 1.0)[:16000]
        found[name] = {one for one in calls if level_at(heard, HZ[one]) > AUDIBLE}
    return found


async def begun(queue: Queue, call: PhoneCall, anna: Softphone) -> PhoneCall:
    """The caller asks for an operator, who skips the whisper."""
    await call.answered()
    await call.passed(0.5)
    await call.press("0")
    operator = await picked_up(anna)
    await operator.__aenter__()
    await operator.answered()
    await operator.passed(0.3)
    await operator.press("5")
    await queue.waits(CALLER, state=ContactState.CONNECTED)
    return operator


async def test_a_supervisor_listens_then_barges_in_and_leaves_with_the_talk(
    tmp_path, phone: Softphone, anna: Softphone, chief: Softphone
) -> None:
    async with queue_of(tmp_path) as queue:
        await queue.on_duty("anna", anna)
    async with (
        queue_of(tmp_path) as queue,
        service_with_queue(tmp_path, phone, IVR_MEDIA__WORKERS=2) as service,
        await phone.call(service.sip, caller=CALLER) as caller,
    ):
        operator = await begun(queue, caller, anna)
        try:
            await supervise(service.http, chief)
            async with await picked_up(chief) as supervisor:
                await supervisor.answered()
                await supervisor.passed(0.5)
                calls = {"caller": caller, "operator": operator, "supervisor": supervisor}
                assert await heard_by(calls) == {
                    "caller": {"operator"},
                    "operator": {"caller"},
                    "supervisor": {"caller", "operator"},
                }
                await supervisor.press("6")
                await supervisor.passed(0.5)
                assert await heard_by(calls) == {
                    "caller": {"operator", "supervisor"},
                    "operator": {"caller", "supervisor"},
                    "supervisor": {"caller", "operator"},
                }
                await supervisor.hang_up()
            assert caller.cause is None
            assert operator.cause is None
            await supervise(service.http, chief)
            async with await chief.next_incoming() as ringing:
                await ringing.leg.ring()
                await caller.hang_up()
                await operator.ended(3.0)
                await ringing.ended(3.0)
        finally:
            await operator.__aexit__()
