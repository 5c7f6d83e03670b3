"""What the shared queue costs on a real database: each operation is a committed transaction."""

from collections.abc import Awaitable
from statistics import median, quantiles
from time import perf_counter, time
from typing import Final, TypeVar

import msgspec

from ivr.queue.model import AttemptOutcome, ContactKind, NodeId, OperatorId
from ivr.queue.ports import QueueStore
from ivr.queue.steps import STEPS
from ivr.queue.transitions import Trio
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.queue_values import NODE, RULES, a_contact, an_operator

WAITING: Final = 1000
"""Contacts that wait all the time."""
OPERATORS: Final = 20

Value = TypeVar("Value")


class StoreRate(msgspec.Struct, frozen=True, kw_only=True):
    """One node, one operation after the other, wall-clock time."""

    name: str
    contacts: int
    waiting: int
    enqueue_p50_ms: float
    enqueue_p99_ms: float
    assign_p50_ms: float
    assign_p99_ms: float
    enqueue_assign: float
    """Cycles a second."""
    whole_life: float
    """With claim, every step, joining and end."""


class WallWatch:
    """Seconds that awaiting took."""

    def __init__(self) -> None:
        self.times: list[float] = []

    async def time(self, operation: Awaitable[Value]) -> Value:
        """Await it and note how long it took."""
        begun = perf_counter()
        result = await operation
        self.times.append(perf_counter() - begun)
        return result

    def p50_ms(self) -> float:
        return median(self.times) * 1000.0

    def p99_ms(self) -> float:
        return quantiles(self.times, n=100)[-1] * 1000.0


async def store_rate(name: str, url: str, contacts: int) -> StoreRate:
    """The same cycle as in memory: one comes, one operator becomes free and takes the first."""
    store = await SqlQueueStore.open(url, RULES)
    try:
        return await _measured(name, store, contacts)
    finally:
        await store.aclose()


async def _measured(name: str, store: QueueStore, contacts: int) -> StoreRate:
    for number in range(WAITING):
        await _enqueue(store, number)
    for number in range(OPERATORS):
        operator_id = OperatorId(f"operator-{number:03}")
        await store.save_operator(an_operator(operator_id))
        await store.log_in(operator_id)
    await store.renew(NODE)
    held = list(await store.assign(NODE, OPERATORS))
    entering, assigning, living = WallWatch(), WallWatch(), WallWatch()
    for number in range(WAITING, WAITING + contacts):
        await store.renew(NODE)  # every few seconds in a service; not measured
        await living.time(_live(store, held.pop(0)))
        await entering.time(_enqueue(store, number))
        held += await assigning.time(store.assign(NODE, OPERATORS))
    cycle_s = sum(entering.times) + sum(assigning.times)
    return StoreRate(
        name=name,
        contacts=contacts,
        waiting=(await store.snapshot()).waiting_count,
        enqueue_p50_ms=entering.p50_ms(),
        enqueue_p99_ms=entering.p99_ms(),
        assign_p50_ms=assigning.p50_ms(),
        assign_p99_ms=assigning.p99_ms(),
        enqueue_assign=contacts / cycle_s,
        whole_life=contacts / (cycle_s + sum(living.times)),
    )


async def _enqueue(store: QueueStore, number: int) -> None:
    callback = number % 3 == 0
    await store.enqueue(
        a_contact(
            f"contact-{number:08}",
            time(),
            ContactKind.CALLBACK if callback else ContactKind.CALL,
            number=f"9{number:09}",
            node=NodeId("") if callback else NODE,
        )
    )


async def _live(store: QueueStore, trio: Trio) -> None:
    """An attempt that succeeds, and its operator ready for the next."""
    claimed = await store.claim(trio.attempt)
    assert claimed is not None
    attempt = claimed.attempt
    for step in STEPS[attempt.mode]:
        moved = await store.advance(attempt, step)
        assert moved is not None
        attempt = moved
    joined = await store.join(attempt)
    assert joined is not None
    await store.end(joined, AttemptOutcome.CONNECTED)
    await store.wrap_up_over(attempt.operator_id)
