"""Brings a database's tables up to date: numbered SQL files, applied in order, all or nothing."""

from importlib import resources
from typing import Final

from sqlalchemy import Connection, text

from ivr.errors import StoreError
from ivr.storage.engines import Schema

AUTO_KEY: Final = {
    "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "postgresql": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
}
"""What stands for AUTO_KEY in a migration."""
MIGRATING: Final = 0x0610
"""Key of PostgreSQL's advisory lock: several nodes may start at once."""


def migrate(connection: Connection, *, schema: Schema, prove_writable: bool) -> None:
    """Apply what the database does not have yet."""
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATING})
    table = schema.table
    connection.execute(text(f"CREATE TABLE IF NOT EXISTS {table} (version INTEGER NOT NULL)"))
    version = connection.execute(text(f"SELECT MAX(version) FROM {table}")).scalar() or 0
    steps = _migrations(schema)
    if version > len(steps):
        raise StoreError(
            "schema", f"the database has schema {version}, this program knows only {len(steps)}"
        )
    if version == len(steps) and not prove_writable:
        return
    # Writing at every start finds a read-only or full disk now, not in the first call.
    connection.execute(text(f"DELETE FROM {table}"))
    for script in steps[version:]:
        for statement in script.replace("AUTO_KEY", AUTO_KEY.get(dialect, "")).split(";"):
            if statement.strip():
                connection.execute(text(statement))
    connection.execute(text(f"INSERT INTO {table} VALUES (:version)"), {"version": len(steps)})


def _migrations(schema: Schema) -> list[str]:
    """The numbered SQL files, 0001 first."""
    folder = resources.files("ivr.storage") / "migrations"
    if schema.folder:
        folder = folder / schema.folder
    files = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".sql")),
        key=lambda entry: entry.name,
    )
    return [entry.read_text(encoding="utf-8") for entry in files]
