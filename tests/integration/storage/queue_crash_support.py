"""Promises, nodes that break, and what must be true afterwards."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from ivr.queue.events import What
from ivr.queue.model import ContactId, ContactState, OperatorState
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.queue_node import NodeOrders, diary, node_process

WAIT_S = 30.0


async def until(seen: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait for it."""
    deadline = time.monotonic() + WAIT_S
    while not await seen():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.05)


async def killed(orders: NodeOrders) -> None:
    """Run the node until it has killed itself."""
    with node_process(orders) as process:
        await asyncio.to_thread(process.join, WAIT_S)
        assert process.exitcode == -9, f"{orders.breaks} was not come by"


async def all_over(queue: SqlQueueStore, names: tuple[str, ...]) -> bool:
    """Nothing is owed any more, and nobody is being reached."""
    contacts = [await queue.contact(ContactId(name)) for name in names]
    over = all(contact is not None and not contact.is_live for contact in contacts)
    return over and not (await queue.snapshot()).attempts


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


async def check(queue: SqlQueueStore, log: Path, names: tuple[str, ...]) -> None:
    """Every promise was kept, once; every operator is free; what was counted was counted once."""
    snapshot = await queue.snapshot()
    assert snapshot.waiting_count == 0
    assert not snapshot.attempts
    assert {one.state for one in snapshot.operators} == {OperatorState.AVAILABLE}
    events = await queue.events()
    lines = diary(log)
    for name in names:
        contact = await queue.contact(ContactId(name))
        assert contact is not None
        told = Counter(event.what for event in events if event.contact_id == name)
        assert (contact.state, contact.tries) == (ContactState.DONE, told[What.RETRIED])
        assert told[What.ENQUEUED] == told[What.SERVED] == 1
        # Killed between the join and its end, nobody is known to have talked: called again.
        assert 1 <= told[What.CONNECTED] <= 2
        failed = told[What.RETURNED] + told[What.RETRIED]
        assert told[What.OFFERED] == told[What.ATTEMPT_ENDED] == failed + 1
        target = f"sip:{contact.number}@customers.test"
        dials = sum(line["what"] == "dials" and line["target"] == target for line in lines)
        written = sum(
            event.contact_id == name and event.values.get("step") == "customer_dialled"
            for event in events
            if event.what is What.STEP
        )
        assert dials <= written <= 2
        assert dials >= 1
    assert legs_at_once(lines, "customer") == 1
    assert legs_at_once(lines, "operator") == 1
