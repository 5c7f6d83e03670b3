"""A node is killed between every two writes of a promise's life: nothing is lost, nothing doubled.

The node is a process with the real dispatcher, callbacks and store; it kills itself with SIGKILL at
the named place. Then it is started again, as a supervisor would, and has to keep every promise.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from ivr.queue.events import What
from ivr.queue.model import (
    ContactId,
    ContactKind,
    ContactState,
    NodeId,
    OperatorState,
)
from ivr.queue.rules import QueueRules
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.queue_node import Break, Moment, NodeOrders, diary, node_process
from ivr.testing.queue_values import a_contact, an_operator

pytestmark = pytest.mark.integration

NODE = NodeId("node-a")
RULES = QueueRules(wrap_up_s=0.0)
WRITES = (
    *("enqueue", "assign", "claim", "operator_dialled", "operator_up"),
    *("customer_dialled", "customer_up", "identified", "join", "end"),
)
BREAKS = [Break(moment, what) for what in WRITES for moment in Moment]
IN_RECOVERY = [Break(moment, "recover") for moment in Moment]
NAMES = ("c0", "c1")
WAIT_S = 20.0


@pytest.fixture
def rules() -> QueueRules:
    return RULES


async def until(seen: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not await seen():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.03)


async def killed(orders: NodeOrders) -> None:
    """Run the node until it has killed itself."""
    with node_process(orders) as process:
        await asyncio.to_thread(process.join, WAIT_S)
        assert process.exitcode == -9, f"{orders.breaks} was not come by"


async def kept(queue: SqlQueueStore) -> bool:
    """Both promises are over."""
    contacts = [await queue.contact(ContactId(name)) for name in NAMES]
    return all(contact is not None and not contact.is_live for contact in contacts)


def legs_at_once(lines: list[dict[str, Any]], who: str) -> int:
    """How many legs to one number were up at the same time, at most."""
    up: Counter[str] = Counter()
    by_process: dict[int, Counter[str]] = {}
    most = 0
    for line in lines:
        mine = by_process.setdefault(line["pid"], Counter())
        if line["what"] == "breaks":
            up -= mine  # a process that dies takes its legs with it
            mine.clear()
        elif line.get("who") == who and line["what"] in ("dials", "hangs up"):
            step = 1 if line["what"] == "dials" else -1
            up[line["target"]] += step
            mine[line["target"]] += step
            most = max(most, up[line["target"]])
    return most


async def check(queue: SqlQueueStore, log: Path) -> None:
    """Every promise was kept, once; every operator is free; what was counted was counted once."""
    snapshot = await queue.snapshot()
    assert snapshot.waiting_count == 0
    assert not snapshot.attempts
    assert {one.state for one in snapshot.operators} == {OperatorState.AVAILABLE}
    events = await queue.events()
    for name in NAMES:
        contact = await queue.contact(ContactId(name))
        assert contact is not None
        assert (contact.state, contact.tries) == (ContactState.DONE, 0)
        told = Counter(event.what for event in events if event.contact_id == name)
        assert told[What.ENQUEUED] == told[What.CONNECTED] == told[What.SERVED] == 1
        assert told[What.OFFERED] == told[What.ATTEMPT_ENDED] == told[What.RETURNED] + 1
        customer = [
            line
            for line in diary(log)
            if line["what"] == "dials" and line["target"].startswith(f"sip:{contact.number}@")
        ]
        steps = [
            event
            for event in events
            if event.contact_id == name and event.values.get("step") == "customer_dialled"
            if event.what is What.STEP
        ]
        assert 1 <= len(customer) <= len(steps) <= 2
    lines = diary(log)
    assert legs_at_once(lines, "customer") == 1
    assert legs_at_once(lines, "operator") == 1


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
async def promises(queue_url: str, tmp_path: Path) -> Any:
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
        await until(lambda: kept(promises.queue), "the promises were not kept")
        await until(lambda: at_rest(promises.queue), "an attempt was left over")
    await check(promises.queue, promises.log)


async def at_rest(queue: SqlQueueStore) -> bool:
    return not (await queue.snapshot()).attempts


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
