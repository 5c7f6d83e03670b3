"""A queue in a real database whose clock the test turns: contacts come, talk, are called back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

from ivr.queue.model import (
    Attempt,
    AttemptMode,
    AttemptOutcome,
    ContactId,
    ContactKind,
    NodeId,
    OperatorId,
)
from ivr.queue.rules import QueueRules
from ivr.queue.steps import STEPS
from ivr.queue.transitions import Trio
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.queue_values import a_contact, an_operator

NODE: Final = NodeId("node-a")


class QueueLife:
    """What happens in a queue, in few words; `now` is the database's clock."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.store: SqlQueueStore

    def clock(self, _db: object) -> float:
        return self.now

    async def operator(self, name: str, *skills: str, on_duty: bool = True) -> None:
        """Known, and logged in."""
        levels = dict.fromkeys(skills or ["general"], 1)
        wanted = replace(an_operator(name, skills=levels), name=name.title())
        await self.store.save_operator(wanted)
        if on_duty:
            await self.store.log_in(OperatorId(name))

    async def call(self, name: str, number: str = "9030000001", **fields: Any) -> ContactId:
        """Somebody waits on the line."""
        contact = a_contact(name, self.now, number=number, node=NODE, **fields)
        await self.store.renew(NODE)
        return (await self.store.enqueue(contact)).contact.contact_id

    async def callback(
        self, name: str, number: str = "9030000002", *, slot_at: float = 0.0, **fields: Any
    ) -> ContactId:
        """Somebody hung up and is owed a call."""
        kind = ContactKind.CALLBACK
        contact = a_contact(name, self.now, kind, number=number, **fields)
        if slot_at:
            contact = replace(contact, place_at=slot_at, due_at=slot_at)
        return (await self.store.enqueue(contact)).contact.contact_id

    async def assign(self) -> tuple[Trio, ...]:
        """Whoever can be served gets an operator."""
        await self.store.renew(NODE)
        return await self.store.assign(NODE, callbacks=10)

    async def join(self, trio: Trio) -> Attempt:
        """The attempt, step by step, until contact and operator talk."""
        await self.store.renew(NODE)
        claimed = await self.store.claim(trio.attempt)
        assert claimed is not None
        attempt: Attempt | None = claimed.attempt
        for step in STEPS[trio.attempt.mode]:
            assert attempt is not None
            attempt = await self.store.advance(attempt, step)
        assert attempt is not None
        joined = await self.store.join(attempt)
        assert joined is not None
        return joined

    async def fail(self, trio: Trio, outcome: AttemptOutcome) -> None:
        """The attempt comes to nothing; the customer was dialled where the outcome says so."""
        await self.store.renew(NODE)
        claimed = await self.store.claim(trio.attempt)
        assert claimed is not None
        attempt = claimed.attempt
        dialled = outcome.value.startswith("customer") or outcome is AttemptOutcome.TRUNK_FAILED
        if trio.attempt.mode is not AttemptMode.DELIVERY and dialled:
            for step in STEPS[trio.attempt.mode][:3]:
                moved = await self.store.advance(attempt, step)
                assert moved is not None
                attempt = moved
        assert await self.store.end(attempt, outcome) is not None


@asynccontextmanager
async def queue_life(
    url: str, now: float, rules: QueueRules | None = None
) -> AsyncIterator[QueueLife]:
    """A queue of its own within the block."""
    life = QueueLife(now)
    life.store = await SqlQueueStore.open(url, rules, now=life.clock)
    try:
        yield life
    finally:
        await life.store.aclose()
