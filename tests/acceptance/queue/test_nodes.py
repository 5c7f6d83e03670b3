"""Two services that share one queue, over real SIP: nobody is dialled or counted twice."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ivr.handoff.transfer import SHORTEST_TALK_S
from ivr.queue.model import ContactState, OperatorState
from ivr.softphone.phone import Softphone
from ivr.testing.service import ServiceProcess
from tests.acceptance.queue.support import (
    Queue,
    called,
    caller_of,
    past_whisper,
    picked_up,
    service_with_queue,
)
from tests.acceptance.support import Records

OPERATORS = ("anna", "boris", "vera")
"""All of them at one phone, which has several lines."""
PROMISED = ("9160000001", "9160000002", "9160000003")
LEASE_S, GRACE_S = 3.0, 1.0
RULES = {
    "IVR_CALLBACK__MODE": "customer_first",
    "IVR_CALLBACK__FAILED_RETRY_S": 1,
    "IVR_QUEUE__LEASE_S": LEASE_S,
    "IVR_QUEUE__LEASE_GRACE_S": GRACE_S,
    "IVR_MEDIA__WORKERS": 2,
}


@pytest_asyncio.fixture(loop_scope="session")
async def queue(
    nodes: tuple[ServiceProcess, ...], shared: Queue, anna: Softphone
) -> AsyncIterator[Queue]:
    """Of both services; nobody is on duty at first."""
    for name in OPERATORS:
        await shared.on_duty(name, anna)
    await shared.off_duty(*OPERATORS)
    yield shared
    await shared.is_left_by(*OPERATORS)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def nodes(
    folder: Path, shared: Queue, customer: Softphone
) -> AsyncIterator[tuple[ServiceProcess, ...]]:
    """Two services, each with records and processes of its own."""
    database = f"sqlite:///{folder}/queue.db"
    made = [
        service_with_queue(
            folder / name,
            customer,
            **{**RULES, "IVR_QUEUE__DATABASE": database, "IVR_QUEUE__NODE": name},
        )
        for name in ("one", "two")
    ]
    await asyncio.gather(*(one.start() for one in made))
    yield tuple(made)
    await asyncio.gather(*(one.stop() for one in made))


async def figures(service: ServiceProcess) -> dict[str, Any]:
    """What this service tells of the whole queue's promises."""
    return dict((await Records(service).get("/queue/figures"))["total"]["promises"])


async def counters(service: ServiceProcess) -> dict[str, float]:
    """The queue's counters as Prometheus scrapes them."""
    lines = (await Records(service).text("/metrics")).splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line.startswith("ivr_queue_"))
    return {name: float(value) for name, value in pairs if "_total{" in name}


async def says_yes(customer: Softphone) -> str:
    """One customer picks up, wants to talk, and does until the operator hangs up; the number."""
    async with await picked_up(customer, 45.0) as call:
        await call.answered()
        await call.passed(0.5)
        await call.press("1")
        await call.ended(60.0)
        return called(call)


async def talks(queue: Queue, anna: Softphone) -> str:
    """One operator picks up and talks; whom with."""
    async with await anna.next_incoming(45.0) as operator:
        await operator.leg.answer()
        await past_whisper(operator)
        await queue.waits(caller_of(operator), state=ContactState.CONNECTED)
        await operator.passed(SHORTEST_TALK_S + 0.5)
        await operator.hang_up()
        return caller_of(operator)


async def test_nobody_is_dialled_twice_in_the_same_second_and_no_counter_doubled(
    nodes, queue, anna, customer
):
    for node in nodes:
        await counters(node)  # counting begins with the first look
    promises = [await queue.promise(number) for number in PROMISED]
    for name in OPERATORS:
        await queue.on_duty(name, anna)
    everybody = (
        *(says_yes(customer) for _ in PROMISED),
        *(talks(queue, anna) for _ in PROMISED),
    )
    dialled = await asyncio.gather(*everybody)
    assert Counter(dialled) == Counter(2 * PROMISED)
    for promise in promises:
        assert await queue.is_over(promise) is ContactState.DONE
        steps = await queue.steps_of(promise)
        assert steps.count("customer_dialled") == steps.count("operator_dialled") == 1
    for phone in (customer, anna):
        with pytest.raises(TimeoutError):
            await phone.next_incoming(1.0)
    for node in nodes:
        told = await figures(node)
        assert (told["promised"], told["kept"], told["retries"]) == (3, 3, 0)
        seen = await counters(node)
        assert seen['ivr_queue_promises_total{skill="general"}'] == 3.0
        assert seen['ivr_queue_promises_kept_total{skill="general"}'] == 3.0
        assert await counters(node) == seen  # looking again counts nothing again


async def test_no_operator_stuck_reserved_by_a_node_that_was_killed(nodes, queue, anna, customer):
    """Last of these services: kill -9."""
    await queue.on_duty("anna", anna)
    promise = await queue.promise(PROMISED[0])
    async with await customer.next_incoming() as ringing:
        await ringing.leg.ring()
        await queue.has_state("anna", OperatorState.RESERVED)
        (attempt,) = (await queue.store.snapshot()).attempts
        await nodes[["one", "two"].index(attempt.node)].stop(signal.SIGKILL)
        await ringing.ended()
    kept = await asyncio.gather(says_yes(customer), talks(queue, anna))
    assert kept == [PROMISED[0], PROMISED[0]]
    assert await queue.is_over(promise) is ContactState.DONE
    await queue.has_state("anna", OperatorState.AVAILABLE)
