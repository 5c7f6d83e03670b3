"""A node's loop: what it begins, ends, and leaves to others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from ivr.app import App
from ivr.errors import SipError, StoreError
from ivr.handoff.attempt import LiveAttempt
from ivr.handoff.dispatcher import Dispatcher
from ivr.queue.model import (
    Attempt,
    AttemptOutcome,
    AttemptStep,
    ContactId,
    ContactState,
    NodeId,
    OperatorId,
    OperatorState,
)
from ivr.queue.rules import QueueRules
from ivr.queue.steps import STEPS
from ivr.storage import queue_attempts
from ivr.storage.queue_store import SqlQueueStore
from tests.unit.handoff.conftest import NODE, attempts_of, contact_is, on_duty, waits

pytestmark = [pytest.mark.unit, pytest.mark.asyncio]


class Carrier:
    """Carries nothing out until it is told how it ended."""

    def __init__(self) -> None:
        self.begun: list[LiveAttempt] = []
        self.released = 0
        self.outcome: asyncio.Future[AttemptOutcome] = asyncio.Future()
        self.dialled = asyncio.Event()

    async def __call__(self, live: LiveAttempt) -> AttemptOutcome:
        self.begun.append(live)
        await live.advance(AttemptStep.OPERATOR_DIALLED)
        self.dialled.set()
        try:
            return await asyncio.shield(self.outcome)
        finally:
            self.released += 1

    async def until_dialled(self) -> None:
        await asyncio.wait_for(self.dialled.wait(), 5.0)

    async def until_begun(self, count: int = 1) -> None:
        async with asyncio.timeout(5.0):
            while len(self.begun) < count:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def at_work(dispatcher: Dispatcher) -> AsyncIterator[Dispatcher]:
    await dispatcher.start()
    running = asyncio.create_task(dispatcher.run())
    try:
        yield dispatcher
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await dispatcher.aclose()


async def test_an_attempt_is_claimed_carried_out_and_ended_once(queue, node):
    carrier = Carrier()
    await on_duty(queue)
    await waits(queue)
    async with at_work(node(carrier)) as dispatcher:
        await carrier.until_dialled()
        assert [one.step for one in await attempts_of(queue)] == [AttemptStep.OPERATOR_DIALLED]
        carrier.outcome.set_result(AttemptOutcome.OPERATOR_NO_ANSWER)
        await contact_is(queue, ContactState.WAITING)
        assert dispatcher.live == 0
    operator = await queue.operator(OperatorId("anna"))
    assert operator.state is OperatorState.PAUSED
    assert len(carrier.begun) == 1


@pytest.mark.parametrize("fault", [SipError("x", "no leg"), ValueError("a bug")])
async def test_a_fault_in_one_attempt_stops_nothing_and_blames_nobody(queue, node, fault):
    async def fails(live: LiveAttempt) -> AttemptOutcome:
        raise fault

    await on_duty(queue)
    await waits(queue)
    async with at_work(node(fails)) as dispatcher:
        await contact_is(queue, ContactState.OFFERED)
        contact = await contact_is(queue, ContactState.WAITING)
        assert contact.tries == 0
        assert (await queue.operator(OperatorId("anna"))).state is OperatorState.AVAILABLE
        assert not dispatcher.fault


@pytest.mark.parametrize("between", [AttemptOutcome.TRUNK_FAILED, AttemptOutcome.CUSTOMER_BUSY])
async def test_a_trunk_that_refuses_everybody_rings_no_more_operators_for_a_while(
    queue, node, monkeypatch, between
):
    outcomes = [AttemptOutcome.TRUNK_FAILED, between, AttemptOutcome.TRUNK_FAILED]
    carried: list[str] = []
    rooms: list[int] = []
    assign = queue.assign

    async def carry_out(live: LiveAttempt) -> AttemptOutcome:
        carried.append(live.trio.contact.contact_id)
        for step in STEPS[live.trio.attempt.mode][:3]:
            await live.advance(step)
        return outcomes[len(carried) - 1]

    async def noting(node_id: NodeId, callbacks: int) -> Any:
        rooms.append(callbacks)
        return await assign(node_id, callbacks)

    monkeypatch.setattr(queue, "assign", noting)
    for number in range(3):
        await waits(queue, f"c{number}", number=f"903000000{number}", place_at=float(number))
    await on_duty(queue)
    async with at_work(node(carry_out)):
        async with asyncio.timeout(5.0):
            while len(carried) < 3 or await attempts_of(queue):
                await asyncio.sleep(0.01)
            before = len(rooms)
            while len(rooms) < before + 2:  # the first may have been asked for before
                await asyncio.sleep(0.01)
    assert (rooms[-1] == 0) == (between is AttemptOutcome.TRUNK_FAILED)
    assert max(rooms) > 0
    for number in range(3):
        contact = await queue.contact(ContactId(f"c{number}"))
        assert (contact.faults, contact.tries) in ((1, 0), (0, 1))


async def carried_to_the_join(live: LiveAttempt) -> AttemptOutcome:
    for step in STEPS[live.trio.attempt.mode]:
        await live.advance(step)
    await live.join()
    return AttemptOutcome.CONNECTED


async def test_a_join_whose_answer_was_lost_is_not_taken_for_a_kept_promise(
    queue, node, monkeypatch
):
    join = queue.join

    async def no_answer(attempt: Attempt) -> Attempt | None:
        await join(attempt)
        raise StoreError("timeout", "no answer")

    monkeypatch.setattr(queue, "join", no_answer)
    await on_duty(queue)
    await waits(queue)
    async with at_work(node(carried_to_the_join)):
        await contact_is(queue, ContactState.OFFERED)
        contact = await contact_is(queue, ContactState.WAITING)
    assert (contact.faults, contact.tries) == (1, 0)
    assert contact.due_at > contact.first_promised_at  # and their phone does not ring at once


async def test_a_promise_taken_back_ends_what_is_being_dialled(queue, node):
    carrier = Carrier()
    await on_duty(queue)
    contact = await waits(queue)
    async with at_work(node(carrier)):
        await carrier.until_dialled()
        await queue.cancel(contact.contact_id)
        async with asyncio.timeout(5.0):
            while await attempts_of(queue):
                await asyncio.sleep(0.01)
    assert carrier.released == 1
    assert (await queue.operator(OperatorId("anna"))).state is OperatorState.AVAILABLE


async def test_a_node_that_cannot_renew_its_lease_hangs_up_before_others_may_take_over(
    queue, node, monkeypatch
):
    carrier = Carrier()
    await on_duty(queue)
    await waits(queue)
    dispatcher = node(carrier)
    async with at_work(dispatcher):
        await carrier.until_dialled()

        async def unreachable(*_: object, **__: object) -> float:
            raise StoreError("gone", "the database is gone")

        for name in ("renew", "end", "assign", "recover", "outbox", "contact"):
            monkeypatch.setattr(queue, name, unreachable)
        began = asyncio.get_running_loop().time()
        async with asyncio.timeout(10.0):
            while not carrier.released:
                await asyncio.sleep(0.02)
        took_s = asyncio.get_running_loop().time() - began
        assert took_s < 3.0 + 1.0  # the lease, and well within the grace of 2 s
        assert dispatcher.fault
        monkeypatch.undo()
        await carrier.until_begun(2)


async def test_a_node_whose_name_another_process_has_taken_hangs_up_at_once(tmp_path, node):
    url, rules = f"sqlite:///{tmp_path}/twins.db", QueueRules(lease_s=60.0)
    queue, twin = await SqlQueueStore.open(url, rules), await SqlQueueStore.open(url, rules)
    carrier = Carrier()
    await on_duty(queue)
    await waits(queue)
    async with at_work(node(carrier, queue=queue)) as dispatcher:
        await carrier.until_dialled()
        await twin.renew(NODE)
        async with asyncio.timeout(10.0):
            while not carrier.released:
                await asyncio.sleep(0.02)
        assert dispatcher.fault
    for store in (queue, twin):
        await store.aclose()


async def test_what_an_earlier_run_left_behind_is_ended_before_anything_begins(queue, node):
    await on_duty(queue)
    await waits(queue)
    await queue.renew(NODE)
    (trio,) = await queue.assign(NODE, 1)
    await queue.claim(trio.attempt)
    await node(Carrier()).start()
    assert not await attempts_of(queue)
    assert (await contact_is(queue, ContactState.WAITING)).tries == 0


async def test_draining_gives_calls_back_to_other_nodes_at_once(queue, node):
    carrier = Carrier()
    await on_duty(queue)
    await waits(queue)
    async with at_work(node(carrier)) as dispatcher:
        await carrier.until_dialled()
        await dispatcher.drain()
        assert carrier.released == 1
        await contact_is(queue, ContactState.WAITING)
        await queue.renew(NodeId("other"))
        assert await queue.assign(NodeId("other"), 1)
        await asyncio.sleep(0.2)
        assert len(carrier.begun) == 1


async def test_what_is_planned_while_the_draining_begins_is_given_back(queue, node, monkeypatch):
    carrier = Carrier()
    assigned = asyncio.Event()
    assign = queue.assign

    async def slow(*asked: Any) -> Any:
        planned = await assign(*asked)
        if planned:
            assigned.set()
            await asyncio.sleep(0.1)  # the answer is still under way when the draining begins
        return planned

    monkeypatch.setattr(queue, "assign", slow)
    await on_duty(queue)
    await waits(queue)
    async with at_work(node(carrier)) as dispatcher:
        await asyncio.wait_for(assigned.wait(), 5.0)
        await dispatcher.drain()
        await contact_is(queue, ContactState.WAITING)
        assert not carrier.begun
        assert not await attempts_of(queue)


async def test_an_end_that_does_not_fit_keeps_no_operator_reserved(queue, node):
    carrier = Carrier()
    anna = await on_duty(queue)
    await waits(queue)
    async with at_work(node(carrier)):
        await carrier.until_dialled()
        await queue.pause(anna, "break")  # and takes nothing else afterwards
        carrier.outcome.set_result(AttemptOutcome.CONNECTED)  # never joined
        await contact_is(queue, ContactState.WAITING)
    assert (await queue.operator(anna)).state is OperatorState.PAUSED


async def test_an_attempt_that_is_being_ended_is_not_told_so_again(queue, node):
    told = 0
    dialled = asyncio.Event()

    async def hangs_up_slowly(live: LiveAttempt) -> AttemptOutcome:
        nonlocal told
        await live.advance(AttemptStep.OPERATOR_DIALLED)
        dialled.set()
        while True:
            try:
                await asyncio.sleep(0.5 if told else 60.0)
            except asyncio.CancelledError:
                told += 1
            else:
                raise asyncio.CancelledError

    await on_duty(queue)
    contact = await waits(queue)
    async with at_work(node(hangs_up_slowly)):  # looks every 0.1 s for what is not wanted
        await asyncio.wait_for(dialled.wait(), 5.0)
        await queue.cancel(contact.contact_id)
        async with asyncio.timeout(5.0):
            while await attempts_of(queue):
                await asyncio.sleep(0.01)
    assert told == 1


class Talkers:
    """Joins the two, who talk until they are told to stop."""

    def __init__(self) -> None:
        self.talking = asyncio.Event()
        self.hang_up = asyncio.Event()

    async def __call__(self, live: LiveAttempt) -> AttemptOutcome:
        outcome = await carried_to_the_join(live)
        self.talking.set()
        await self.hang_up.wait()
        return outcome


async def test_the_service_waits_for_those_who_talk_after_a_call_back(queue, node):
    talkers = Talkers()
    await on_duty(queue)
    await waits(queue)
    async with at_work(node(talkers)) as dispatcher:
        await asyncio.wait_for(talkers.talking.wait(), 5.0)
        app = an_app(dispatcher, drain_s=20.0)
        draining = asyncio.create_task(app.drain())
        await asyncio.sleep(0.2)
        assert not draining.done()
        talkers.hang_up.set()
        assert await asyncio.wait_for(draining, 5.0) == 0
    assert (await contact_is(queue, ContactState.DONE)).end_reason == "served"


async def test_the_service_waits_no_longer_than_it_is_granted(queue, node):
    talkers = Talkers()
    await on_duty(queue)
    await waits(queue)
    async with at_work(node(talkers)) as dispatcher:
        await asyncio.wait_for(talkers.talking.wait(), 5.0)
        assert await an_app(dispatcher, drain_s=0.05).drain() == 1


def an_app(dispatcher: Dispatcher, *, drain_s: float) -> App:
    """With nobody on a line of its own."""

    async def drained(*_: float) -> int:
        return 0

    parts: dict[str, Any] = dict.fromkeys(("bus", "store", "http_url", "recognizer"))
    return App(
        settings=SimpleNamespace(service=SimpleNamespace(drain_s=drain_s)),
        pool=SimpleNamespace(drain=drained),
        registry=SimpleNamespace(drain=drained, draining=False),
        queue=SimpleNamespace(dispatcher=dispatcher),
        **parts,
    )


async def test_never_more_calls_than_there_is_room_for(queue, node):
    carrier = Carrier()
    for name in ("anna", "boris", "vera"):
        await on_duty(queue, name)
    for number in range(3):
        await waits(queue, f"c{number}", number=f"903000000{number}")
    async with at_work(node(carrier, callback_room=lambda: 2 - len(carrier.begun))):
        await carrier.until_begun(2)
        await asyncio.sleep(0.3)
        assert len(carrier.begun) == 2


async def test_a_talk_that_ends_while_the_node_shows_it_again_is_over_all_the_same(
    queue, node, monkeypatch
):
    """The end is written first, and then it is resumed."""
    talks, over, shown = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def talk(live: LiveAttempt) -> AttemptOutcome:
        for step in STEPS[live.trio.attempt.mode]:
            await live.advance(step)
        await live.join()
        talks.set()
        await over.wait()
        return AttemptOutcome.CONNECTED

    resume = queue.resume

    async def late(attempt: Attempt) -> Attempt | None:
        over.set()
        async with asyncio.timeout(5.0):
            while dispatcher.live:
                await asyncio.sleep(0.01)
        resumed = await resume(attempt)
        assert resumed is not None
        shown.set()
        return resumed

    monkeypatch.setattr(queue, "resume", late)
    monkeypatch.setattr(QueueRules, "cut_short_s", 0.0)  # a moment is a talk
    await on_duty(queue)
    await waits(queue)
    async with at_work(node(talk)) as dispatcher:
        await asyncio.wait_for(talks.wait(), 5.0)
        (attempt,) = await attempts_of(queue)
        await taken_for_over(queue, attempt)
        dispatcher._fence()
        await asyncio.wait_for(shown.wait(), 5.0)
        async with asyncio.timeout(5.0):
            while (await queue.operator(OperatorId("anna"))).state is not OperatorState.AVAILABLE:
                await asyncio.sleep(0.01)
        served = await contact_is(queue, ContactState.DONE)
        assert served.end_reason == "served"
        assert not await attempts_of(queue)


async def taken_for_over(queue: Any, attempt: Attempt) -> None:
    """As another node would, once this one has been silent for long enough."""
    await queue._do(lambda work: queue_attempts.lose_sight(work, attempt))
