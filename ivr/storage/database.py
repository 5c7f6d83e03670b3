"""A database behind one thread of its own: opened, migrated, asked from the event loop.

Works with SQLite (write-ahead log, every commit on disk before it returns) and with any URL that
SQLAlchemy knows whose database takes the migrations; PostgreSQL is the intended one.
"""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from ivr.errors import StoreError

T = TypeVar("T")

QUEUED_REQUESTS: Final = 256
"""Requests waiting for the database thread; beyond it `StoreError` 'busy'."""
BUSY_TIMEOUT_MS: Final = 2000


class Database:
    """One engine, one thread, bounded requests. Coroutines of the event loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")
        self._waiting = 0
        self.fault = ""
        """What went wrong with the last transaction, '' while the database works."""

    @classmethod
    async def open(cls, url: str, *, create: bool = True) -> "Database":
        """Connect and bring the schema up to date; `StoreError` says what is in the way.

        With `create` False a SQLite file that is not there is an error.
        """
        database = cls(_engine(_parsed(url), create))
        try:
            await database.run(partial(_migrate, prove_writable=create))
        except BaseException:
            await database.aclose()
            raise
        return database

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one transaction on the database thread; committed when this returns."""
        if self._waiting >= QUEUED_REQUESTS:
            raise StoreError("busy", f"the database has {self._waiting} requests waiting")
        try:
            future = asyncio.get_running_loop().run_in_executor(
                self._thread, partial(self._transact, work)
            )
        except RuntimeError as exc:
            raise StoreError("closed", "the database is closed") from exc
        self._waiting += 1
        try:
            return await asyncio.shield(future)  # a promise begun is kept though its caller hung up
        finally:
            self._waiting -= 1

    async def aclose(self) -> None:
        """Finish what is queued and close. Idempotent."""
        await asyncio.to_thread(self._thread.shutdown)
        self._engine.dispose()

    def _transact(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._engine.begin() as connection:
                result = work(connection)
        except SQLAlchemyError as exc:
            cause = getattr(exc, "orig", None) or exc
            self.fault = str(cause)
            code = "locked" if "locked" in str(cause) else "database"
            name = self._engine.url.render_as_string(hide_password=True)
            raise StoreError(code, f"database {name}: {cause}") from exc
        self.fault = ""
        return result


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as exc:
        raise StoreError("url", f"{url!r} is not a database URL, e.g. sqlite:///ivr.db") from exc


def _engine(url: URL, create: bool) -> Engine:
    is_sqlite = url.get_backend_name() == "sqlite"
    if is_sqlite:
        _prepare_file(url.database or "", create)
    try:
        engine = create_engine(
            url,
            json_serializer=partial(json.dumps, ensure_ascii=False),
            pool_pre_ping=not is_sqlite,
        )
    except (NoSuchModuleError, ImportError) as exc:
        raise StoreError(
            "driver",
            f"no Python driver for {url.drivername}: {exc}. For PostgreSQL: pip install "
            "'psycopg[binary]' and a URL beginning with postgresql+psycopg://",
        ) from exc
    if is_sqlite:
        event.listen(engine, "connect", _on_sqlite_connect)
    return engine


def _prepare_file(name: str, create: bool) -> None:
    if name in ("", ":memory:"):
        return
    path = Path(name)
    if not create and not path.exists():
        raise StoreError("missing", f"there is no database {path} yet: no call was recorded")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StoreError(
            "folder", f"cannot create the database folder {path.parent}: {exc}"
        ) from exc


def _on_sqlite_connect(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute(
        "PRAGMA synchronous=FULL"
    )  # WAL's default may lose the last commits at power loss
    cursor.close()


def _migrate(connection: Connection, *, prove_writable: bool) -> None:
    """Apply what the database does not have yet, in order, all or nothing."""
    connection.execute(text("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)"))
    version = connection.execute(text("SELECT MAX(version) FROM schema_version")).scalar() or 0
    steps = _migrations()
    if version > len(steps):
        raise StoreError(
            "schema", f"the database has schema {version}, this program knows only {len(steps)}"
        )
    if version == len(steps) and not prove_writable:
        return
    # Writing at every start finds a read-only or full disk now, not in the first call.
    connection.execute(text("DELETE FROM schema_version"))
    for script in steps[version:]:
        for statement in script.split(";"):
            if statement.strip():
                connection.execute(text(statement))
    connection.execute(
        text("INSERT INTO schema_version VALUES (:version)"), {"version": len(steps)}
    )


def _migrations() -> list[str]:
    """The numbered SQL files, 0001 first."""
    folder = resources.files("ivr.storage") / "migrations"
    files = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".sql")),
        key=lambda entry: entry.name,
    )
    return [entry.read_text(encoding="utf-8") for entry in files]
