import asyncio

import pytest

from ivr.errors import NluError
from ivr.nlu.schema import NluResult, ScoredIntent
from ivr.nlu.switching import SwitchingNlu

pytestmark = pytest.mark.unit


class Answering:
    """A client that answers with its name once it is let, or fails."""

    def __init__(self, name: str, *, held: bool = False, fails: bool = False) -> None:
        self.name = name
        self.fails = fails
        self.asked = 0
        self.release = asyncio.Event()
        if not held:
            self.release.set()

    async def parse(self, text: str) -> NluResult:
        self.asked += 1
        await self.release.wait()
        if self.fails:
            raise NluError("unreachable", self.name)
        return NluResult(text, (ScoredIntent(self.name, 1.0),))


async def answer(client: SwitchingNlu) -> str:
    return (await client.parse("текст")).intent.name


async def test_new_texts_go_to_the_new_client_while_the_old_one_answers_its_last() -> None:
    old, new = Answering("old", held=True), Answering("new")
    client = SwitchingNlu(old)
    pending = asyncio.create_task(answer(client))
    await asyncio.sleep(0)
    switch = asyncio.create_task(client.switch(new, limit_s=5.0))
    await asyncio.sleep(0)
    assert await answer(client) == "new"
    assert not switch.done()
    old.release.set()
    await switch
    assert await pending == "old"


async def test_a_switch_without_requests_in_flight_ends_at_once() -> None:
    client = SwitchingNlu(Answering("old"))
    assert await answer(client) == "old"
    await client.switch(Answering("new"), limit_s=0.1)
    assert await answer(client) == "new"


async def test_requests_that_do_not_end_do_not_hold_the_switch_up_for_ever() -> None:
    old = Answering("old", held=True)
    client = SwitchingNlu(old)
    pending = asyncio.create_task(answer(client))
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        await client.switch(Answering("new"), limit_s=0.01)
    assert await answer(client) == "new"
    old.release.set()
    assert await pending == "old"


async def test_a_request_that_fails_on_the_client_left_behind_is_put_to_the_new_one() -> None:
    old = Answering("old", held=True, fails=True)
    client = SwitchingNlu(old)
    pending = asyncio.create_task(answer(client))
    await asyncio.sleep(0)
    switch = asyncio.create_task(client.switch(Answering("new"), limit_s=5.0))
    await asyncio.sleep(0)
    old.release.set()
    await switch
    assert await pending == "new"


async def test_a_failure_without_a_switch_is_the_callers_to_hear_and_asked_once() -> None:
    old = Answering("old", fails=True)
    client = SwitchingNlu(old)
    with pytest.raises(NluError):
        await client.parse("текст")
    assert old.asked == 1
