"""A supervisor on legs that do what the test says."""

import asyncio

import pytest

from ivr.errors import SipError
from ivr.handoff.supervision import Supervision, SupervisionMode
from ivr.sip.causes import HangupCause, HangupSide
from ivr.sip.leg import Answered, Disconnected, Dtmf
from ivr.testing.legs import FakeLeg

pytestmark = pytest.mark.unit

TARGET = "sip:supervisor@127.0.0.1"
LISTEN = ["connect hear=True speak=False"] * 2


class Talk:
    """Caller and operator in a talk, a supervisor to be dialled beside the operator."""

    def __init__(self, mode: SupervisionMode = SupervisionMode.LISTEN) -> None:
        self.supervisor = FakeLeg(ani="supervisor")
        operator = FakeLeg(ani="operator")
        operator.operator = self.supervisor
        self.supervision = Supervision(FakeLeg(), operator, mode=mode)
        self.operator = operator

    async def run(self) -> int:
        return await self.supervision.run(TARGET, ring_s=0.1)

    def leaves(self, status: int = 200) -> None:
        self.supervisor.happens(Disconnected(HangupCause(status, "", HangupSide.REMOTE)))


async def test_a_supervisor_begins_as_told_and_changes_by_keys():
    talk = Talk()
    for event in (Answered("PCMA"), Dtmf("5"), Dtmf("9"), Dtmf("6"), Dtmf("4")):
        talk.supervisor.happens(event)
    talk.leaves()
    assert await talk.run() == 200
    assert talk.supervisor.commands == [
        *LISTEN,
        *("connect hear=True speak=True", "connect hear=True speak=False"),
        *("connect hear=True speak=True", "connect hear=True speak=True"),
        *LISTEN,
        "hang_up",
    ]


async def test_what_is_asked_for_before_the_answer_counts_from_the_answer_on():
    talk = Talk()
    await talk.supervision.set_mode(SupervisionMode.BARGE)
    talk.supervisor.happens(Answered("PCMA"))
    talk.leaves()
    await talk.run()
    assert talk.supervisor.commands[:2] == ["connect hear=True speak=True"] * 2


async def test_a_supervisor_who_does_not_answer_is_no_fault_and_rings_no_longer():
    busy, silent = Talk(), Talk()
    busy.leaves(486)
    assert await busy.run() == 486
    assert await silent.run() == 408
    assert silent.supervisor.commands == ["hang_up"]


async def test_no_leg_for_a_supervisor_is_told():
    talk = Talk()
    talk.operator.operator = None
    with pytest.raises(SipError):
        await talk.run()


async def test_the_end_of_the_talk_lets_the_supervisor_go():
    talk = Talk()
    talk.supervisor.happens(Answered("PCMA"))
    running = asyncio.create_task(talk.run())
    while talk.supervisor.commands != LISTEN:
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert talk.supervisor.commands[-1] == "hang_up"
