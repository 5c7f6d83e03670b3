"""Connecting the caller with an operator on legs that do what the test says."""

import asyncio

import pytest

from ivr.clock import SystemClock
from ivr.handoff.operator import HandoffProgress, OperatorHandoff, OperatorSettings
from ivr.handoff.transfer import TransferOutcome
from ivr.sip.causes import HangupCause, HangupSide
from ivr.sip.leg import Answered, Disconnected, Ringing, TransferProgress
from ivr.testing.legs import FakeLeg

pytestmark = pytest.mark.unit

TARGET = "sip:operator@127.0.0.1"


class Clock(SystemClock):
    """Jumps by `ahead_s`."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


class Desk:
    """A hand-off with everything it reported."""

    def __init__(
        self, *, refer: bool = True, refer_timeout_s: float = 5.0, talk_s: float = 60.0
    ) -> None:
        self.clock = Clock()
        self.talk_s = talk_s
        self.caller = FakeLeg()
        self.operator = FakeLeg(ani="operator")
        self.caller.operator = self.operator
        self.reports: list[HandoffProgress] = []
        self.joined: list[object] = []
        self.attempts: list[str] = []
        self.handoff = OperatorHandoff(
            self.caller,
            OperatorSettings(
                target=TARGET, refer=refer, refer_timeout_s=refer_timeout_s, dial_timeout_s=5.0
            ),
            self.clock,
            self,
        )

    def on_begun(self, mode: str) -> None:
        self.attempts.append(f"{mode} begun")

    def on_status(self, progress: HandoffProgress) -> None:
        self.reports.append(progress)

    def on_joined(self, operator: object) -> None:
        self.joined.append(operator)
        self.clock.ahead_s += self.talk_s

    def on_ended(self, mode: str, outcome: TransferOutcome) -> None:
        self.attempts.append(f"{mode} {outcome}")

    def progress(self, status: int, *, final: bool) -> None:
        self.handoff.on_progress(TransferProgress(status, "", final))

    def operator_ends(self, status: int) -> None:
        self.operator.happens(Disconnected(HangupCause(status, "", HangupSide.REMOTE)))


async def test_a_refer_that_is_followed_connects_without_a_second_leg():
    desk = Desk()
    for status, final in ((202, False), (180, False), (200, True)):
        desk.progress(status, final=final)
    assert await desk.handoff.run("00" * 16) is TransferOutcome.CONNECTED
    assert desk.caller.commands == [f"refer {TARGET}"]
    assert [report.status for report in desk.reports] == [202, 180, 200]


async def test_a_refused_refer_dials_and_bridges_until_the_operator_hangs_up():
    desk = Desk()
    desk.progress(603, final=True)
    desk.operator.happens(Ringing(180))
    desk.operator.happens(Answered("PCMA"))
    desk.operator_ends(200)
    assert await desk.handoff.run("00" * 16) is TransferOutcome.CONNECTED
    assert desk.attempts == ["refer begun", "refer failed", "bridge begun", "bridge connected"]
    assert desk.joined == [desk.operator]
    assert desk.caller.commands[-2:] == ["stop_playback", "bridge"]
    assert desk.operator.commands == ["hang_up"]


async def test_an_operator_who_hangs_up_at_once_leaves_the_caller_to_the_bot():
    desk = Desk(refer=False, talk_s=0.2)
    desk.operator.happens(Answered("PCMA"))
    desk.operator_ends(200)
    assert await desk.handoff.run("00" * 16) is TransferOutcome.NO_ANSWER
    assert desk.attempts == ["bridge begun", "bridge no_answer"]


async def test_a_ringing_tone_that_cannot_be_played_leaves_no_phone_ringing():
    desk = Desk(refer=False)
    desk.caller.playback_full = True
    assert await desk.handoff.run("00" * 16) is TransferOutcome.FAILED
    assert desk.operator.commands == ["hang_up"]


async def test_a_refer_without_an_answer_falls_back_to_dialling():
    desk = Desk(refer_timeout_s=0.05)
    desk.operator_ends(486)
    assert await desk.handoff.run("00" * 16) is TransferOutcome.BUSY


async def test_a_refer_that_cannot_be_sent_falls_back_to_dialling():
    desk = Desk()
    desk.caller.refer_fails = True
    desk.operator_ends(480)
    assert await desk.handoff.run("00" * 16) is TransferOutcome.NO_ANSWER


async def test_no_free_leg_for_the_operator_is_a_failure_and_no_fault():
    desk = Desk(refer=False)
    desk.caller.operator = None
    assert await desk.handoff.run("00" * 16) is TransferOutcome.FAILED


async def test_legs_that_cannot_be_joined_are_a_failure_and_no_connection():
    desk = Desk(refer=False)
    desk.caller.bridge_fails = True
    desk.operator.happens(Answered("PCMA"))
    assert await desk.handoff.run("00" * 16) is TransferOutcome.FAILED
    assert desk.attempts == ["bridge begun", "bridge failed"]
    assert desk.operator.commands == ["hang_up"]


async def test_a_caller_who_leaves_takes_the_ringing_operator_leg_along():
    desk = Desk(refer=False)
    desk.operator.happens(Ringing(180))
    running = asyncio.create_task(desk.handoff.run("00" * 16))
    while not desk.reports:
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert desk.operator.commands == ["hang_up"]
    assert desk.attempts == ["bridge begun", "bridge cancelled"]
