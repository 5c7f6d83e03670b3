"""What the shared queue does when its database is locked, gone, silent, full or of another time."""

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import insert, inspect, text

from ivr.errors import StoreError
from ivr.queue.model import ContactId, ContactKind, NodeId
from ivr.storage import again, migrating, queue_matching, queue_store, queue_tables
from ivr.storage.database import Database
from ivr.storage.queue_store import SCHEMA, SqlQueueStore
from ivr.storage.queue_work import Work
from ivr.testing.postgresql import PostgresServer
from ivr.testing.queue_values import a_contact
from ivr.testing.tcp_proxy import TcpProxy

pytestmark = pytest.mark.integration

NODE = NodeId("node-a")


async def test_tables_and_migrations_name_the_same_columns(queue: SqlQueueStore) -> None:
    for table in queue_tables.metadata.sorted_tables:
        columns = await queue._database.run(
            lambda db, name=table.name: inspect(db).get_columns(name)
        )
        assert [column["name"] for column in columns] == [column.name for column in table.columns]


async def test_promises_of_the_first_version_are_kept_by_this_one(
    queue_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = migrating._migrations(SCHEMA)
    with monkeypatch.context() as earlier:
        earlier.setattr(migrating, "_migrations", lambda _: every[:1])
        first = await Database.open(queue_url, schema=SCHEMA)
        row = queue_tables.contact_row(a_contact("c1", 5.0, ContactKind.CALLBACK, tries=2))
        del row["faults"]
        await first.run(lambda db: db.execute(insert(queue_tables.contacts).values(row)).rowcount)
        await first.aclose()
    queue = await SqlQueueStore.open(queue_url)
    contact = await queue.contact(ContactId("c1"))
    assert contact is not None
    assert (contact.tries, contact.faults) == (2, 0)
    assert (await queue.become_callback(contact.contact_id, "9030000001")).contact.place_at == 5.0
    await queue.aclose()


async def test_queue_and_records_may_share_one_database(queue_url: str) -> None:
    records = await Database.open(queue_url)
    queue = await SqlQueueStore.open(queue_url)
    try:
        await queue.enqueue(a_contact("c1"))
        for table in ("schema_version", SCHEMA.table):
            version = await records.run(
                lambda db, name=table: db.execute(text(f"SELECT version FROM {name}")).scalar()
            )
            assert version >= 1
    finally:
        await queue.aclose()
        await records.aclose()


async def test_sqlite_flushes_every_commit_and_begins_with_its_write_lock(tmp_path: Path) -> None:
    queue = await SqlQueueStore.open(f"sqlite:///{tmp_path}/queue.db")
    other = sqlite3.connect(
        tmp_path / "queue.db", isolation_level=None, timeout=0.0, check_same_thread=False
    )
    try:
        pragmas = await queue._database.run(
            lambda db: [
                db.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous")
            ]
        )
        assert pragmas == ["wal", 2]

        def blocked(_db: object) -> str:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
            return "locked"

        assert await queue._database.run(blocked) == "locked"
        other.execute("BEGIN IMMEDIATE")
        assert (await queue.snapshot()).waiting_count == 0  # readers wait for nobody
        other.execute("ROLLBACK")
    finally:
        other.close()
        await queue.aclose()


async def test_a_lock_that_is_held_too_long_is_a_store_error_and_a_short_one_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "PAUSE_S", 0.001)
    queue = await SqlQueueStore.open(f"sqlite:///{tmp_path}/queue.db")
    other = sqlite3.connect(tmp_path / "queue.db", isolation_level=None)
    try:
        await queue._database.run(lambda db: db.exec_driver_sql("PRAGMA busy_timeout=10").scalar())
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked") as caught:
            await queue.enqueue(a_contact("c1"))
        assert caught.value.code == "locked"
        assert "locked" in queue.fault
        monkeypatch.setattr(again, "PAUSE_S", 0.3)
        waiting = asyncio.create_task(queue.enqueue(a_contact("c1")))
        await asyncio.sleep(0.05)
        other.execute("ROLLBACK")
        assert not (await waiting).known
        assert queue.fault == ""
    finally:
        other.close()
        await queue.aclose()


async def test_rows_locked_by_somebody_else_are_waited_for_and_not_for_ever(
    postgres: PostgresServer,
) -> None:
    url = postgres.new_database()
    queue = await SqlQueueStore.open(url)
    other = await Database.open(url, schema=SCHEMA)
    try:
        await queue.enqueue(a_contact("c1"))
        held, release = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def hold(db: object) -> None:
            db.execute(text("SELECT * FROM queue_contacts FOR UPDATE"))  # type: ignore[attr-defined]
            loop.call_soon_threadsafe(held.set)
            asyncio.run_coroutine_threadsafe(release.wait(), loop).result()

        holding = asyncio.create_task(other.run(hold))
        await held.wait()
        leaving = asyncio.create_task(queue.leave(ContactId("c1")))
        await asyncio.sleep(0.2)
        assert not leaving.done()
        release.set()
        await holding
        assert await leaving
    finally:
        await queue.aclose()
        await other.aclose()


async def test_a_database_that_stops_and_starts_again_is_a_fault_and_then_none() -> None:
    with PostgresServer() as server:
        queue = await SqlQueueStore.open(server.new_database())
        try:
            await queue.enqueue(a_contact("c1", kind=ContactKind.CALLBACK))
            server.stop()
            with pytest.raises(StoreError):
                await queue.renew(NODE)
            assert queue.fault
            server.start()
            assert await queue.renew(NODE) == 6.0
            assert queue.fault == ""
            assert (await queue.snapshot()).waiting_count == 1
        finally:
            await queue.aclose()


async def test_a_network_that_swallows_packets_is_given_up_in_time_and_used_again_when_mended(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_store, "ANSWER_S", 0.5)
    database = postgres.new_database().rsplit("/", 1)[1]
    async with TcpProxy(postgres.port) as network:
        queue = await SqlQueueStore.open(postgres.url(database, network.port))
        try:
            await queue.enqueue(a_contact("before"))
            network.cut()
            began = time.monotonic()
            lost = await asyncio.gather(
                *(queue.enqueue(a_contact(f"cut{index}")) for index in range(3)),
                return_exceptions=True,
            )
            assert time.monotonic() - began < 2.0
            assert {type(fault) for fault in lost} == {StoreError}
            assert {fault.code for fault in lost if isinstance(fault, StoreError)} == {"timeout"}
            network.mend()
            await asyncio.sleep(0.2)
            assert not (await queue.enqueue(a_contact("after"))).known
            # What nobody waited for any more was not begun, but for the one under way.
            assert (await queue.snapshot()).waiting_count <= 3
        finally:
            await queue.aclose()


async def test_a_closed_queue_and_one_of_another_time_say_so(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/queue.db"
    queue = await SqlQueueStore.open(url)
    await queue._database.run(
        lambda db: db.execute(text(f"UPDATE {SCHEMA.table} SET version = 99")).rowcount
    )
    await queue.aclose()
    with pytest.raises(StoreError, match="is closed"):
        await queue.snapshot()
    with pytest.raises(StoreError, match="schema 99, this program knows only"):
        await SqlQueueStore.open(url)
    with pytest.raises(StoreError, match="there is no database"):
        await SqlQueueStore.open(f"sqlite:///{tmp_path}/none.db", create=False)


async def test_heads_and_places_are_found_by_an_index_and_not_by_sorting(
    queue: SqlQueueStore,
) -> None:
    """Among many who wait, the first are read, not all."""

    def explain(work: Work) -> str:
        heads = queue_matching._takeable(work).where(
            queue_tables.contacts.c.skill == "general",
            queue_tables.contacts.c.language == "ru",
            queue_tables.contacts.c.kind == "call",
        )
        compiled = heads.limit(5).compile(
            work.db, compile_kwargs={"literal_binds": True, "render_postcompile": True}
        )
        prefix = "EXPLAIN QUERY PLAN" if work.db.dialect.name == "sqlite" else "EXPLAIN"
        if work.db.dialect.name == "postgresql":
            work.db.execute(text("SET LOCAL enable_seqscan = off"))
        rows = work.db.exec_driver_sql(f"{prefix} {compiled}".replace("%", "%%"))
        return "\n".join(" ".join(map(str, row)) for row in rows)

    plan = await queue._do(explain)
    assert "queue_contacts_order" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan
