"""A supervisor in a conversation from the queue, over real SIP: who hears whom, and the end."""

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest_asyncio

from ivr.audio.tones import tone
from ivr.queue.model import ContactState
from ivr.softphone.caller import PhoneCall
from ivr.softphone.phone import Softphone
from ivr.testing.service import ServiceProcess
from tests.acceptance.ear import level_at
from tests.acceptance.queue.support import Queue, past_whisper, picked_up, wait_in_line

CALLER = "9030000001"
HZ = {"caller": 600, "operator": 1100, "supervisor": 1700}
AUDIBLE = 0.1
"""Share of a tone in what is heard, where three may sound at once."""


@pytest_asyncio.fixture(loop_scope="session")
async def chief() -> AsyncIterator[Softphone]:
    """The supervisor's phone."""
    async with Softphone() as made:
        yield made


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


async def test_a_supervisor_listens_then_barges_in_and_leaves_with_the_talk(
    service: ServiceProcess, queue: Queue, phone: Softphone, anna: Softphone, chief: Softphone
) -> None:
    await queue.on_duty("anna", anna)
    async with await phone.call(service.sip, caller=CALLER) as caller:
        await wait_in_line(caller)
        async with await picked_up(anna) as operator:
            await past_whisper(operator)
            await queue.waits(CALLER, state=ContactState.CONNECTED)
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
