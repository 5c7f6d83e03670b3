"""A node is killed between every two writes of a promise's life: nothing is lost, nothing doubled.

The node is a process with the real dispatcher, callbacks and store; it kills itself with SIGKILL at
the named place. Then it is started again, as a supervisor would, and has to keep every promise.
"""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ivr.queue.model import ContactKind, NodeId
from ivr.queue.rules import QueueRules
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.queue_node import Break, Moment, NodeOrders, diary, node_process
from ivr.testing.queue_values import a_contact, an_operator
from tests.integration.storage.queue_crash_support import all_over, check, killed, until

pytestmark = pytest.mark.integration

NODE = NodeId("node-a")
RULES = QueueRules(wrap_up_s=0.0, again_s=0.0, tries=100)
WRITES = (
    *("enqueue", "assign", "claim", "operator_dialled", "operator_up"),
    *("customer_dialled", "customer_up", "identified", "join", "end"),
)
BREAKS = [Break(moment, what) for what in WRITES for moment in Moment]
IN_RECOVERY = [Break(moment, "recover") for moment in Moment]
NAMES = ("c0", "c1")


class Promises:
    """Two promised calls, one operator, and a node that lives several times."""

    def __init__(self, queue: SqlQueueStore, url: str, tmp_path: Path) -> None:
        self.queue = queue
        self.log = tmp_path / "diary.jsonl"
        self._url = url
        since = time.time() - 60
        self._contacts = tuple(
            a_contact(name, since + index, ContactKind.CALLBACK, number=f"903000000{index}")
            for index, name in enumerate(NAMES)
        )

    def orders(self, place: Break | None = None) -> NodeOrders:
        """Who lives again asks for the same promises again, as callers do who heard no answer."""
        return NodeOrders(
            url=self._url,
            node=NODE,
            log=self.log,
            rules=RULES,
            promises=self._contacts,
            breaks=place,
        )


@pytest.fixture
async def promises(queue_url: str, tmp_path: Path) -> AsyncIterator[Promises]:
    queue = await SqlQueueStore.open(queue_url, RULES)
    operator = an_operator("o1")
    await queue.save_operator(operator)
    await queue.log_in(operator.operator_id)
    yield Promises(queue, queue_url, tmp_path)
    await queue.aclose()


async def kept_after_all(promises: Promises) -> None:
    """The node lives once more and nothing happens to it."""
    living = (await promises.queue.snapshot()).attempts
    assert len(living) <= 1
    with node_process(promises.orders()):
        await until(lambda: all_over(promises.queue, NAMES), "the promises were not kept")
    await check(promises.queue, promises.log, NAMES)


@pytest.mark.parametrize("place", BREAKS, ids=str)
async def test_a_node_killed_there_loses_no_promise_and_dials_nobody_twice(
    promises: Promises, place: Break
) -> None:
    await killed(promises.orders(place))
    await kept_after_all(promises)


@pytest.mark.parametrize("place", IN_RECOVERY, ids=str)
async def test_a_node_killed_again_while_it_recovers_loses_nothing_either(
    promises: Promises, place: Break
) -> None:
    await killed(promises.orders(Break(Moment.AFTER, "customer_dialled")))
    await killed(promises.orders(place))
    await kept_after_all(promises)


async def test_promises_are_kept_in_their_order_by_a_node_that_lives(promises: Promises) -> None:
    await kept_after_all(promises)
    joined = [line["target"] for line in diary(promises.log) if line["what"] == "joins"]
    assert joined == ["sip:9030000000@customers.test", "sip:9030000001@customers.test"]
