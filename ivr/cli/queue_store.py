"""The queue's database for commands: they work beside a running service, and on a remote one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from ivr.config import load
from ivr.errors import StoreError
from ivr.storage.queue_store import SqlQueueStore

DatabaseOption = Annotated[
    str, typer.Option("--database", help="URL of another queue than queue.database.")
]


@asynccontextmanager
async def open_queue(
    config_file: Path | None, url: str = "", *, create: bool = False
) -> AsyncIterator[SqlQueueStore]:
    """The store within the block. With `create` a SQLite file is made where there is none."""
    name = url or load(config_file).queue.database
    try:
        store = await SqlQueueStore.open(name, create=create)
    except StoreError as fault:
        if fault.code != "missing":
            raise
        raise StoreError(
            "missing",
            f"there is no queue {name} yet: `ivr operators add` and `ivr serve` make it "
            "(queue.database in the configuration, --database here)",
        ) from fault
    try:
        yield store
    finally:
        await store.aclose()
