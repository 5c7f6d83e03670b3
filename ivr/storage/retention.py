"""What calls and the queue left behind is kept for so many days. Event loop only.

Works on connections of its own, a little at a time with pauses between, once an hour. Whole days
are kept: a day of which a report can be made is there with everything that happened on it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from ivr.clock import Clock
from ivr.config import Settings
from ivr.errors import StoreError
from ivr.storage.again import undisturbed
from ivr.storage.database import RECORDS, Database
from ivr.storage.engines import Schema
from ivr.storage.queue_forgetting import (
    EventsSeen,
    forget_contacts,
    forget_events,
    forgettable,
    owed_calls,
)
from ivr.storage.queue_store import SCHEMA
from ivr.storage.record_forgetting import OldCall, forget_calls, old_calls

log = logging.getLogger(__name__)

FIRST_S: Final = 10.0
"""After a start there is other work at first."""
EVERY_S: Final = 3600.0
PAUSE_S: Final = 0.1
"""Between two transactions; others get in there."""
CALLBACKS: Final = "callback-*.wav"
"""Recordings of promised calls, which no record names; folders are named by day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How much went, or would go."""

    calls: int = 0
    recordings: int = 0
    contacts: int = 0
    attempts: int = 0
    events: int = 0

    def __bool__(self) -> bool:
        return any((self.calls, self.recordings, self.contacts, self.attempts, self.events))


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Where things are kept, and for how long."""

    queue: str
    """URL of the shared queue's database."""
    records: str
    """URL of the records' database."""
    recordings: Path
    queue_days: int
    """Whole days besides today that are kept; 0: for ever."""
    record_days: int
    clock: Clock
    first_s: float = FIRST_S
    pause_s: float = PAUSE_S

    @classmethod
    def configured(cls, settings: Settings, clock: Clock) -> "Retention":
        """As the configuration has it."""
        return cls(
            queue=settings.queue.database,
            records=settings.records.database,
            recordings=Path(settings.records.recordings_folder),
            queue_days=settings.queue.keep_days,
            record_days=settings.records.keep_days,
            clock=clock,
        )

    async def follow(self) -> None:
        """Forget now and then until cancelled; what fails is tried again an hour later."""
        await asyncio.sleep(self.first_s)
        while True:
            try:
                gone = await self.forget()
            except (StoreError, OSError) as fault:
                log.error("x old records not deleted: %s", fault, extra={"action": "forget"})
            else:
                if gone:
                    log.info("- deleted by age: %s", gone, extra={"action": "forget"})
            await asyncio.sleep(EVERY_S)

    async def forget(self, before: datetime | None = None, *, dry: bool = False) -> Forgotten:
        """Everything that ended before this day, without it: before those that are to be kept.
        `dry`: it is only counted."""
        of_records = before or self._kept_from(self.record_days)
        of_queue = before or self._kept_from(self.queue_days)
        calls = await self._forget_records(of_records, dry=dry) if of_records else Forgotten()
        gone = await self._forget_queue(of_queue, dry=dry) if of_queue else Forgotten()
        return replace(gone, calls=calls.calls, recordings=calls.recordings)

    def midnight(self, days: int) -> datetime:
        """The beginning of the day so many days ago."""
        day = self.clock.now().date() - timedelta(days=days)
        return datetime.combine(day, time()).astimezone()

    def _kept_from(self, days: int) -> datetime | None:
        return self.midnight(days) if days else None

    async def _forget_queue(self, before: datetime, *, dry: bool) -> Forgotten:
        """Contacts that ended before, with attempts and events."""
        async with _opened(self.queue, SCHEMA) as database:
            if database is None:
                return Forgotten()
            at = before.timestamp()
            if dry:
                counts = await database.run(partial(forgettable, before=at), read=True)
                return Forgotten(contacts=counts[0], attempts=counts[1], events=counts[2])
            people, attempts = await self._forget_contacts(database, at)
            events = await self._forget_events(database, at)
            return Forgotten(contacts=people, attempts=attempts, events=events)

    async def _forget_records(self, before: datetime, *, dry: bool) -> Forgotten:
        """Calls that ended before, with recordings; those of people who are still owed something
        stay."""
        async with _opened(self.queue, SCHEMA) as queue:
            owed = frozenset[str]() if queue is None else await queue.run(owed_calls, read=True)
        calls = recordings = 0
        async with _opened(self.records, RECORDS) as database:
            after: OldCall | None = None
            while database is not None:
                page = await database.run(partial(old_calls, before=before, after=after), read=True)
                if not page:
                    break
                after = page[-1]
                old = [call for call in page if call.call_id not in owed]
                files = [Path(call.recording) for call in old if call.recording]
                went, kept = await asyncio.to_thread(_deleted, files, dry=dry)
                gone = [call for call in old if Path(call.recording) not in kept]
                if gone and not dry:
                    ids = [call.call_id for call in gone]
                    await undisturbed(partial(database.run, partial(forget_calls, call_ids=ids)))
                    await asyncio.sleep(self.pause_s)
                calls += len(gone)
                recordings += went
        recordings += await asyncio.to_thread(self._callbacks, before.date(), dry=dry)
        return Forgotten(calls=calls, recordings=recordings)

    async def _forget_contacts(self, database: Database, before: float) -> tuple[int, int]:
        people = attempts = 0
        while True:
            step = partial(forget_contacts, before=before)
            gone = await undisturbed(partial(database.run, step))
            if gone is None or not gone[0]:
                return people, attempts
            people, attempts = people + gone[0], attempts + gone[1]
            await asyncio.sleep(self.pause_s)

    async def _forget_events(self, database: Database, before: float) -> int:
        seen = EventsSeen()
        deleted = 0
        while True:
            step = partial(forget_events, before=before, seen=seen)
            more = await undisturbed(partial(database.run, step))
            if more is None or not more.looked_at:
                return deleted
            seen, deleted = more, deleted + more.deleted
            await asyncio.sleep(self.pause_s)

    def _callbacks(self, before: date, *, dry: bool) -> int:
        count = 0
        for folder in sorted(self.recordings.glob("????-??-??")):
            if not folder.is_dir() or folder.name >= before.isoformat():
                continue
            went, _ = _deleted(list(folder.glob(CALLBACKS)), dry=dry)
            count += went
            if not dry:
                with suppress(OSError):
                    folder.rmdir()  # refused while anything is in it
        return count


def _deleted(files: list[Path], *, dry: bool) -> tuple[int, frozenset[Path]]:
    """How many files went, or would; those that could not, whose records have to stay with them."""
    went, kept = 0, set()
    for file in files:
        try:
            there = file.is_file()
            if there and not dry:
                file.unlink()
        except OSError as fault:
            log.error("x recording not deleted: %s", fault, extra={"action": "forget"})
            kept.add(file)
        else:
            went += there
    return went, frozenset(kept)


@asynccontextmanager
async def _opened(url: str, schema: Schema) -> AsyncIterator[Database | None]:
    """None where there is no database yet."""
    try:
        database = await Database.open(url, create=False, schema=schema)
    except StoreError as fault:
        if fault.code != "missing":
            raise
        yield None
        return
    try:
        yield database
    finally:
        await database.aclose()
