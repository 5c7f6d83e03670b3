"""A node of the shared queue as a process of its own, that dies or stops where a test says.

Its dispatcher, deliveries, callbacks and places in the line are the real ones; legs are recorded
(`ivr.testing.queue_people`).
"""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from ivr.call.queue_desk import QueueDesk, QueueManners
from ivr.clock import SystemClock
from ivr.dialogue.policy import Policy, PolicySettings
from ivr.handoff.attempt import LiveAttempt
from ivr.handoff.callers import WaitingCallers
from ivr.handoff.calling_back import Answer, CallingBack, CustomerSide
from ivr.handoff.delivery import Delivery, OperatorSide
from ivr.handoff.dispatcher import Dispatcher, DispatcherSettings
from ivr.handoff.outlook import Outlook
from ivr.handoff.promising import Promising
from ivr.queue.destinations import DestinationRules
from ivr.queue.hours import WHOLE_DAY, Calendar, CallingHours, Slots, russian_regions
from ivr.queue.model import AttemptOutcome, Contact, ContactId, NodeId, OperatorId
from ivr.queue.rules import QueueRules
from ivr.sip.leg import Leg
from ivr.speech.phrase import Phrase
from ivr.storage.ports import CallStore
from ivr.testing.parts import MemoryPromises
from ivr.testing.queue_breaks import (
    Break,
    Breaker,
    BreakingStore,
    Diary,
    Race,
    open_breaking,
)
from ivr.testing.queue_far_ends import CUSTOMERS, Caller, Manners, dialled

ZONE: Final = ZoneInfo("Europe/Moscow")
RING_S: Final = 5.0
HANDLING_S: Final = 60.0
"""Guess that estimates are made from, so that callers are told one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOrders:
    """What a node process is to do."""

    url: str
    node: NodeId
    log: Path
    """Every process appends to the same file."""
    rules: QueueRules = field(default_factory=QueueRules)
    promises: tuple[Contact, ...] = ()
    """Promised by this node before anything else, where they have not been made yet."""
    taken_back: tuple[ContactId, str] | None = None
    """A promise that is taken back by somebody with a connection of their own at the moment in
    which a write begins; '': at once."""
    callers: tuple[str, ...] = ()
    """Numbers of those who wait on the line of this node to talk to an operator."""
    leaving: tuple[str, ...] = ()
    """Numbers of those who wait on the line at first and then ask to be called back."""
    on_duty: tuple[OperatorId, ...] = ()
    """Their shift begins when all that has been promised."""
    breaks: Break | None = None
    manners: Manners = field(default_factory=Manners)
    room: int = 10
    """Callbacks at once."""
    steps_in: bool = False
    """It is up from the beginning, but has room for callbacks only when some node has broken: or
    it could be through with all of them before the other has come to where it breaks."""
    ring_s: float = 5.0
    """A customer's phone rings so long."""


@contextmanager
def node_process(orders: NodeOrders) -> Iterator[ForkServerProcess]:
    """A node that runs until it breaks, or the end of the block."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=run_node, args=(orders,), daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def run_node(orders: NodeOrders) -> None:
    """The whole life of a node process."""
    asyncio.run(_Node(orders).live())


class _Listener:
    """Nobody writes down what becomes of the customer's call."""

    def on_dialled(self, live: LiveAttempt, target: str) -> None: ...

    def on_status(self, live: LiveAttempt, status: int) -> None: ...

    async def on_joined(self, live: LiveAttempt, customer: Leg, operator: Leg) -> None: ...

    def on_over(self, live: LiveAttempt, outcome: AttemptOutcome) -> None: ...


class _Node:
    """One life of a node."""

    def __init__(self, orders: NodeOrders) -> None:
        self._orders = orders
        self._diary = Diary(orders.log, orders.node)
        self._breaker = Breaker(orders.breaks, self._diary)
        self._callers = WaitingCallers()
        self._clock = SystemClock()
        # What operators may look up about a call is no matter of the queue.
        self._records = cast(CallStore, MemoryPromises())

    async def live(self) -> None:
        orders, diary = self._orders, self._diary
        store = await self._opened()
        for promise in orders.promises:
            if await store.contact(promise.contact_id) is None:
                await store.enqueue(promise)
        await self._take_back()
        dispatcher = self._dispatcher(store)
        await dispatcher.start()
        diary.note("started")
        desk = self._desk(store, dispatcher)
        await desk.outlook.refresh()
        leaving = [Caller(number, desk, orders.manners, diary) for number in orders.leaving]
        await asyncio.gather(*(caller.takes_callback(self._records) for caller in leaving))
        for operator_id in orders.on_duty:
            await store.log_in(operator_id)
        callers = [Caller(number, desk, orders.manners, diary) for number in orders.callers]
        async with asyncio.TaskGroup() as everything:
            everything.create_task(dispatcher.run())
            await asyncio.gather(*(caller.talks(self._records) for caller in callers))
            diary.note("nobody calls")

    async def _opened(self) -> BreakingStore:
        return await open_breaking(self._orders.url, self._orders.rules, self._breaker)

    async def _take_back(self) -> None:
        """Arrange for it, or do it."""
        if self._orders.taken_back is None:
            return
        contact_id, at = self._orders.taken_back
        store = await self._opened()

        async def take_back() -> None:
            done = await store.cancel(contact_id)
            self._diary.note("takes back", contact=contact_id, done=done)

        if at:
            self._breaker.race = Race(at, take_back)
        else:
            await take_back()

    def _desk(self, store: BreakingStore, dispatcher: Dispatcher) -> QueueDesk:
        return QueueDesk(
            store=store,
            node=self._orders.node,
            callers=self._callers,
            manners=QueueManners(),
            outlook=Outlook(store=store, wrap_up_s=0.0, guess_s=HANDLING_S),
            clock=self._clock,
            promising=_promising(store),
            wake=dispatcher.wake,
            policy=Policy(PolicySettings()),
        )

    def _dispatcher(self, store: BreakingStore) -> Dispatcher:
        operators = OperatorSide(
            ring_s=RING_S,
            whispers=True,
            speak=_silence,
            music=b"",
            clock=self._clock,
            shortest_talk_s=0.0,  # a moment is a conversation here
        )
        delivery = Delivery(self._callers, operators)
        calling_back = CallingBack(operators, self._customers(store))

        async def carry_out(live: LiveAttempt) -> AttemptOutcome:
            return await (calling_back.run(live) if live.is_callback else delivery.run(live))

        return Dispatcher(
            node=self._orders.node,
            queue=store,
            carry_out=carry_out,
            callback_room=self._room,
            clock=self._clock,
            settings=DispatcherSettings(poll_s=0.05, recover_s=0.2),
        )

    def _room(self) -> int:
        waits = self._orders.steps_in and not self._diary.noted("breaks")
        return 0 if waits else self._orders.room

    def _customers(self, store: BreakingStore) -> CustomerSide:
        promising, manners = _promising(store), self._orders.manners

        async def dial(target: str, *, headers: dict[str, str], caller: str) -> Leg:
            return dialled(target, manners, self._diary)

        async def may_call(contact: Contact) -> bool:
            return await promising.may_dial(contact, self._clock.now())

        async def identify(leg: Leg) -> Answer:
            target: Any = getattr(leg, "target", "")
            return Answer.CANCEL if target in manners.unwilling else Answer.YES

        return CustomerSide(
            dial=dial,
            uri=customer_uri,
            may_call=may_call,
            identify=identify,
            ring_s=self._orders.ring_s,
            caller="0611",
            listener=_Listener(),
        )


def customer_uri(number: str) -> str:
    """Where somebody is called back."""
    return f"sip:{number}@{CUSTOMERS}"


def _promising(store: BreakingStore) -> Promising:
    """Anybody may be called at any hour."""
    return Promising(
        store=store,
        guard=DestinationRules(per_number=100, per_caller=100),
        hours=CallingHours(
            business=Calendar(zone=ZONE, week=dict.fromkeys(range(7), WHOLE_DAY)),
            regions=russian_regions(ZONE, {}),
            begin=time(0),
            end=time(0),
        ),
        slots=Slots(length_s=3600.0),
    )


async def _silence(_phrase: Phrase) -> bytes:
    return b""
