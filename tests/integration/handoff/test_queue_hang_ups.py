"""Somebody hangs up, or takes the promise back, at each point of a call back over real SIP.

Phones that are not wanted any more are let go within a second, and nothing is left behind: no leg,
no living attempt, no operator reserved.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.audio.tones import tone
from ivr.clock import SystemClock
from ivr.config import MediaSettings, Settings, SipSettings
from ivr.handoff.attempt import LiveAttempt
from ivr.handoff.calling_back import Answer, CallingBack, CustomerSide
from ivr.handoff.delivery import OperatorSide
from ivr.handoff.dispatcher import Dispatcher, DispatcherSettings
from ivr.media.pool import MediaPool
from ivr.queue.model import (
    AttemptMode,
    AttemptOutcome,
    AttemptStep,
    Contact,
    ContactId,
    ContactKind,
    ContactState,
    NodeId,
    Operator,
    OperatorId,
    OperatorState,
)
from ivr.queue.rules import QueueRules
from ivr.sip.leg import Disconnected, Dtmf, Leg
from ivr.softphone.caller import PhoneCall
from ivr.softphone.phone import Softphone
from ivr.speech.phrase import Phrase
from ivr.storage.queue_store import SqlQueueStore
from tests.acceptance.ear import level_at

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

WITHIN_S = 1.0
CUSTOMER = "9030000001"
WHISPER = tone(500, 0.8)
OPERATOR_FIRST, CUSTOMER_FIRST = AttemptMode.OPERATOR_FIRST, AttemptMode.CUSTOMER_FIRST


@dataclass
class Phones:
    """The service's user agent and two people."""

    pool: MediaPool
    operator: Softphone
    customer: Softphone


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def phones() -> AsyncIterator[Phones]:
    settings = Settings(
        sip=SipSettings(
            address="127.0.0.1", public_address="127.0.0.1", port=0, kamailio="off", srtp="off"
        ),
        media=MediaSettings(rtp_port=50000 + 40 * random.randrange(200)),
    )
    pool = MediaPool(settings, on_incoming=lambda _: None, worker_count=1)
    await pool.start()
    async with Softphone() as operator, Softphone() as customer:
        yield Phones(pool, operator, customer)
    await pool.aclose()


class Promise:
    """One promised call that a node is carrying out."""

    def __init__(self, queue: SqlQueueStore, phones: Phones) -> None:
        self.queue = queue
        self.phones = phones
        self.operator: PhoneCall | None = None
        self.customer: PhoneCall | None = None

    # ---- what the callbacks need

    async def identify(self, leg: Leg) -> Answer:
        while True:
            match await leg.next_event():
                case Dtmf():
                    return Answer.YES
                case Disconnected():
                    return Answer.GONE

    async def may_call(self, _contact: Contact) -> bool:
        return True

    def on_dialled(self, live: LiveAttempt, target: str) -> None:
        """Nothing to keep."""

    def on_status(self, live: LiveAttempt, status: int) -> None:
        """Nothing to keep."""

    async def on_joined(self, live: LiveAttempt, customer: Leg, operator: Leg) -> None:
        """Nothing to keep."""

    def on_over(self, live: LiveAttempt, outcome: AttemptOutcome) -> None:
        """Nothing to keep."""

    # ---- what people do

    async def operator_rings(self) -> None:
        self.operator = await self.phones.operator.next_incoming()
        await self.operator.__aenter__()
        await self.operator.leg.ring()

    async def operator_up(self) -> None:
        await self.operator_rings()
        assert self.operator is not None
        await self.operator.leg.answer()
        await self.step(AttemptStep.OPERATOR_UP)

    async def whisper_skipped(self) -> None:
        assert self.operator is not None
        await self.operator.answered()
        await self.operator.passed(0.2)
        await self.operator.press("5")

    async def customer_rings(self) -> None:
        self.customer = await self.phones.customer.next_incoming()
        await self.customer.__aenter__()
        await self.customer.leg.ring()

    async def customer_up(self) -> None:
        await self.customer_rings()
        assert self.customer is not None
        await self.customer.leg.answer()
        await self.step(AttemptStep.CUSTOMER_UP)

    async def customer_says_yes(self) -> None:
        assert self.customer is not None
        await self.customer.answered()
        await self.customer.passed(0.2)
        await self.customer.press("1")

    async def joined(self) -> None:
        await self.step(AttemptStep.JOINED)
        await asyncio.sleep(0.2)

    async def step(self, step: AttemptStep) -> None:
        """Until this is written."""
        async with asyncio.timeout(5.0):
            while [one.step for one in (await self.queue.snapshot()).attempts] != [step]:
                await asyncio.sleep(0.02)

    async def nothing_is_left(self) -> None:
        """Within the time in which phones have to be let go, and a little for the database."""
        async with asyncio.timeout(WITHIN_S + 1.0):
            while self.phones.pool.live_legs or (await self.queue.snapshot()).attempts:
                await asyncio.sleep(0.02)
        operator = await self.queue.operator(OperatorId("anna"))
        assert operator is not None
        assert operator.state is not OperatorState.RESERVED


@pytest_asyncio.fixture(loop_scope="module")
async def promise(
    request: pytest.FixtureRequest, tmp_path: Path, phones: Phones
) -> AsyncIterator[Promise]:
    """A promise whose first phone is about to be rung; the mode is the test's parameter."""
    rules = QueueRules(callback_mode=request.param, wrap_up_s=0.0)
    queue = await SqlQueueStore.open(f"sqlite:///{tmp_path}/queue.db", rules)
    made = Promise(queue, phones)
    await queue.save_operator(Operator(operator_id=OperatorId("anna"), target=phones.operator.uri))
    await queue.log_in(OperatorId("anna"))
    await queue.enqueue(
        Contact(
            contact_id=ContactId("c"),
            kind=ContactKind.CALLBACK,
            number=CUSTOMER,
            topic="operator",
            first_promised_at=1.0,
            place_at=1.0,
        )
    )
    node = Dispatcher(
        node=NodeId("here"),
        queue=queue,
        carry_out=_calling_back(made).run,
        callback_room=lambda: 1,
        clock=SystemClock(),
        settings=DispatcherSettings(poll_s=0.1, recover_s=0.2),
    )
    await node.start()
    running = asyncio.create_task(node.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await node.aclose()
    for call in (made.operator, made.customer):
        if call is not None:
            await call.__aexit__(None, None, None)
    await queue.aclose()


def _calling_back(promise: Promise) -> CallingBack:
    async def speak(_phrase: Phrase) -> bytes:
        return WHISPER

    async def dial(target: str, *, headers: dict[str, str], caller: str) -> Leg:
        return await promise.phones.pool.dial(target, headers=headers, caller=caller)

    operators = OperatorSide(
        ring_s=10.0,
        whispers=True,
        speak=speak,
        music=tone(300, 1.0),
        clock=SystemClock(),
        shortest_talk_s=600.0,  # who is joined here hangs up at the first word
    )
    customer = promise.phones.customer.uri.replace("sip:ivr@", "sip:{number}@")
    customers = CustomerSide(
        dial=dial,
        uri=lambda number: customer.replace("{number}", number),
        may_call=promise.may_call,
        identify=promise.identify,
        ring_s=10.0,
        caller="0611",
        listener=promise,
    )
    return CallingBack(operators, customers)


Point = Callable[[Promise], Awaitable[None]]


async def operator_rings(promise: Promise) -> None:
    await promise.operator_rings()


async def whispering(promise: Promise) -> None:
    await promise.operator_up()


async def customer_rings(promise: Promise) -> None:
    await promise.operator_up()
    await promise.whisper_skipped()
    await promise.customer_rings()


async def customer_is_asked(promise: Promise) -> None:
    await promise.operator_up()
    await promise.whisper_skipped()
    await promise.customer_up()


async def talking(promise: Promise) -> None:
    await customer_is_asked(promise)
    await promise.customer_says_yes()
    await promise.joined()


async def customer_rings_first(promise: Promise) -> None:
    await promise.customer_rings()


async def customer_is_asked_first(promise: Promise) -> None:
    await promise.customer_up()


async def operator_rings_second(promise: Promise) -> None:
    await promise.customer_up()
    await promise.customer_says_yes()
    await promise.operator_rings()


async def whispering_second(promise: Promise) -> None:
    await promise.customer_up()
    await promise.customer_says_yes()
    await promise.operator_up()


async def talking_second(promise: Promise) -> None:
    await whispering_second(promise)
    await promise.whisper_skipped()
    await promise.joined()


def at(mode: AttemptMode, *points: Point) -> list[object]:
    return [pytest.param(mode, point, id=point.__name__) for point in points]


@pytest.mark.parametrize(
    ("promise", "point"),
    [
        *at(OPERATOR_FIRST, whispering, customer_rings, customer_is_asked, talking),
        *at(CUSTOMER_FIRST, whispering_second, talking_second),
    ],
    indirect=["promise"],
)
async def test_the_operator_hangs_up(promise: Promise, point: Point):
    await point(promise)
    assert promise.operator is not None
    talked = [one.step for one in (await promise.queue.snapshot()).attempts] == [AttemptStep.JOINED]
    await promise.operator.hang_up()
    if promise.customer is not None:
        # Somebody who had picked up is told so: the sound lasts 0.8 s.
        await promise.customer.ended(WITHIN_S + 1.0)
        if talked:
            heard = promise.customer.listening.heard_between(0.0)
            assert level_at(heard[-16000:], 500) > 0.5
    await promise.nothing_is_left()
    contact = await promise.queue.contact(ContactId("c"))
    assert contact is not None
    assert (contact.state, contact.tries) == (ContactState.WAITING, 0)
    rung = promise.customer is not None
    assert contact.faults == rung
    assert (contact.due_at > time.time()) == rung  # and their phone does not ring at once
    assert not talked or contact.place_at == 1.0


@pytest.mark.parametrize(
    ("promise", "point"),
    [
        *at(OPERATOR_FIRST, customer_is_asked, talking),
        *at(CUSTOMER_FIRST, customer_is_asked_first, operator_rings_second),
        *at(CUSTOMER_FIRST, whispering_second, talking_second),
    ],
    indirect=["promise"],
)
async def test_the_customer_hangs_up(promise: Promise, point: Point):
    await point(promise)
    assert promise.customer is not None
    await promise.customer.hang_up()
    if promise.operator is not None:
        told_s = 1.0 if point is customer_is_asked else 0.0  # why there is nobody, in 0.8 s
        await promise.operator.ended(WITHIN_S + told_s)
    await promise.nothing_is_left()
    contact = await promise.queue.contact(ContactId("c"))
    assert contact is not None
    assert (contact.state, contact.tries) == (ContactState.WAITING, 1)


@pytest.mark.parametrize(
    ("promise", "point"),
    [
        *at(OPERATOR_FIRST, operator_rings, whispering, customer_rings, customer_is_asked),
        *at(CUSTOMER_FIRST, customer_rings_first, operator_rings_second, whispering_second),
    ],
    indirect=["promise"],
)
async def test_the_promise_is_taken_back(promise: Promise, point: Point):
    await point(promise)
    assert await promise.queue.cancel(ContactId("c"))
    for call in (promise.operator, promise.customer):
        if call is not None:
            await call.ended(WITHIN_S)
    await promise.nothing_is_left()
    contact = await promise.queue.contact(ContactId("c"))
    assert contact is not None
    assert contact.state is ContactState.CANCELLED
