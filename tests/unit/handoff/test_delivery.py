"""An operator is brought to a caller on the line: who hangs up when, and what is left behind."""

import asyncio
from collections.abc import Awaitable, Mapping

import pytest

from ivr.clock import SystemClock
from ivr.handoff.attempt import LiveAttempt
from ivr.handoff.callers import WaitingCallers
from ivr.handoff.delivery import Delivery, OperatorSide
from ivr.handoff.running_talks import RunningTalks
from ivr.queue.model import AttemptOutcome, AttemptStep, ContactKind, OperatorId
from ivr.sip.causes import HangupCause, HangupSide
from ivr.sip.leg import Answered, Disconnected, Dtmf, Leg, Ringing
from ivr.speech.phrase import Phrase
from ivr.testing.legs import FakeLeg
from tests.unit.handoff.conftest import NODE, attempts_of, on_duty, waits

pytestmark = [pytest.mark.unit, pytest.mark.asyncio]

WHISPER = bytes(2 * 8000)


class Caller:
    """A `WaitingCaller` whose conversation joins when it is told to."""

    def __init__(self) -> None:
        self.leg = FakeLeg()
        self.leg.operator = FakeLeg()
        self.handoff_id = "abc"
        self.facts: Mapping[str, str] = {}
        self.told: list[str] = []
        self.steps_back: asyncio.Future[None] = asyncio.Future()
        self.left: asyncio.Future[AttemptOutcome] = asyncio.Future()

    def on_ringing(self, target: str) -> None:
        self.told.append(f"ringing {target}")

    def on_status(self, status: int) -> None:
        self.told.append(str(status))

    def summon(self) -> Awaitable[None]:
        self.told.append("summoned")
        return asyncio.shield(self.steps_back)

    def on_joined(self, operator: Leg) -> None:
        self.told.append("joined")

    def on_over(self, outcome: AttemptOutcome) -> None:
        self.told.append(outcome.value)

    def gone(self) -> Awaitable[AttemptOutcome]:
        return asyncio.shield(self.left)

    @property
    def operator(self) -> FakeLeg:
        assert self.leg.operator is not None
        return self.leg.operator


@pytest.fixture
def caller() -> Caller:
    return Caller()


async def speak(_phrase: Phrase) -> bytes:
    return WHISPER


async def begun(
    queue, caller: Caller | None, talks: RunningTalks | None = None
) -> "tuple[LiveAttempt, asyncio.Task[AttemptOutcome]]":
    """A claimed attempt for a caller on the line, being carried out."""
    callers = WaitingCallers()
    await on_duty(queue)
    contact = await waits(queue, kind=ContactKind.CALL, node=NODE)
    if caller is not None:
        callers.add(contact.contact_id, caller)
    await queue.renew(NODE)
    (trio,) = await queue.assign(NODE, 0)
    live = LiveAttempt(queue, trio, may_act=lambda: True)
    await live.claim()
    side = OperatorSide(
        ring_s=0.3,
        whispers=True,
        speak=speak,
        music=b"",
        clock=SystemClock(),
        talks=talks or RunningTalks(),
    )
    return live, asyncio.create_task(Delivery(callers, side).run(live))


async def step_is(queue, step: AttemptStep) -> None:
    async with asyncio.timeout(3.0):
        while [one.step for one in await attempts_of(queue)] != [step]:
            await asyncio.sleep(0.01)


def hung_up(status: int = 200) -> Disconnected:
    return Disconnected(HangupCause(status, "", HangupSide.REMOTE))


async def test_every_step_is_written_before_it_is_acted_on(queue, caller):
    live, task = await begun(queue, caller)
    await step_is(queue, AttemptStep.OPERATOR_DIALLED)
    caller.operator.happens(Answered("PCMA"))
    await step_is(queue, AttemptStep.OPERATOR_UP)
    assert "bridge" not in caller.leg.commands
    caller.operator.happens(Dtmf("1"))  # skips the whisper
    async with asyncio.timeout(3.0):
        while "summoned" not in caller.told:
            await asyncio.sleep(0.01)
    assert "stop_playback" in caller.operator.commands
    caller.steps_back.set_result(None)
    await step_is(queue, AttemptStep.JOINED)
    async with asyncio.timeout(3.0):
        while "joined" not in caller.told:
            await asyncio.sleep(0.01)
    assert caller.leg.commands[-1] == "bridge"
    assert caller.leg.headers == [{"User-to-User": "abc;encoding=hex", "Expires": "5"}]
    caller.operator.happens(hung_up())
    assert await task is AttemptOutcome.CONNECTED
    assert live.is_joined
    assert caller.told == ["ringing sip:anna@phones", "200", "summoned", "joined", "connected"]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (486, AttemptOutcome.OPERATOR_REFUSED),
        (603, AttemptOutcome.OPERATOR_REFUSED),
        (408, AttemptOutcome.OPERATOR_NO_ANSWER),
        (503, AttemptOutcome.OPERATOR_FAILED),
        (404, AttemptOutcome.OPERATOR_FAILED),
    ],
)
async def test_a_phone_that_has_rung_says_why_it_is_not_answered(queue, caller, status, outcome):
    _, task = await begun(queue, caller)
    caller.operator.happens(Ringing(180))
    caller.operator.happens(hung_up(status))
    assert await task is outcome
    assert "hang_up" in caller.operator.commands


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (408, AttemptOutcome.OPERATOR_UNREACHABLE),
        (500, AttemptOutcome.OPERATOR_UNREACHABLE),
        (503, AttemptOutcome.OPERATOR_UNREACHABLE),
        (404, AttemptOutcome.OPERATOR_FAILED),
        (486, AttemptOutcome.OPERATOR_REFUSED),
    ],
)
async def test_without_ringing_the_way_to_the_phone_may_be_broken(queue, caller, status, outcome):
    _, task = await begun(queue, caller)
    caller.operator.happens(hung_up(status))
    assert await task is outcome
    assert "hang_up" in caller.operator.commands


async def test_a_phone_that_only_rings_is_given_up(queue, caller):
    _, task = await begun(queue, caller)
    caller.operator.happens(Ringing(180))
    assert await task is AttemptOutcome.OPERATOR_NO_ANSWER
    assert "hang_up" in caller.operator.commands


async def test_a_leg_that_a_fault_of_ours_ended_blames_nobody(queue, caller):
    _, task = await begun(queue, caller)
    caller.operator.happens(Disconnected(HangupCause(487, "", HangupSide.STANDSTILL)))
    assert await task is AttemptOutcome.NODE_FAILED


async def test_an_operator_who_hangs_up_on_the_whisper_has_refused(queue, caller):
    _, task = await begun(queue, caller)
    caller.operator.happens(Answered("PCMA"))
    await step_is(queue, AttemptStep.OPERATOR_UP)
    caller.operator.happens(hung_up())
    assert await task is AttemptOutcome.OPERATOR_REFUSED
    assert "summoned" not in caller.told


@pytest.mark.parametrize("answers", [False, True])
async def test_a_caller_who_leaves_frees_the_operator_at_once(queue, caller, answers):
    _, task = await begun(queue, caller)
    await step_is(queue, AttemptStep.OPERATOR_DIALLED)
    if answers:
        caller.operator.happens(Answered("PCMA"))
        await step_is(queue, AttemptStep.OPERATOR_UP)
    caller.left.set_result(AttemptOutcome.CALLER_LEFT)
    assert await asyncio.wait_for(task, 1.0) is AttemptOutcome.CALLER_LEFT
    assert caller.operator.commands[-1] == "hang_up"
    assert caller.told[-1] == "caller_left"


async def test_a_contact_that_was_taken_away_is_not_joined(queue, caller):
    live, task = await begun(queue, caller)
    await step_is(queue, AttemptStep.OPERATOR_DIALLED)
    await queue.cancel(live.trio.contact.contact_id)
    caller.operator.happens(Answered("PCMA"))
    assert await task is AttemptOutcome.CALLER_LEFT
    assert "bridge" not in caller.leg.commands
    assert "hang_up" in caller.operator.commands


async def test_a_line_that_is_gone_without_a_word_is_lost(queue):
    _, task = await begun(queue, None)
    assert await task is AttemptOutcome.LOST


async def test_two_who_were_written_as_joined_but_never_were_are_not_served(queue, caller):
    caller.leg.bridge_fails = True
    caller.steps_back.set_result(None)
    live, task = await begun(queue, caller)
    caller.operator.happens(Answered("PCMA"))
    await step_is(queue, AttemptStep.OPERATOR_UP)
    caller.operator.happens(Dtmf("1"))
    outcome = await task
    assert outcome is AttemptOutcome.LOST
    ended = await queue.end(live.trio.attempt, outcome)
    assert ended.contact.end_reason == "lost"


async def test_a_second_cancelling_while_a_slow_worker_hangs_up_leaves_no_caller_waiting(
    queue, caller, monkeypatch
):
    hangs_up = asyncio.Event()

    async def slow(*, reason: str = "") -> None:
        hangs_up.set()
        await asyncio.sleep(0.3)

    monkeypatch.setattr(caller.operator, "hang_up", slow)
    _, task = await begun(queue, caller)
    await step_is(queue, AttemptStep.OPERATOR_DIALLED)
    task.cancel()
    await asyncio.wait_for(hangs_up.wait(), 1.0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert caller.told[-1] == "node_failed"


async def test_a_worker_without_a_free_leg_blames_no_operator(queue, caller):
    caller.leg.operator = None
    _, task = await begun(queue, caller)
    assert await task is AttemptOutcome.NODE_FAILED


async def test_a_conversation_is_known_for_as_long_as_it_lasts(queue, caller):
    talks = RunningTalks()
    _, task = await begun(queue, caller, talks)
    caller.operator.happens(Answered("PCMA"))
    await step_is(queue, AttemptStep.OPERATOR_UP)
    assert OperatorId("anna") not in talks
    caller.operator.happens(Dtmf("1"))
    caller.steps_back.set_result(None)
    async with asyncio.timeout(3.0):
        while OperatorId("anna") not in talks:
            await asyncio.sleep(0.01)
    caller.left.set_result(AttemptOutcome.CALLER_LEFT)
    assert await task is AttemptOutcome.CONNECTED
    assert OperatorId("anna") not in talks
