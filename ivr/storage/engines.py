"""How SQLite and PostgreSQL are spoken to: files, transactions, time limits, what cuts them off."""

import contextlib
import json
import os
import socket
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from ivr.errors import StoreError

BUSY_TIMEOUT_MS: Final = 2000
READING: Final = {"ivr_begin": "BEGIN"}
"""Execution options of a transaction that only reads: SQLite's readers wait for no writer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """A set of tables that is migrated as one."""

    folder: str
    """Below `ivr/storage/migrations`; '' for that folder itself."""
    table: str
    """Where its version is kept."""
    locking: bool = False
    """SQLite transactions begin with the write lock: what was read cannot change before it is
    written. Needed where several processes write."""


def open_engine(url: str, *, create: bool, schema: Schema, answer_s: float | None) -> Engine:
    """Not connected yet; `StoreError` when the URL, the driver or the folder cannot be used."""
    parsed = _parsed(url)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    if is_sqlite:
        _prepare_file(parsed.database or "", create)
    limits = {} if is_sqlite or answer_s is None else _limits(answer_s)
    try:
        engine = create_engine(
            parsed,
            json_serializer=partial(json.dumps, ensure_ascii=False),
            pool_pre_ping=not is_sqlite,
            connect_args=limits,
        )
    except (NoSuchModuleError, ImportError) as exc:
        raise StoreError(
            "driver",
            f"no Python driver for {parsed.drivername}: {exc}. A PostgreSQL URL begins with "
            "postgresql+psycopg://",
        ) from exc
    if is_sqlite:
        event.listen(engine, "connect", partial(_on_sqlite_connect, locking=schema.locking))
        if schema.locking:
            event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def cut_off(connection: Connection) -> None:
    """End a request that has no answer, from another thread than the one that waits for it.

    A network that swallows packets tells nobody; only closing our end wakes the waiting thread.
    """
    with contextlib.suppress(Exception):  # it may be over this very moment
        driver: Any = connection.connection.driver_connection
        descriptor = os.dup(driver.pgconn.socket)
        with socket.socket(fileno=descriptor) as ours:
            ours.shutdown(socket.SHUT_RDWR)


def _limits(answer_s: float) -> dict[str, object]:
    """PostgreSQL ends what we would give up, and transactions of a node that is stopped or cut off:
    their locks are in the way of the others."""
    whole_ms = int(answer_s * 1000)
    return {
        "connect_timeout": max(2, int(answer_s)),
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
        "tcp_user_timeout": whole_ms,
        "application_name": "ivr",
        "options": (
            f"-c statement_timeout={whole_ms} -c lock_timeout={whole_ms // 2} "
            f"-c idle_in_transaction_session_timeout={whole_ms} -c jit=off"
        ),
    }


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as exc:
        raise StoreError("url", f"{url!r} is not a database URL, e.g. sqlite:///ivr.db") from exc


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


def _on_sqlite_connect(connection: Any, _record: object, *, locking: bool) -> None:
    if locking:
        connection.isolation_level = None  # transactions begin where `_on_sqlite_begin` says
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute(
        "PRAGMA synchronous=FULL"
    )  # WAL's default may lose the last commits at power loss
    cursor.close()


def _on_sqlite_begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    connection.exec_driver_sql(options.get("ivr_begin", "BEGIN IMMEDIATE"))
