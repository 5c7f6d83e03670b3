"""A real PostgreSQL server of each test process, and the queue's store on both databases."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from ivr.queue.rules import QueueRules
from ivr.storage.queue_store import SqlQueueStore
from ivr.testing.postgresql import PostgresServer


class SetClock:
    """The database's clock, as a test sets it; seconds."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self, _db: Connection) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer(durable=False) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def queue_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/queue.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def clock() -> SetClock:
    return SetClock(1000.0)


@pytest.fixture
def rules() -> QueueRules:
    return QueueRules()


@pytest.fixture
async def queue(queue_url: str, rules: QueueRules, clock: SetClock) -> AsyncIterator[SqlQueueStore]:
    store = await SqlQueueStore.open(queue_url, rules, now=clock)
    yield store
    await store.aclose()
