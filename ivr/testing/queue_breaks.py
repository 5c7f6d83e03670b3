"""A store that gets its process killed or stopped in the middle of a write, and what processes note
down before that happens to them.
"""

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from signal import Signals
from typing import Any, TypeVar

from ivr.queue.model import (
    Attempt,
    AttemptOutcome,
    AttemptStep,
    Contact,
    ContactId,
    NodeId,
    Place,
)
from ivr.queue.ports import Enqueued
from ivr.queue.rules import QueueRules
from ivr.queue.transitions import Trio
from ivr.storage.queue_store import SqlQueueStore
from ivr.storage.queue_work import Work

T = TypeVar("T")


class Moment(StrEnum):
    """Where in a write."""

    BEFORE = "before"
    DURING = "during"  # everything is written but the commit
    AFTER = "after"  # committed, the answer not yet seen


@dataclass(frozen=True, slots=True)
class Write:
    """One that a process has begun."""

    what: str
    time: int
    """The how-manieth of its kind."""


WRITING: ContextVar[Write | None] = ContextVar("writing", default=None)
"""What is being written by the present task."""


@dataclass(frozen=True, slots=True)
class Break:
    """When the node comes there, it gets the signal."""

    moment: Moment
    what: str
    """A method of the store, for `advance` the step."""
    time: int = 1
    """The how-manieth of the process's writes of this kind. Those that find nothing to do do not
    count."""
    by: Signals = Signals.SIGKILL

    def __str__(self) -> str:
        return f"{self.moment}-{self.what}" + (f"-{self.time}" if self.time > 1 else "")


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

    def noted(self, what: str, **facts: object) -> int:
        """How often any process has noted this."""
        wanted = {"what": what, **facts}
        return sum(wanted.items() <= line.items() for line in diary(self._path))


def diary(path: Path) -> list[dict[str, Any]]:
    """What all processes have written, in the order of time."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return sorted((json.loads(line) for line in lines), key=lambda line: float(line["at"]))


@dataclass(slots=True)
class Race:
    """Something that somebody else does at the moment in which a write begins."""

    at: str
    """The write."""
    begin: Callable[[], Coroutine[Any, Any, None]]
    task: "asyncio.Task[None] | None" = None


class Breaker:
    """Knows how far this process has come, and where it is to end. Shared by its stores."""

    def __init__(self, place: Break | None, diary: Diary) -> None:
        self.race: Race | None = None
        self._place = place
        self._diary = diary
        self._begun: Counter[str] = Counter()

    async def begins(self, what: str) -> Write:
        """A write is about to begin: whoever is to be in its way sets out first."""
        self._begun[what] += 1
        write = Write(what, self._begun[what])
        race = self.race
        if race is not None and race.task is None and race.at == what:
            race.task = asyncio.create_task(race.begin())
            await asyncio.sleep(0)  # it is with the database's thread when this one comes
        return write

    def is_at(self, moment: Moment, write: Write | None) -> bool:
        place = self._place
        if place is None or write is None:
            return False
        return (place.moment, place.what, place.time) == (moment, write.what, write.time)

    def at(self, moment: Moment, write: Write | None) -> None:
        """The end of this process, where it was to be here."""
        if self._place is not None and self.is_at(moment, write):
            place, self._place = self._place, None
            self._diary.note("breaks", point=str(place), signal=place.by.name)
            os.kill(os.getpid(), place.by)
            self._diary.note("resumes")

    def over(self, write: Write) -> None:
        """It was done."""
        self._diary.note("writes", write=write.what)

    def nothing_written(self, write: Write) -> None:
        """There was nothing to write: it does not count."""
        self._begun[write.what] -= 1


class BreakingStore(SqlQueueStore):
    """The real store; what it writes is told to a `Breaker`. Make it with `open_breaking`."""

    breaker: Breaker

    async def enqueue(self, contact: Contact) -> Enqueued:
        return await self._write("enqueue", super().enqueue(contact))

    async def told(self, place: Place) -> None:
        await self._write("told", super().told(place))

    async def leave(self, contact_id: ContactId, *, lost: bool = False) -> bool:
        return await self._write("leave", super().leave(contact_id, lost=lost))

    async def cancel(self, contact_id: ContactId) -> bool:
        return await self._write("cancel", super().cancel(contact_id))

    async def become_callback(
        self, contact_id: ContactId, number: str, *, slot_at: float = 0.0
    ) -> Enqueued:
        becoming = super().become_callback(contact_id, number, slot_at=slot_at)
        return await self._write("become_callback", becoming)

    async def return_to_line(
        self, contact_id: ContactId, *, node: NodeId, call_id: str
    ) -> Enqueued:
        returning = super().return_to_line(contact_id, node=node, call_id=call_id)
        return await self._write("return_to_line", returning)

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
        write = await self.breaker.begins(what)
        self.breaker.at(Moment.BEFORE, write)
        before = WRITING.set(write)
        try:
            result = await writing
        finally:
            WRITING.reset(before)
        if result == ():
            self.breaker.nothing_written(write)
        else:
            self.breaker.at(Moment.AFTER, write)
            self.breaker.over(write)
        return result

    async def _do(self, change: Callable[[Work], T]) -> T:
        write = WRITING.get()

        def breaking(work: Work) -> T:
            result = change(work)
            if result != () and self.breaker.is_at(Moment.DURING, write):
                work.close()
                self.breaker.at(Moment.DURING, write)
            return result

        return await super()._do(breaking)


async def open_breaking(url: str, rules: QueueRules, breaker: Breaker) -> BreakingStore:
    """A connection of its own to the queue."""
    store = await BreakingStore.open(url, rules)
    assert isinstance(store, BreakingStore)
    store.breaker = breaker
    return store
