"""A service with a queue, operators' phones, and what the queue's database says."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from ivr.audio.tones import tone
from ivr.queue.events import What
from ivr.queue.model import (
    DEFAULT_SKILL,
    Contact,
    ContactId,
    ContactKind,
    ContactState,
    Operator,
    OperatorId,
    OperatorState,
)
from ivr.softphone.caller import PhoneCall
from ivr.softphone.phone import Softphone
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.raw_phone import RawPhone
from ivr.testing.service import ServiceProcess
from tests.acceptance.ear import level_at
from tests.acceptance.support import FAST

QUICK = {
    **FAST,
    "IVR_QUEUE__WRAP_UP_S": 0,
    "IVR_QUEUE__RING_S": 4,
    "IVR_QUEUE__HANDLING_S": 0,
    "IVR_CALLBACK__FROM_HOUR": "00:00",
    "IVR_CALLBACK__TO_HOUR": "00:00",
    "IVR_CALLBACK__RING_S": 8,
    "IVR_CALLBACK__BUSY_RETRY_S": 1,
    "IVR_CALLBACK__NO_ANSWER_RETRY_S": 1,
    "IVR_MEDIA__WORKERS": 3,
}
LET_GO_S = 1.0
"""A phone that is not wanted any more stops ringing within this time."""


class Queue:
    """The queue's database of a service under test."""

    def __init__(self, store: SqlQueueStore) -> None:
        self.store = store

    async def on_duty(self, name: str, phone: Softphone, skill: str = DEFAULT_SKILL) -> OperatorId:
        """An operator who is free, at this phone."""
        operator_id = OperatorId(name)
        target = phone.uri.replace("sip:ivr@", f"sip:{name}@")
        await self.store.save_operator(
            Operator(operator_id=operator_id, name=name, target=target, skills={skill: 1})
        )
        await self.store.log_in(operator_id)
        return operator_id

    async def promise(self, number: str, *, ago_s: float = 0.0, slot_at: float = 0.0) -> Contact:
        """A call back, asked for so long ago, perhaps for a booked time."""
        at = time.time() - ago_s
        enqueued = await self.store.enqueue(
            Contact(
                contact_id=ContactId(uuid4().hex),
                kind=ContactKind.CALLBACK,
                number=number,
                topic="callback",
                first_promised_at=at,
                place_at=slot_at or at,
                due_at=slot_at,
            )
        )
        return enqueued.contact

    async def is_left_by(self, *names: str) -> None:
        """The end of a test: they log out, what is owed is taken back, and nothing is stuck."""
        await self.off_duty(*names)
        async with asyncio.timeout(10.0):
            while (seen := await self.store.snapshot()).waiting or seen.attempts:
                owed = (*seen.waiting, *seen.attempts)
                for contact_id in {one.contact_id for one in owed}:
                    await self.store.cancel(contact_id)
                await asyncio.sleep(0.05)
        for name in names:
            await self.has_state(name, OperatorState.OFFLINE)

    async def off_duty(self, *names: str) -> None:
        for name in names:
            await self.store.log_out(OperatorId(name))

    async def has_state(self, name: str, state: OperatorState, timeout_s: float = 5.0) -> None:
        """Until the operator is in this state."""
        for _ in range(round(timeout_s / 0.05)):
            operator = await self.store.operator(OperatorId(name))
            assert operator is not None
            if operator.state is state:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{name} is {operator.state}")

    async def contacts_of(self, number: str) -> tuple[Contact, ...]:
        return await self.store.open_contacts(number)

    async def waits(self, number: str, timeout_s: float = 10.0, **fields: Any) -> Contact:
        """Until somebody with this number is owed something that looks like this."""
        for _ in range(round(timeout_s / 0.05)):
            for contact in await self.contacts_of(number):
                if all(getattr(contact, name) == value for name, value in fields.items()):
                    return contact
            await asyncio.sleep(0.05)
        raise AssertionError(f"{number} does not wait: {await self.contacts_of(number)}")

    async def steps_of(self, contact: Contact) -> list[str]:
        """What its attempts have come to, in order, of all of them."""
        return [
            str(event.values["step"])
            for event in await self.store.events()
            if event.what is What.STEP and event.contact_id == contact.contact_id
        ]

    async def is_over(self, contact: Contact, timeout_s: float = 10.0) -> ContactState:
        """Until nothing is owed any more; how it ended."""
        for _ in range(round(timeout_s / 0.05)):
            now = await self.store.contact(contact.contact_id)
            assert now is not None
            if not now.is_live:
                return now.state
            await asyncio.sleep(0.05)
        raise AssertionError("the contact is still owed something")


@asynccontextmanager
async def queue_of(folder: Path) -> AsyncIterator[Queue]:
    """The queue's database in this folder, with the service running or not."""
    store = await SqlQueueStore.open(f"sqlite:///{folder}/queue.db")
    try:
        yield Queue(store)
    finally:
        await store.aclose()


def zone_at(hour: int) -> str:
    """A time zone where it is this hour now: tests choose day or night."""
    east = (hour - datetime.now(UTC).hour + 11) % 24 - 11
    return f"Etc/GMT{-east:+d}"


def service_with_queue(
    folder: Path, customer: Softphone | RawPhone, **overrides: object
) -> ServiceProcess:
    """A service that keeps its queue in this folder; every customer is at one phone."""
    address = customer.uri.partition("@")[2]
    customers = {"IVR_CALLBACK__CUSTOMER_URI": f"sip:{{number}}@{address}"}
    return ServiceProcess(folder, **{**QUICK, **customers, **overrides})


# ---- what people do with their phones


async def wait_in_line(call: PhoneCall) -> None:
    """Ask for an operator by key, over the greeting."""
    await call.answered()
    await call.passed(0.5)
    await call.press("0")


async def says_yes(call: PhoneCall) -> None:
    """Whatever is asked, until cancelled: «Перезвонить?», «По этому номеру?», «Сейчас?»."""
    while True:
        await call.prompt_heard(quiet_s=1.2)
        await call.press("1")


async def picked_up(phone: Softphone, within_s: float = 15.0) -> PhoneCall:
    """The next call, answered; enter it as a context manager."""
    incoming = await phone.next_incoming(within_s)
    await incoming.leg.ring()
    await incoming.leg.answer()
    return incoming


async def past_whisper(operator: PhoneCall) -> None:
    await operator.answered()
    await operator.passed(0.3)
    await operator.press("5")


def caller_of(incoming: PhoneCall) -> str:
    return incoming.leg.identity.ani


def called(incoming: PhoneCall) -> str:
    """The number that was dialled."""
    return incoming.leg.identity.dnis


async def hear_each_other(one: PhoneCall, other: PhoneCall) -> bool:
    began = one.listening.now_s, other.listening.now_s
    one.leg.play(tone(600, 2.0))
    other.leg.play(tone(1100, 2.0))
    await other.passed(2.3)
    first = level_at(one.listening.heard_between(began[0] + 0.7)[:16000], 1100)
    second = level_at(other.listening.heard_between(began[1] + 0.7)[:16000], 600)
    return first > 0.8 and second > 0.8


async def talk_to_the_end(
    queue: Queue, contact: Contact, call: PhoneCall, operator: PhoneCall
) -> None:
    """Past the whisper both hear each other, the operator hangs up, nothing is owed any more."""
    await past_whisper(operator)
    await queue.waits(contact.number, state=ContactState.CONNECTED)
    assert await hear_each_other(call, operator)
    await operator.hang_up()
    await call.ended(LET_GO_S)
    assert await queue.is_over(contact) is ContactState.DONE
