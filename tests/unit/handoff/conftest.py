"""A queue in a file, operators and customers on fake legs, and a node that works on it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ivr.clock import SystemClock
from ivr.handoff.dispatcher import Dispatcher, DispatcherSettings
from ivr.queue.model import (
    Attempt,
    Contact,
    ContactId,
    ContactKind,
    ContactState,
    NodeId,
    Operator,
    OperatorId,
)
from ivr.queue.rules import QueueRules
from ivr.storage.queue_store import SqlQueueStore

NODE = NodeId("here")


@pytest_asyncio.fixture
async def queue(tmp_path: Path) -> AsyncIterator[SqlQueueStore]:
    store = await SqlQueueStore.open(
        f"sqlite:///{tmp_path}/queue.db", QueueRules(wrap_up_s=0.0, lease_s=3.0)
    )
    yield store
    await store.aclose()


async def on_duty(queue: SqlQueueStore, name: str = "anna") -> OperatorId:
    operator_id = OperatorId(name)
    await queue.save_operator(Operator(operator_id=operator_id, target=f"sip:{name}@phones"))
    await queue.log_in(operator_id)
    return operator_id


async def waits(queue: SqlQueueStore, name: str = "c1", **fields: Any) -> Contact:
    contact = Contact(
        **{
            "contact_id": ContactId(name),
            "kind": ContactKind.CALLBACK,
            "number": "9030000001",
            "topic": "operator",
            "first_promised_at": 1.0,
            "place_at": 1.0,
            "handoff_id": "abc",
            **fields,
        }
    )
    return (await queue.enqueue(contact)).contact


async def contact_is(queue: SqlQueueStore, state: ContactState, name: str = "c1") -> Contact:
    """Until the contact is in this state."""
    async with asyncio.timeout(5.0):
        while True:
            contact = await queue.contact(ContactId(name))
            if contact is not None and contact.state is state:
                return contact
            await asyncio.sleep(0.01)


async def attempts_of(queue: SqlQueueStore) -> tuple[Attempt, ...]:
    return tuple((await queue.snapshot()).attempts)


@pytest.fixture
def node(queue: SqlQueueStore) -> Callable[..., Dispatcher]:
    """A dispatcher that has not been started."""

    def made(carry_out: Any, **fields: Any) -> Dispatcher:
        return Dispatcher(
            **{
                "node": NODE,
                "queue": queue,
                "carry_out": carry_out,
                "callback_room": lambda: 4,
                "clock": SystemClock(),
                "settings": DispatcherSettings(poll_s=0.05, recover_s=0.1),
                **fields,
            }
        )

    return made
