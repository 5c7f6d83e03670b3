"""A service with a queue, operators' phones, and what the queue's database says."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from ivr.queue.model import (
    Contact,
    ContactId,
    ContactKind,
    ContactState,
    Operator,
    OperatorId,
    OperatorState,
)
from ivr.softphone.phone import Softphone
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.raw_phone import RawPhone
from ivr.testing.service import ServiceProcess
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


class Queue:
    """The queue's database of a service under test."""

    def __init__(self, store: SqlQueueStore) -> None:
        self.store = store

    async def on_duty(self, name: str, phone: Softphone) -> OperatorId:
        """An operator who is free, at this phone."""
        operator_id = OperatorId(name)
        target = phone.uri.replace("sip:ivr@", f"sip:{name}@")
        await self.store.save_operator(Operator(operator_id=operator_id, name=name, target=target))
        await self.store.log_in(operator_id)
        return operator_id

    async def promise(self, number: str, *, ago_s: float = 0.0) -> Contact:
        """A call back, asked for so long ago."""
        at = time.time() - ago_s
        enqueued = await self.store.enqueue(
            Contact(
                contact_id=ContactId(uuid4().hex),
                kind=ContactKind.CALLBACK,
                number=number,
                topic="callback",
                first_promised_at=at,
                place_at=at,
            )
        )
        return enqueued.contact

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

    async def has_promise(self, number: str) -> bool:
        """Whether this number will be called."""
        return any(contact.promised for contact in await self.contacts_of(number))

    async def waits(self, number: str, timeout_s: float = 10.0, **fields: Any) -> Contact:
        """Until somebody with this number is owed something that looks like this."""
        for _ in range(round(timeout_s / 0.05)):
            for contact in await self.contacts_of(number):
                if all(getattr(contact, name) == value for name, value in fields.items()):
                    return contact
            await asyncio.sleep(0.05)
        raise AssertionError(f"{number} does not wait: {await self.contacts_of(number)}")

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


def service_with_queue(
    folder: Path, customer: Softphone | RawPhone, **overrides: object
) -> ServiceProcess:
    """A service that keeps its queue in this folder; every customer is at one phone."""
    address = customer.uri.partition("@")[2]
    customers = {"IVR_CALLBACK__CUSTOMER_URI": f"sip:{{number}}@{address}"}
    return ServiceProcess(folder, **{**QUICK, **customers, **overrides})
