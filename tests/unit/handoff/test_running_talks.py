"""A supervisor is brought into a talk that goes on, and let go with it; on fake legs."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from ivr.handoff.running_talks import RunningTalks
from ivr.handoff.supervision import SupervisionMode
from ivr.queue.desk import DeskError
from ivr.queue.model import OperatorId
from ivr.sip.causes import HangupCause, HangupSide
from ivr.sip.leg import Answered, Disconnected
from ivr.testing.legs import FakeLeg

pytestmark = [pytest.mark.unit, pytest.mark.asyncio]

ANNA, TARGET = OperatorId("anna"), "sip:200@phones"
LISTEN = SupervisionMode.LISTEN


class Stage:
    """Anna's leg, with a supervisor's phone to be dialled beside it."""

    def __init__(self) -> None:
        self.talks = RunningTalks(ring_s=0.1)
        self.caller, self.anna, self.supervisor = FakeLeg(), FakeLeg(), FakeLeg()
        self.anna.operator = self.supervisor
        self.over = asyncio.Event()
        self.task = asyncio.create_task(self._talk())

    async def _talk(self) -> None:
        async with self.talks.open(ANNA, self.caller, self.anna):
            await self.over.wait()

    async def supervise(self, mode: SupervisionMode = LISTEN) -> None:
        await self.talks.supervise(ANNA, TARGET, mode)

    async def let_go(self) -> None:
        """Until the supervision has ended by itself."""
        ours = [task for task in asyncio.all_tasks() if "supervision of" in task.get_name()]
        async with asyncio.timeout(2.0):
            await asyncio.gather(*ours)
        assert self.supervisor.commands[-1] == "hang_up"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    await asyncio.sleep(0)
    yield made
    made.task.cancel()
    await asyncio.gather(made.task, return_exceptions=True)


async def test_the_supervisor_is_dialled_beside_the_operator_and_begins_as_told(stage):
    stage.supervisor.happens(Answered("PCMA"))
    await stage.supervise(SupervisionMode.BARGE)
    async with asyncio.timeout(2.0):
        while len(stage.supervisor.commands) < 2:
            await asyncio.sleep(0.01)
    assert stage.anna.commands == [f"dial {TARGET}"]
    assert stage.supervisor.commands == ["connect hear=True speak=True"] * 2


@pytest.mark.parametrize("answered", [True, False])
async def test_the_end_of_the_talk_lets_the_supervisor_go_before_it_is_over(stage, answered):
    if answered:
        stage.supervisor.happens(Answered("PCMA"))
    await stage.supervise()
    stage.over.set()
    await stage.task
    assert stage.supervisor.commands[-1] == "hang_up"
    assert ANNA not in stage.talks


async def test_a_cancelled_talk_lets_the_supervisor_go_too(stage):
    await stage.supervise()
    stage.task.cancel()
    await asyncio.gather(stage.task, return_exceptions=True)
    assert stage.supervisor.commands == ["hang_up"]


async def test_a_supervisor_who_leaves_or_does_not_pick_up_makes_room_for_the_next(stage):
    stage.supervisor.happens(Answered("PCMA"))
    stage.supervisor.happens(Disconnected(HangupCause(200, "", HangupSide.REMOTE)))
    await stage.supervise()
    await stage.let_go()
    stage.anna.operator = stage.supervisor = FakeLeg()
    await stage.supervise()  # rings in vain for 0.1 s
    await stage.let_go()
    stage.anna.operator = stage.supervisor = FakeLeg()
    await stage.supervise()
    assert not stage.task.done()


async def test_two_supervisors_at_once_are_refused(stage):
    await stage.supervise()
    with pytest.raises(DeskError, match="anna is supervised already") as refused:
        await stage.supervise()
    assert refused.value.code == "over"


async def test_no_leg_is_told_and_the_talk_goes_on(stage):
    stage.anna.operator = None
    with pytest.raises(DeskError, match="cannot be dialled") as refused:
        await stage.supervise()
    assert refused.value.code == "over"
    assert not stage.task.done()
    stage.anna.operator = stage.supervisor
    await stage.supervise()


async def test_who_does_not_talk_cannot_be_supervised(stage):
    stage.over.set()
    await stage.task
    with pytest.raises(DeskError, match="no conversation on this node"):
        await stage.supervise()
