"""An attended transfer on legs that do what the test says."""

import asyncio

import pytest

from ivr.clock import SystemClock
from ivr.handoff.consultation import Consultation
from ivr.handoff.operator import HandoffProgress, OperatorSettings
from ivr.handoff.transfer import TransferOutcome
from ivr.sip.causes import HangupCause, HangupSide
from ivr.sip.leg import (
    Answered,
    Disconnected,
    Dtmf,
    Held,
    PlaybackFinished,
    Ringing,
    TransferProgress,
)
from ivr.testing.legs import FakeLeg

pytestmark = pytest.mark.unit

TARGET = "sip:operator@127.0.0.1"
SUMMARY, MUSIC = bytes(3200), bytes(16000)


class Desk:
    """A consultation with everything it reported."""

    def __init__(self, *, refer: bool = True, summary: bytes = SUMMARY, dial_s: float = 5.0):
        self.caller = FakeLeg()
        self.operator = FakeLeg(ani="operator")
        self.caller.operator = self.operator
        self.told: list[str] = []
        self.consultation = Consultation(
            self.caller,
            OperatorSettings(
                target=TARGET, refer=refer, dial_timeout_s=dial_s, briefing_s=5.0,
                refer_timeout_s=0.2,
            ),
            SystemClock(),
            self,
            summary=summary,
            music=MUSIC,
        )  # fmt: skip

    def on_begun(self, mode: str) -> None:
        self.told.append(f"{mode} begun")

    def on_status(self, progress: HandoffProgress) -> None:
        self.told.append(str(progress.status))

    def on_joined(self, operator: object) -> None:
        self.told.append("joined")

    def on_ended(self, mode: str, outcome: TransferOutcome) -> None:
        self.told.append(f"{mode} {outcome}")

    def answers(self) -> None:
        self.operator.happens(Ringing(180))
        self.operator.happens(Answered("PCMA"))

    def leaves(self, status: int = 200) -> None:
        self.operator.happens(Disconnected(HangupCause(status, "", HangupSide.REMOTE)))

    def run(self) -> "asyncio.Task[TransferOutcome]":
        return asyncio.create_task(self.consultation.run("00" * 16))

    async def comes(self, command: str, leg: FakeLeg) -> None:
        async with asyncio.timeout(2):
            while command not in leg.commands:
                await asyncio.sleep(0)


async def test_the_operator_is_told_first_and_then_replaced():
    desk = Desk()
    desk.answers()
    running = desk.run()
    await desk.comes("play 1600", desk.operator)
    assert "refer_replacing" not in desk.caller.commands
    desk.operator.happens(PlaybackFinished(1600))
    await desk.comes("refer_replacing", desk.caller)
    desk.consultation.on_progress(TransferProgress(202, "Accepted", False))
    desk.leaves()
    while desk.told.count("200") < 2:
        await asyncio.sleep(0)
    desk.consultation.on_progress(TransferProgress(200, "OK", True))
    assert await running is TransferOutcome.CONNECTED
    assert "bridge" not in desk.caller.commands
    assert desk.told == ["attended begun", "180", "200", "202", "200", "200", "attended connected"]


async def test_the_caller_hears_music_until_it_is_over():
    desk = Desk()
    running = desk.run()
    await desk.comes("play 8000", desk.caller)
    desk.leaves(486)
    assert await running is TransferOutcome.BUSY
    assert desk.caller.commands[-1] == "stop_playback"


async def test_a_key_skips_the_summary():
    desk = Desk(refer=False)
    desk.answers()
    running = desk.run()
    await desk.comes("play 1600", desk.operator)
    desk.operator.happens(Dtmf("1"))
    await desk.comes("bridge", desk.caller)
    assert "stop_playback" in desk.operator.commands
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("refusal", ["refused", "silent", "not sent"])
async def test_a_phone_that_does_not_take_over_is_bridged(refusal: str):
    desk = Desk(summary=b"")
    desk.answers()
    desk.caller.refer_fails = refusal == "not sent"
    running = desk.run()
    if refusal == "refused":
        await desk.comes("refer_replacing", desk.caller)
        desk.consultation.on_progress(TransferProgress(603, "Decline", True))
    await desk.comes("bridge", desk.caller)
    assert "joined" in desk.told
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert desk.operator.commands[-1] == "hang_up"
    assert desk.told[-1] == "attended cancelled"


async def test_an_operator_who_holds_gives_the_caller_music_and_comes_back():
    desk = Desk(refer=False, summary=b"")
    desk.answers()
    running = desk.run()
    await desk.comes("bridge", desk.caller)
    desk.caller.commands.clear()
    desk.operator.happens(Held(True))
    await desk.comes("play 8000", desk.caller)
    assert desk.caller.commands[0] == "unbridge"
    desk.operator.happens(Held(False))
    await desk.comes("bridge", desk.caller)
    assert desk.caller.commands[-2:] == ["stop_playback", "bridge"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_an_operator_who_leaves_during_the_summary_has_not_taken_the_call():
    desk = Desk()
    desk.answers()
    running = desk.run()
    await desk.comes("play 1600", desk.operator)
    desk.leaves()
    assert await running is TransferOutcome.NO_ANSWER
    assert "refer_replacing" not in desk.caller.commands


async def test_legs_that_cannot_be_had_or_joined_are_failures_and_no_faults():
    nobody = Desk()
    nobody.caller.operator = None
    assert await nobody.consultation.run("0") is TransferOutcome.FAILED
    apart = Desk(refer=False, summary=b"")
    apart.caller.bridge_fails = True
    apart.answers()
    assert await apart.consultation.run("0") is TransferOutcome.FAILED
    assert apart.operator.commands[-1] == "hang_up"


async def test_an_operator_who_rings_for_ever_is_given_up():
    desk = Desk(dial_s=0.05)
    desk.operator.happens(Ringing(180))
    assert await desk.consultation.run("0") is TransferOutcome.NO_ANSWER
    assert desk.operator.commands == ["hang_up"]
