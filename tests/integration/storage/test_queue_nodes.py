"""Two nodes on one PostgreSQL queue: one is killed, stopped, or cut off from the database.

Leases are short here, so that taking over takes a second or two.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.queue.model import ContactKind, ContactState, NodeId
from ivr.queue.rules import QueueRules
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.postgresql import PostgresServer
from ivr.testing.queue_breaks import Break, Moment, diary
from ivr.testing.queue_far_ends import Manners
from ivr.testing.queue_node import NodeOrders, node_process
from ivr.testing.queue_values import a_contact, an_operator
from ivr.testing.tcp_proxy import TcpProxy
from tests.integration.storage.queue_crash_support import (
    all_over,
    check,
    killed,
    legs_at_once,
    until,
)

pytestmark = pytest.mark.integration

RULES = QueueRules(wrap_up_s=0.0, again_s=0.0, tries=100, lease_s=1.2, lease_grace_s=0.6)
NUMBERS = tuple(f"903000000{index}" for index in range(5))
ENDS = {number: {ContactState.DONE} for number in NUMBERS}
PLACES = ("claim", "operator_dialled", "customer_dialled", "identified", "join")


class TwoNodes:
    """One queue, two operators, five promises; what each node is told to do."""

    def __init__(self, queue: SqlQueueStore, url: str, log: Path) -> None:
        self.queue = queue
        self.log = log
        since = time.time() - 60
        promises = tuple(
            a_contact(f"c{index}", since + index, ContactKind.CALLBACK, number=number)
            for index, number in enumerate(NUMBERS)
        )
        self.a = NodeOrders(
            url=url,
            node=NodeId("node-a"),
            log=log,
            rules=RULES,
            promises=promises,
            manners=Manners(talk_s=0.1),
        )
        self.b = replace(self.a, node=NodeId("node-b"), promises=())

    async def over(self) -> bool:
        return await all_over(self.queue, NUMBERS)

    def of_node(self, orders: NodeOrders, what: str) -> list[float]:
        """When this node did it."""
        return [
            float(line["at"])
            for line in diary(self.log)
            if line["node"] == orders.node and line["what"] == what
        ]


@pytest.fixture
async def two(postgres: PostgresServer, tmp_path: Path) -> AsyncIterator[TwoNodes]:
    url = postgres.new_database()
    queue = await SqlQueueStore.open(url, RULES)
    for name in ("o1", "o2"):
        operator = an_operator(name)
        await queue.save_operator(operator)
        await queue.log_in(operator.operator_id)
    yield TwoNodes(queue, url, tmp_path / "diary.jsonl")
    await queue.aclose()


@pytest.mark.parametrize("what", PLACES)
async def test_when_one_of_two_nodes_is_killed_the_other_keeps_every_promise(
    two: TwoNodes, what: str
) -> None:
    with node_process(replace(two.b, room=1, steps_in=True)):
        await until(lambda: has(two, two.b, "started"), "it did not start")
        await killed(replace(two.a, breaks=Break(Moment.AFTER, what)))
        await until(two.over, "the promises were not kept")
    await check(two.queue, two.log, ENDS)


@pytest.mark.parametrize("what", PLACES)
async def test_a_node_that_was_stopped_dials_and_joins_nobody_when_it_goes_on(
    two: TwoNodes, what: str
) -> None:
    """The other one has taken over meanwhile, whatever the stopped one was about to do."""
    stops = replace(two.a, breaks=Break(Moment.AFTER, what, by=signal.SIGSTOP))
    with node_process(stops) as process, going_on(process.pid):
        await until(lambda: has(two, two.a, "breaks"), "it did not stop")
        with node_process(two.b):
            await until(two.over, "the promises were not kept")
            assert process.pid is not None
            os.kill(process.pid, signal.SIGCONT)
            await until(lambda: has(two, two.a, "resumes"), "it did not go on")
            await asyncio.sleep(1.0)
    resumed = two.of_node(two.a, "resumes")[0]
    for done in ("dials", "joins"):
        assert max(two.of_node(two.a, done), default=0.0) < resumed
    await check(two.queue, two.log, ENDS)


async def test_a_node_cut_off_hangs_up_before_the_other_dials_and_serves_again_when_mended(
    two: TwoNodes, postgres: PostgresServer
) -> None:
    database = two.a.url.rsplit("/", 1)[1]
    async with TcpProxy(postgres.port) as network:
        lonely = replace(
            two.a, url=postgres.url(database, network.port), manners=Manners(ring_s=60.0)
        )
        with node_process(lonely):
            await until(lambda: has(two, lonely, "dials"), "nobody was dialled")
            network.cut()
            cut_at = time.monotonic()
            with node_process(two.b):
                await until(two.over, "the promises were not kept")
            hung_up = two.of_node(lonely, "hangs up")
            assert len(hung_up) == len(two.of_node(lonely, "dials")) > 0
            assert max(hung_up) - cut_at < RULES.lease_s + 0.5
            assert max(hung_up) < min(two.of_node(two.b, "dials"))
            assert legs_at_once(diary(two.log), "operator") == 1
            network.mend()
            late = a_contact("late", time.time(), ContactKind.CALLBACK, number="9039999999")
            await two.queue.enqueue(late)
            await until(
                lambda: has_more(two, lonely, "dials", len(hung_up)), "it did not come back"
            )


async def has(two: TwoNodes, orders: NodeOrders, what: str) -> bool:
    return len(two.of_node(orders, what)) > 0


async def has_more(two: TwoNodes, orders: NodeOrders, what: str, than: int) -> bool:
    return len(two.of_node(orders, what)) > than


@contextlib.contextmanager
def going_on(pid: int | None) -> Iterator[None]:
    """A stopped process is not left stopped, whatever the test comes to."""
    try:
        yield
    finally:
        assert pid is not None
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
