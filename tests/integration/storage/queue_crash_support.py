"""Nodes that break, and what must be true afterwards."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Set
from pathlib import Path
from typing import Any

import pytest

from ivr.queue.events import QueueEvent, What
from ivr.queue.model import (
    BUSY_STATES,
    AttemptStep,
    Contact,
    ContactId,
    ContactState,
    OperatorState,
)
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.queue_breaks import diary
from ivr.testing.queue_node import NodeOrders, customer_uri, node_process

WAIT_S = 30.0


async def until(seen: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait for it."""
    deadline = time.monotonic() + WAIT_S
    while not await seen():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.03)


async def killed(orders: NodeOrders) -> None:
    """Run the node until it has killed itself."""
    with node_process(orders) as process:
        await asyncio.to_thread(process.join, WAIT_S)
        if process.exitcode != -9:
            done = "\n".join(map(str, diary(orders.log)))
            pytest.fail(f"{orders.breaks} was not come by, but this was done:\n{done}")


async def contacts(queue: SqlQueueStore) -> list[Contact]:
    """Everybody who ever had a place."""
    ids = {event.contact_id for event in await queue.events() if event.what is What.ENQUEUED}
    found = [await queue.contact(ContactId(contact_id)) for contact_id in sorted(ids)]
    return [contact for contact in found if contact is not None]


async def all_over(queue: SqlQueueStore, numbers: Iterable[str]) -> bool:
    """These are owed nothing any more, and nobody is being reached."""
    snapshot = await queue.snapshot()
    if snapshot.waiting_count or snapshot.attempts:
        return False
    known = await contacts(queue)
    return {contact.number for contact in known if not contact.is_live} >= set(numbers)


async def agrees(queue: SqlQueueStore) -> None:
    """Whatever has happened: one living attempt at most for each contact and operator, and their
    states are those of its step."""
    snapshot = await queue.snapshot()
    by_contact = {attempt.contact_id: attempt for attempt in snapshot.attempts}
    by_operator = {attempt.operator_id: attempt for attempt in snapshot.attempts}
    assert len(by_contact) == len(by_operator) == len(snapshot.attempts)
    for operator in snapshot.operators:
        attempt = by_operator.get(operator.operator_id)
        assert (operator.state in BUSY_STATES) is (attempt is not None)
        if attempt is not None:
            joined = attempt.step is AttemptStep.JOINED
            assert (operator.state is OperatorState.ON_CALL) is joined
    for contact in await contacts(queue):
        reached = contact.state in (ContactState.OFFERED, ContactState.CONNECTED)
        assert not reached or contact.contact_id in by_contact


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


async def check(
    queue: SqlQueueStore,
    log: Path,
    ends: Mapping[str, Set[ContactState]],
    *,
    most_dials: int = 2,
) -> None:
    """Each number's contact is over as it may be, every operator is free, nobody was called twice
    at once or more often than this, and what was counted was counted once."""
    snapshot = await queue.snapshot()
    assert (snapshot.waiting_count, tuple(snapshot.attempts)) == (0, ())
    assert {one.state for one in snapshot.operators} == {OperatorState.AVAILABLE}
    await agrees(queue)
    known, lines, events = await contacts(queue), diary(log), await queue.events()
    assert sorted(contact.number for contact in known) == sorted(ends)
    for contact in known:
        assert contact.state in ends[contact.number]
        mine = [event for event in events if event.contact_id == contact.contact_id]
        _ended_once(mine)
        assert contact.tries == sum(event.what is What.RETRIED for event in mine)
        for step in (AttemptStep.OPERATOR_DIALLED, AttemptStep.CUSTOMER_DIALLED):
            assert _written(mine, step) <= most_dials
        target = customer_uri(contact.number)
        dials = sum(line["what"] == "dials" and line["target"] == target for line in lines)
        assert dials <= _written(mine, AttemptStep.CUSTOMER_DIALLED)
    assert legs_at_once(lines, "customer") <= 1
    assert legs_at_once(lines, "operator") <= 1


def _ended_once(events: list[QueueEvent]) -> None:
    """What one contact went through: over once, but for those who came back to the line after a
    fault of ours; nobody reached for whom nothing was owed."""
    told = Counter(event.what for event in events)
    assert told[What.ENQUEUED] == 1
    assert told[What.OFFERED] == told[What.ATTEMPT_ENDED]
    # Killed between the join and its end, nobody is known to have talked: called again.
    assert told[What.SERVED] <= told[What.CONNECTED] <= told[What.SERVED] + 1
    owed = True
    for event in events:
        if event.what in (What.OFFERED, What.STEP, What.CONNECTED):
            assert owed
        elif event.what in (What.SERVED, What.ABANDONED, What.CANCELLED, What.GIVEN_UP):
            assert owed
            owed = False
        elif event.what is What.BACK_ON_LINE:
            owed = True
    assert not owed


def _written(events: list[QueueEvent], step: AttemptStep) -> int:
    return sum(event.what is What.STEP and event.values["step"] == step.value for event in events)
