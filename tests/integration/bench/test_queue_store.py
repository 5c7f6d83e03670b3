"""The databases' figures are measured on real ones."""

from pathlib import Path

import pytest

from ivr.bench.queue import stores
from ivr.testing.postgresql import PostgresServer

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_contact_lives_its_whole_life_on_the_database(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stores, "WAITING", 30)
    if kind == "sqlite":
        found = await stores.store_rate(kind, f"sqlite:///{tmp_path}/queue.db", 5)
    else:
        with PostgresServer() as server:
            found = await stores.store_rate(kind, server.new_database(), 5)
    assert found.waiting == 30 - stores.OPERATORS
    assert found.enqueue_assign > found.whole_life > 0
    assert 0 < found.assign_p50_ms <= found.assign_p99_ms
