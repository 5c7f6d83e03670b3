"""A promised call on fake legs: who is rung when, and what the attempt comes to."""

import asyncio
from typing import Any

import pytest

from ivr.clock import SystemClock
from ivr.errors import SipError
from ivr.handoff.attempt import LiveAttempt
from ivr.handoff.calling_back import Answer, CallingBack, CustomerSide
from ivr.handoff.delivery import OperatorSide
from ivr.handoff.running_talks import RunningTalks
from ivr.queue.model import AttemptMode, AttemptOutcome, AttemptStep, Contact, OperatorId
from ivr.queue.rules import QueueRules
from ivr.sip.causes import HangupCause, HangupSide
from ivr.sip.leg import Answered, Disconnected, Dtmf, Leg, Ringing
from ivr.speech.phrase import FreeText, Phrase
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.legs import FakeLeg
from tests.unit.handoff.conftest import NODE, attempts_of, on_duty, waits

pytestmark = [pytest.mark.unit, pytest.mark.asyncio]


class Stage:
    """Both phones, and a customer who answers as told."""

    def __init__(self, queue: SqlQueueStore) -> None:
        self.queue = queue
        self.first, self.second = FakeLeg(), FakeLeg()
        self.first.operator = self.second
        self.dialled: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.allowed = True
        self.full = False
        self.answer: asyncio.Future[Answer] = asyncio.Future()
        self.outcomes: list[AttemptOutcome] = []
        self.joined = asyncio.Event()
        self.talks = RunningTalks()
        self.shortest_talk_s = 0.0
        self.calls_again = True
        self.spoken: list[str] = []

    # ---- `Dial`, the customer, `CallbackListener`

    async def dial(self, target: str, *, headers: dict[str, str], caller: str) -> Leg:
        if self.full:
            raise SipError("no_place", "no place for another call")
        self.dialled.append(target)
        self.headers.append(headers)
        return self.first

    async def may_call(self, _contact: Contact) -> bool:
        return self.allowed

    async def identify(self, _leg: Leg) -> Answer:
        return await asyncio.shield(self.answer)

    def on_dialled(self, live: LiveAttempt, target: str) -> None:
        self.dialled.append(target)

    def on_status(self, live: LiveAttempt, status: int) -> None:
        """Nothing to keep."""

    async def on_joined(self, live: LiveAttempt, customer: Leg, operator: Leg) -> None:
        self.joined.set()

    def on_over(self, live: LiveAttempt, outcome: AttemptOutcome) -> None:
        self.outcomes.append(outcome)

    # ---- the test's side

    async def begin(self) -> "asyncio.Task[AttemptOutcome]":
        await on_duty(self.queue)
        await waits(self.queue)
        await self.queue.renew(NODE)
        (trio,) = await self.queue.assign(NODE, 1)
        live = LiveAttempt(self.queue, trio, may_act=lambda: True)
        await live.claim()
        return asyncio.create_task(self._calling_back().run(live))

    async def step(self, step: AttemptStep) -> None:
        """Until this step is written."""
        async with asyncio.timeout(3.0):
            while [one.step for one in await attempts_of(self.queue)] != [step]:
                await asyncio.sleep(0.01)

    async def second_dialled(self) -> None:
        """Until the second of the two phones is rung."""
        async with asyncio.timeout(3.0):
            while not self.first.headers:
                await asyncio.sleep(0.01)

    def _calling_back(self) -> CallingBack:
        async def speak(phrase: Phrase) -> bytes:
            self.spoken += [part.text for part in phrase if isinstance(part, FreeText)]
            return bytes(320)

        operators = OperatorSide(
            ring_s=0.4,
            whispers=True,
            speak=speak,
            music=b"",
            clock=SystemClock(),
            shortest_talk_s=self.shortest_talk_s,
            talks=self.talks,
        )
        customers = CustomerSide(
            dial=self.dial,
            uri=lambda number: f"sip:{number}@trunk",
            may_call=self.may_call,
            identify=self.identify,
            ring_s=0.4,
            caller="0611",
            listener=self,
            calls_again=lambda _: self.calls_again,
        )
        return CallingBack(operators, customers)


def picks_up(leg: FakeLeg) -> None:
    leg.happens(Answered("PCMA"))


def hangs_up(leg: FakeLeg, status: int = 200) -> None:
    leg.happens(Disconnected(HangupCause(status, "", HangupSide.REMOTE)))


@pytest.fixture
def stage(queue: SqlQueueStore) -> Stage:
    return Stage(queue)


@pytest.fixture
async def customer_first(tmp_path: Any) -> Any:
    rules = QueueRules(callback_mode=AttemptMode.CUSTOMER_FIRST)
    store = await SqlQueueStore.open(f"sqlite:///{tmp_path}/customer_first.db", rules)
    yield Stage(store)
    await store.aclose()


async def to_customer(stage: Stage) -> None:
    """The operator has picked up and skipped the whisper; the customer's phone is being rung."""
    await stage.step(AttemptStep.OPERATOR_DIALLED)
    picks_up(stage.first)
    await stage.step(AttemptStep.OPERATOR_UP)
    stage.first.happens(Dtmf("1"))
    await stage.step(AttemptStep.CUSTOMER_DIALLED)


async def test_both_phones_are_told_when_to_stop_ringing_by_themselves(stage):
    task = await stage.begin()
    await to_customer(stage)
    await stage.second_dialled()
    assert [sent["Expires"] for sent in stage.headers + stage.first.headers] == ["5", "5"]
    hangs_up(stage.second, 486)
    await task


async def test_the_customer_is_rung_only_once_the_operator_is_there(stage):
    task = await stage.begin()
    await stage.step(AttemptStep.OPERATOR_DIALLED)
    assert "sip:9030000001@trunk" not in stage.dialled
    picks_up(stage.first)
    await stage.step(AttemptStep.OPERATOR_UP)
    stage.first.happens(Dtmf("1"))
    await stage.step(AttemptStep.CUSTOMER_DIALLED)
    picks_up(stage.second)
    await stage.step(AttemptStep.CUSTOMER_UP)
    assert "bridge" not in stage.second.commands
    stage.answer.set_result(Answer.YES)
    await asyncio.wait_for(stage.joined.wait(), 3.0)
    assert "bridge" in stage.second.commands
    assert OperatorId("anna") in stage.talks
    hangs_up(stage.second)
    assert await task is AttemptOutcome.CONNECTED
    assert OperatorId("anna") not in stage.talks
    assert "hang_up" in stage.first.commands


@pytest.mark.parametrize(
    ("shortest_s", "who", "outcome"),
    [
        (600.0, "first", AttemptOutcome.OPERATOR_REFUSED),
        (600.0, "second", AttemptOutcome.CALLER_LEFT),
        (0.0, "first", AttemptOutcome.CONNECTED),
    ],
)
async def test_who_leaves_before_the_first_word_has_not_talked(stage, shortest_s, who, outcome):
    stage.shortest_talk_s = shortest_s
    task = await stage.begin()
    await to_customer(stage)
    picks_up(stage.second)
    stage.answer.set_result(Answer.YES)
    await asyncio.wait_for(stage.joined.wait(), 3.0)
    hangs_up(getattr(stage, who))
    assert await task is outcome
    told = [command for command in stage.second.commands if command.startswith("play")]
    assert bool(told) == (outcome is AttemptOutcome.OPERATOR_REFUSED)  # that we call again


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (486, AttemptOutcome.CUSTOMER_BUSY),
        (600, AttemptOutcome.CUSTOMER_BUSY),
        (603, AttemptOutcome.CUSTOMER_BUSY),
        (480, AttemptOutcome.CUSTOMER_NO_ANSWER),
        (408, AttemptOutcome.CUSTOMER_NO_ANSWER),
        (404, AttemptOutcome.CUSTOMER_FAILED),
        (604, AttemptOutcome.CUSTOMER_FAILED),
        (403, AttemptOutcome.TRUNK_FAILED),
        (503, AttemptOutcome.TRUNK_FAILED),
    ],
)
async def test_what_the_network_says_of_the_customer(stage, status, outcome):
    task = await stage.begin()
    await to_customer(stage)
    hangs_up(stage.second, status)
    hangs_up(stage.first)
    assert await task is outcome
    assert stage.outcomes == [outcome]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer.MACHINE, AttemptOutcome.CUSTOMER_VOICEMAIL),
        (Answer.SILENT, AttemptOutcome.CUSTOMER_NO_ANSWER),
        (Answer.LATER, AttemptOutcome.CUSTOMER_LATER),
        (Answer.CANCEL, AttemptOutcome.CUSTOMER_REFUSED),
        (Answer.GONE, AttemptOutcome.CALLER_LEFT),
    ],
)
async def test_nobody_is_joined_who_did_not_say_yes(stage, answer, outcome):
    task = await stage.begin()
    await to_customer(stage)
    picks_up(stage.second)
    stage.answer.set_result(answer)
    await asyncio.sleep(0.1)
    hangs_up(stage.first)
    assert await task is outcome
    assert "bridge" not in stage.second.commands
    assert "hang_up" in stage.second.commands


@pytest.mark.parametrize("again", [True, False])
async def test_an_operator_who_leaves_while_the_customer_is_asked_has_refused(stage, again):
    stage.calls_again = again
    task = await stage.begin()
    await to_customer(stage)
    picks_up(stage.second)
    await stage.step(AttemptStep.CUSTOMER_UP)
    hangs_up(stage.first)
    await asyncio.sleep(0.05)
    hangs_up(stage.second)
    assert await task is AttemptOutcome.OPERATOR_REFUSED
    assert "play 160" in stage.second.commands  # an apology
    assert "Извините, оператор не ответил." in stage.spoken
    assert ("Мы перезвоним вам ещё раз." in stage.spoken) == again  # nothing that is not kept


async def test_a_phone_that_only_rings_stops_when_the_operator_leaves(stage):
    task = await stage.begin()
    await to_customer(stage)
    hangs_up(stage.first)
    assert await asyncio.wait_for(task, 1.0) is AttemptOutcome.OPERATOR_REFUSED
    assert "hang_up" in stage.second.commands
    assert not any(command.startswith("play") for command in stage.second.commands)


async def test_an_operator_who_does_not_pick_up_costs_the_customer_nothing(stage):
    task = await stage.begin()
    await stage.step(AttemptStep.OPERATOR_DIALLED)
    stage.first.happens(Ringing(180))
    assert await task is AttemptOutcome.OPERATOR_NO_ANSWER
    assert stage.dialled == ["sip:anna@phones"]


async def test_an_operator_whose_leg_a_fault_of_ours_ended_has_not_refused(stage):
    task = await stage.begin()
    await to_customer(stage)
    stage.first.happens(Disconnected(HangupCause(200, "", HangupSide.STANDSTILL)))
    assert await task is AttemptOutcome.NODE_FAILED
    assert "hang_up" in stage.second.commands


async def test_a_number_that_is_not_allowed_is_never_dialled(stage):
    stage.allowed = False
    task = await stage.begin()
    assert await task is AttemptOutcome.NOT_ALLOWED
    assert not stage.dialled


async def test_a_node_without_a_place_blames_nobody(stage):
    stage.full = True
    task = await stage.begin()
    assert await task is AttemptOutcome.NODE_FAILED


async def test_two_who_were_written_as_joined_but_never_were_are_not_served(stage):
    stage.first.bridge_fails = stage.second.bridge_fails = True
    task = await stage.begin()
    await to_customer(stage)
    picks_up(stage.second)
    stage.answer.set_result(Answer.YES)
    assert await task is AttemptOutcome.LOST
    assert stage.outcomes == [AttemptOutcome.LOST]


async def test_cancelling_releases_both_phones(stage):
    task = await stage.begin()
    await to_customer(stage)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert "hang_up" in stage.first.commands
    assert "hang_up" in stage.second.commands


async def test_customer_first_spares_the_operator_until_somebody_is_there(customer_first):
    stage = customer_first
    task = await stage.begin()
    await stage.step(AttemptStep.CUSTOMER_DIALLED)
    picks_up(stage.first)
    await stage.step(AttemptStep.CUSTOMER_UP)
    assert "dial sip:anna@phones" not in stage.first.commands
    stage.answer.set_result(Answer.YES)
    await stage.step(AttemptStep.IDENTIFIED)
    stage.first.happens(Dtmf("1"))
    await stage.step(AttemptStep.OPERATOR_DIALLED)
    picks_up(stage.second)
    await stage.step(AttemptStep.OPERATOR_UP)
    stage.second.happens(Dtmf("1"))
    await asyncio.wait_for(stage.joined.wait(), 3.0)
    hangs_up(stage.second)
    assert await task is AttemptOutcome.CONNECTED


async def test_customer_first_who_leaves_while_the_operator_rings_frees_the_operator(
    customer_first,
):
    stage = customer_first
    task = await stage.begin()
    await stage.step(AttemptStep.CUSTOMER_DIALLED)
    picks_up(stage.first)
    stage.answer.set_result(Answer.YES)
    await stage.step(AttemptStep.IDENTIFIED)
    stage.first.happens(Dtmf("1"))
    await stage.step(AttemptStep.OPERATOR_DIALLED)
    hangs_up(stage.first)
    assert await asyncio.wait_for(task, 1.0) is AttemptOutcome.CALLER_LEFT
    assert "hang_up" in stage.second.commands
