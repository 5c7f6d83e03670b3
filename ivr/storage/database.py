"""A database behind one thread of its own: opened, migrated, asked from the event loop.

Works with SQLite (write-ahead log, every commit on disk before it returns) and with any URL that
SQLAlchemy knows whose database takes the migrations; PostgreSQL is the intended one.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from ivr.errors import StoreError
from ivr.storage.engines import READING, Schema, cut_off, open_engine
from ivr.storage.migrating import migrate

T = TypeVar("T")

QUEUED_REQUESTS: Final = 256
"""Requests waiting for the database thread; beyond it `StoreError` 'busy'."""
RECORDS: Final = Schema(folder="", table="schema_version")
CODES: Final = {
    "40001": "conflict",  # serialization failure
    "40P01": "conflict",  # deadlock
    "55P03": "locked",  # lock not available in time
    "25P03": "conflict",  # we were too slow between two statements, and were rolled back
}
"""PostgreSQL's SQLSTATE -> code of `StoreError`."""


@dataclass(slots=True)
class _Request(Generic[T]):
    """Something asked of the database thread."""

    work: Callable[[Connection], T]
    read: bool
    given_up: bool = False
    """Nobody waits for it any more: not to be begun."""


class Database:
    """One engine, one thread, bounded requests. Coroutines of the event loop."""

    def __init__(self, engine: Engine, answer_s: float | None = None) -> None:
        self._engine = engine
        self._answer_s = answer_s
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")
        self._waiting = 0
        self._connection: Connection | None = None
        self.fault = ""
        """What went wrong with the last transaction, '' while the database works."""

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        create: bool = True,
        schema: Schema = RECORDS,
        answer_s: float | None = None,
    ) -> "Database":
        """Connect and bring the schema up to date; `StoreError` says what is in the way.

        With `create` False a SQLite file that is not there is an error. A request that has no
        answer after `answer_s` seconds is given up and its connection cut; None: no limit.
        """
        database = cls(open_engine(url, create=create, schema=schema, answer_s=answer_s), answer_s)
        try:
            await database.run(partial(migrate, schema=schema, prove_writable=create))
        except BaseException:
            await database.aclose()
            raise
        return database

    async def run(self, work: Callable[[Connection], T], *, read: bool = False) -> T:
        """Do `work` in one transaction on the database thread; committed when this returns.

        `read`: it writes nothing and need not wait for those who do.
        """
        if self._waiting >= QUEUED_REQUESTS:
            raise StoreError("busy", f"the database has {self._waiting} requests waiting")
        request = _Request(work, read)
        try:
            future = asyncio.get_running_loop().run_in_executor(
                self._thread, partial(self._transact, request)
            )
        except RuntimeError as exc:
            raise StoreError("closed", "the database is closed") from exc
        self._waiting += 1
        try:
            # A promise begun is kept though its caller hung up.
            async with asyncio.timeout(self._answer_s):
                return await asyncio.shield(future)
        except TimeoutError as exc:
            request.given_up = True
            future.add_done_callback(_ignored)
            if self._connection is not None:
                cut_off(self._connection)
            self.fault = f"no answer within {self._answer_s} s"
            raise StoreError("timeout", f"database {self._name}: {self.fault}") from exc
        finally:
            self._waiting -= 1

    async def aclose(self) -> None:
        """Finish what is queued and close. Idempotent."""
        await asyncio.to_thread(self._thread.shutdown)
        self._engine.dispose()

    @property
    def _name(self) -> str:
        return self._engine.url.render_as_string(hide_password=True)

    def _transact(self, request: _Request[T]) -> T:
        if request.given_up:
            raise StoreError("timeout", "nobody waits for it any more")
        try:
            with self._engine.connect() as connection:
                if request.read:
                    connection.execution_options(**READING)
                self._connection = connection
                with connection.begin():
                    result = request.work(connection)
        except SQLAlchemyError as exc:
            cause = getattr(exc, "orig", None) or exc
            self.fault = str(cause)
            raise StoreError(_code(exc), f"database {self._name}: {cause}") from exc
        finally:
            self._connection = None
        self.fault = ""
        return result


def _code(fault: SQLAlchemyError) -> str:
    """What a caller may do about it: 'locked' and 'conflict' are worth another try."""
    if isinstance(fault, IntegrityError):
        return "conflict"
    cause = fault.orig if isinstance(fault, DBAPIError) else None
    if "locked" in str(cause):
        return "locked"
    return CODES.get(getattr(cause, "sqlstate", None) or "", "database")


def _ignored(future: "asyncio.Future[T]") -> None:
    """Its fault was told when it was given up."""
    if not future.cancelled():
        future.exception()
