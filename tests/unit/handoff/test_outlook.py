"""What a node knows of its operators."""

import asyncio

import pytest

from ivr.handoff.outlook import Outlook
from tests.unit.handoff.conftest import on_duty

pytestmark = [pytest.mark.unit, pytest.mark.asyncio]


async def test_the_first_operator_who_is_added_is_known_long_before_the_next_look_at_the_others(
    queue, monkeypatch
):
    monkeypatch.setattr("ivr.handoff.outlook.REFRESH_S", 3600.0)
    outlook = Outlook(store=queue, wrap_up_s=0.0, guess_s=None)
    following = asyncio.create_task(outlook.follow())
    try:
        await asyncio.sleep(0)
        await queue.snapshot()  # after the first look
        assert not outlook.staffed
        await on_duty(queue)
        async with asyncio.timeout(10.0):
            while not outlook.staffed:
                await asyncio.sleep(0.01)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
