"""Who may come in, and how the service stops."""

import asyncio

import pytest

from ivr.call.registry import CallRegistry
from ivr.clock import SystemClock
from ivr.events import CallId, CallOffered, CallRejected
from ivr.sip.leg import Leg
from ivr.testing.legs import FakeLeg
from ivr.testing.parts import EventLog

pytestmark = pytest.mark.unit


class Door:
    """A registry whose calls last until they are let go."""

    def __init__(self, max_calls: int = 2) -> None:
        self.events = EventLog()
        self.go = asyncio.Event()
        self.ended: list[CallId] = []
        self.registry = CallRegistry(
            self._talk, self.events.append, SystemClock(), max_calls=max_calls, retry_after_s=7
        )

    async def _talk(self, call_id: CallId, leg: Leg) -> None:
        try:
            await self.go.wait()
        finally:
            self.ended.append(call_id)


async def test_calls_up_to_the_limit_come_in_and_the_next_is_told_to_try_again():
    door, late = Door(), FakeLeg()
    door.registry.on_incoming(FakeLeg())
    door.registry.on_incoming(FakeLeg())
    door.registry.on_incoming(late)
    await asyncio.sleep(0)
    assert door.registry.live == 2
    assert late.commands == ["reject 503 7"]
    assert len(door.events.of(CallOffered)) == 2
    assert len(door.events.of(CallRejected)) == 1
    door.go.set()
    await door.registry.drain(1.0)
    assert door.registry.live == 0


async def test_draining_waits_for_calls_and_takes_no_new_one():
    door, late = Door(), FakeLeg()
    door.registry.on_incoming(FakeLeg())
    await asyncio.sleep(0)
    draining = asyncio.create_task(door.registry.drain(5.0))
    await asyncio.sleep(0)
    door.registry.on_incoming(late)
    await asyncio.sleep(0)
    assert late.commands == ["reject 503 7"]
    assert not draining.done()
    door.go.set()
    assert await draining == 0


async def test_a_call_that_outlasts_the_drain_is_ended():
    door = Door()
    door.registry.on_incoming(FakeLeg())
    await asyncio.sleep(0)
    assert await door.registry.drain(0.01) == 1
    assert len(door.ended) == 1
