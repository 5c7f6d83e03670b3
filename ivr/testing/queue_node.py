"""A node of the shared queue as a process of its own, that dies or stops where a test says.

Its dispatcher and its callbacks are the real ones; legs are not: each dial is written to a file
that outlives the process, the far end picks up at once and talks for a moment. A process that dies
takes its legs with it, as media workers do.
"""

import asyncio
import json
import multiprocessing
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from signal import Signals
from typing import Any, TypeVar

from ivr.clock import SystemClock
from ivr.handoff.attempt import LiveAttempt
from ivr.handoff.calling_back import Answer, CallingBack, CustomerSide
from ivr.handoff.delivery import OperatorSide
from ivr.handoff.dispatcher import Dispatcher, DispatcherSettings
from ivr.queue.model import Attempt, AttemptOutcome, AttemptStep, Contact, NodeId
from ivr.queue.ports import Enqueued
from ivr.queue.rules import QueueRules
from ivr.queue.transitions import Trio
from ivr.sip.causes import HangupCause, HangupSide
from ivr.sip.leg import Answered, Disconnected, Leg, PlaybackFinished
from ivr.speech.phrase import Phrase
from ivr.storage.queue_store import SqlQueueStore
from ivr.storage.queue_work import Work
from ivr.testing.legs import FakeLeg

T = TypeVar("T")

WRITING: ContextVar[str] = ContextVar("writing", default="")
"""What is being written by the present task."""


class Moment(StrEnum):
    """Where in a write."""

    BEFORE = "before"
    DURING = "during"  # everything is written but the commit
    AFTER = "after"  # committed, the answer not yet seen


@dataclass(frozen=True, slots=True)
class Break:
    """The first time that the node comes there, it gets the signal."""

    moment: Moment
    what: str
    """A method of the store, for `advance` the step."""
    by: Signals = Signals.SIGKILL

    def __str__(self) -> str:
        return f"{self.moment}-{self.what}"


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
    breaks: Break | None = None
    talk_s: float = 0.03
    ring_s: float = 0.01
    room: int = 10
    """Callbacks at once."""


class Diary:
    """Lines of JSON, each written at once and whole, by whichever process."""

    def __init__(self, path: Path, node: str) -> None:
        self._path = path
        self._node = node

    def note(self, what: str, **facts: object) -> None:
        line = {"at": time.monotonic(), "pid": os.getpid(), "node": self._node, "what": what}
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, (json.dumps(line | facts) + "\n").encode())
        finally:
            os.close(descriptor)


def diary(path: Path) -> list[dict[str, Any]]:
    """What all processes have written, in the order of time."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return sorted((json.loads(line) for line in lines), key=lambda line: float(line["at"]))


class BreakingStore(SqlQueueStore):
    """The real store, which gets this process killed or stopped in the middle of a write."""

    breaks: Break | None = None
    diary: Diary

    async def enqueue(self, contact: Contact) -> Enqueued:
        return await self._write("enqueue", super().enqueue(contact))

    async def assign(self, node: NodeId, callbacks: int) -> tuple[Trio, ...]:
        return await self._write("assign", super().assign(node, callbacks))

    async def claim(self, attempt: Attempt) -> Trio | None:
        return await self._write("claim", super().claim(attempt))

    async def advance(self, attempt: Attempt, step: AttemptStep) -> Attempt | None:
        return await self._write(step.value, super().advance(attempt, step))

    async def join(self, attempt: Attempt) -> Attempt | None:
        return await self._write("join", super().join(attempt))

    async def end(self, attempt: Attempt, outcome: AttemptOutcome) -> Trio | None:
        return await self._write("end", super().end(attempt, outcome))

    async def recover(self, node: NodeId, *, starting: bool = False) -> tuple[Trio, ...]:
        return await self._write("recover", super().recover(node, starting=starting))

    async def _write(self, what: str, writing: Awaitable[T]) -> T:
        WRITING.set(what)
        self._at(Moment.BEFORE, what)
        result = await writing
        if result != ():
            self._at(Moment.AFTER, what)
        return result

    async def _do(self, change: Callable[[Work], T]) -> T:
        what = WRITING.get()

        def breaking(work: Work) -> T:
            result = change(work)
            if result != () and self._is_at(Moment.DURING, what):
                work.close()
                self._at(Moment.DURING, what)
            return result

        return await super()._do(breaking)

    def _is_at(self, moment: Moment, what: str) -> bool:
        place = self.breaks
        return place is not None and (place.moment, place.what) == (moment, what)

    def _at(self, moment: Moment, what: str) -> None:
        if self._is_at(moment, what) and self.breaks is not None:
            number, self.breaks = self.breaks.by, None
            self.diary.note("breaks", point=f"{moment}-{what}", signal=number.name)
            os.kill(os.getpid(), number)
            self.diary.note("resumes")


class RecordedLeg(FakeLeg):
    """Picks up, hears everything at once, and hangs up after a moment of talking."""

    def __init__(self, who: str, target: str, orders: NodeOrders, diary: Diary) -> None:
        super().__init__()
        self._facts = {"who": who, "target": target}
        self._orders = orders
        self._diary = diary
        diary.note("dials", **self._facts)
        asyncio.get_running_loop().call_later(orders.ring_s, self.happens, Answered("PCMA"))

    def play(self, samples: bytes) -> None:
        self.happens(PlaybackFinished(0))

    async def bridge(self, other: Leg) -> None:
        self._diary.note("joins", **self._facts)
        over = Disconnected(HangupCause(200, "", HangupSide.REMOTE))
        asyncio.get_running_loop().call_later(self._orders.talk_s, self.happens, over)

    async def hang_up(self, *, reason: str = "") -> None:
        self._diary.note("hangs up", **self._facts)
        await super().hang_up(reason=reason)

    async def dial_beside(
        self,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        caller: str = "",
        asserted: bool = False,
    ) -> Leg:
        return RecordedLeg(_who(target), target, self._orders, self._diary)


class _Listener:
    """Nobody writes down what becomes of the customer's call."""

    def on_dialled(self, live: LiveAttempt, target: str) -> None: ...

    def on_status(self, live: LiveAttempt, status: int) -> None: ...

    async def on_joined(self, live: LiveAttempt, customer: Leg, operator: Leg) -> None: ...

    def on_over(self, live: LiveAttempt, outcome: AttemptOutcome) -> None: ...


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
    asyncio.run(_live(orders))


async def _live(orders: NodeOrders) -> None:
    book = Diary(orders.log, orders.node)
    store = await BreakingStore.open(orders.url, orders.rules)
    assert isinstance(store, BreakingStore)
    store.breaks, store.diary = orders.breaks, book
    for promise in orders.promises:
        if await store.contact(promise.contact_id) is None:
            await store.enqueue(promise)
    dispatcher = Dispatcher(
        node=orders.node,
        queue=store,
        carry_out=_calling_back(orders, book).run,
        callback_room=lambda: orders.room,
        clock=SystemClock(),
        settings=DispatcherSettings(poll_s=0.05, recover_s=0.2),
    )
    await dispatcher.start()
    book.note("started")
    await dispatcher.run()


def _calling_back(orders: NodeOrders, book: Diary) -> CallingBack:
    async def dial(target: str, *, headers: dict[str, str], caller: str) -> Leg:
        return RecordedLeg(_who(target), target, orders, book)

    async def may_call(_contact: Contact) -> bool:
        return True

    async def identify(_leg: Leg) -> Answer:
        return Answer.YES

    async def speak(_phrase: Phrase) -> bytes:
        return b""

    return CallingBack(
        OperatorSide(
            ring_s=5.0,
            whispers=True,
            speak=speak,
            music=b"",
            clock=SystemClock(),
            shortest_talk_s=0.0,  # a moment is a conversation here
        ),
        CustomerSide(
            dial=dial,
            uri=lambda number: f"sip:{number}@customers.test",
            may_call=may_call,
            identify=identify,
            ring_s=5.0,
            caller="0611",
            listener=_Listener(),
        ),
    )


def _who(target: str) -> str:
    return "customer" if target.endswith("@customers.test") else "operator"
