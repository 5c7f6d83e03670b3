"""Records in a real SQLite database; statements compiled for PostgreSQL as well."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql

from ivr.analytics.cdr import Cdr
from ivr.errors import StoreError
from ivr.events import (
    CallId,
    HandoffEnded,
    HandoffProgressed,
    HandoffStarted,
    TurnCompleted,
)
from ivr.nlu.schema import Entity, EntityKind
from ivr.storage import database as database_module
from ivr.storage import tables
from ivr.storage.ports import CallbackRequest, HandoffRecord, HandoffStep, TranscriptLine
from ivr.storage.sql import SqlStore

pytestmark = pytest.mark.integration

CALL = CallId("5f0c-1")
NOW = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "ivr.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqlStore]:
    opened = await SqlStore.open(f"sqlite:///{path}")
    yield opened
    await opened.aclose()


def cdr(call_id: str = CALL, minutes: int = 0) -> Cdr:
    return Cdr(
        call_id=CallId(call_id),
        offered_at=NOW + timedelta(minutes=minutes),
        ani="9031234567",
        dnis="0611",
        sip_call_id="x@y",
    )


TURN = TurnCompleted(
    call_id=CALL,
    index=1,
    at=NOW,
    kind="heard",
    question="open",
    speech_start_s=1.25,
    speech_end_s=2.5,
    text="мой баланс «сейчас»",
    last_partial="мой",
    asr_confidence=0.9,
    intent="balance",
    intent_confidence=0.99,
    entities=(Entity(EntityKind.AMOUNT, "300", "триста", 0, 6),),
    decision="accept",
    reply="На вашем счету…",
    barge_in=True,
    played_s=0.5,
    played_item=2,
    asr_ms=12.0,
    nlu_ms=8.0,
    response_ms=640.0,
)


async def test_a_call_is_written_overwritten_and_read_back_whole(store: SqlStore) -> None:
    await store.save_call(cdr())
    full = replace(
        cdr(),
        answered_at=NOW,
        ended_at=NOW + timedelta(seconds=61.5),
        duration_s=61.5,
        billsec=61.0,
        disposition="ANSWERED",
        hangup_status=200,
        outcome="contained",
        turns=4,
        asr_busy_s=0.25,
    )
    await store.save_call(full)
    assert await store.calls() == (full,)
    assert await store.call(CALL) == full
    read = await store.call(CALL)
    assert read is not None
    assert read.offered_at.tzinfo is not None


async def test_calls_come_newest_first_limited_and_by_number(store: SqlStore) -> None:
    for index in range(4):
        await store.save_call(cdr(f"c{index}", minutes=index))
    await store.save_call(replace(cdr("other", 9), ani="9160000000"))
    assert [call.call_id for call in await store.calls(2)] == ["other", "c3"]
    assert [call.call_id for call in await store.calls(2, ani="9031234567")] == ["c3", "c2"]


async def test_calls_since_a_time_are_those_offered_then_or_later(store: SqlStore) -> None:
    for index in range(4):
        await store.save_call(cdr(f"c{index}", minutes=index))
    since = NOW + timedelta(minutes=2)
    assert [call.call_id for call in await store.calls(since=since)] == ["c3", "c2"]


async def test_a_call_is_found_by_the_beginning_of_its_id(store: SqlStore) -> None:
    for call_id in ("aa", "aab", "b_1", "bx1"):
        await store.save_call(cdr(call_id))
    assert (found := await store.call("b_")) is not None
    assert found.call_id == "b_1"
    assert (found := await store.call("aa")) is not None
    assert found.call_id == "aa"
    assert await store.call("zz") is None
    with pytest.raises(StoreError, match="several calls begin with 'b'"):
        await store.call("b")


async def test_turns_keep_every_field_and_their_order(store: SqlStore) -> None:
    first = replace(TURN, index=0, kind="started", entities=(), asr_confidence=None, barge_in=False)
    await store.add_turn(TURN)
    await store.add_turn(first)
    assert await store.turns(CALL) == (first, TURN)
    none = CallId("none")
    assert await store.turns_of([CALL, none]) == {CALL: (first, TURN), none: ()}


async def test_handoffs_are_followed_from_transfer_to_bridge(store: SqlStore) -> None:
    def started(mode: str) -> HandoffStarted:
        return HandoffStarted(
            call_id=CALL, at=NOW, handoff_id="h1", mode=mode, target="sip:o@p", reason="operator"
        )

    await store.add_handoff_event(started("refer"))
    for status in (100, 486):
        await store.add_handoff_event(
            HandoffProgressed(
                call_id=CALL, at=NOW, handoff_id="h1", mode="refer", status=status, reason="x"
            )
        )
    await store.add_handoff_event(
        HandoffEnded(call_id=CALL, at=NOW, handoff_id="h1", mode="refer", outcome="busy")
    )
    await store.add_handoff_event(started("bridge"))
    by_mode = {attempt.mode: attempt for attempt in await store.handoff_attempts(CALL)}
    assert by_mode["refer"].outcome == "busy"
    assert by_mode["refer"].steps == (HandoffStep(NOW, 100, "x"), HandoffStep(NOW, 486, "x"))
    assert by_mode["bridge"].outcome == ""
    assert by_mode["bridge"].ended_at is None


async def test_what_the_operator_gets_is_there_when_saving_returns(store: SqlStore) -> None:
    record = HandoffRecord(
        handoff_id="h1",
        call_id=CALL,
        created_at=NOW,
        caller_number="9031234567",
        reason="complaint",
        intent="complaint",
        slots={"tariff": "Близкие люди"},
        transcript=(TranscriptLine("caller", "жалоба"), TranscriptLine("bot", "Соединяю")),
    )
    await store.save_handoff(record)
    assert await store.handoff("h1") == record
    assert await store.handoff("h2") is None


async def test_a_promise_is_on_disk_when_it_was_made_even_if_the_caller_is_gone(
    store: SqlStore, path: Path
) -> None:
    request = CallbackRequest(
        request_id="r1", call_id=CALL, number="9031234567", reason="closed", requested_at=NOW
    )
    task = asyncio.create_task(store.add_callback_request(request))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await store.add_callback_request(replace(request, request_id="r2", state="done"))
    with sqlite3.connect(path) as other:
        rows = other.execute("SELECT request_id, number, state FROM callback_requests").fetchall()
    other.close()
    assert rows == [("r1", "9031234567", "requested"), ("r2", "9031234567", "done")]
    assert await store.callback_requests() == (request,)
    assert len(await store.callback_requests(state="")) == 2


async def test_every_commit_is_flushed_to_disk(store: SqlStore) -> None:
    pragmas = await store._database.run(
        lambda db: [
            db.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous")
        ]
    )
    assert pragmas == ["wal", 2]


async def test_records_survive_a_restart(store: SqlStore, path: Path) -> None:
    await store.save_call(cdr())
    await store.aclose()
    again = await SqlStore.open(f"sqlite:///{path}", create=False)
    assert await again.calls() == (cdr(),)
    await again.aclose()


async def test_a_locked_database_is_a_store_error_with_its_own_code(
    store: SqlStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store._database.run(lambda db: db.exec_driver_sql("PRAGMA busy_timeout=1").scalar())
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked") as caught:
        await store.save_call(cdr())
    assert caught.value.code == "locked"
    other.execute("ROLLBACK")
    other.close()
    await store.save_call(cdr())


async def test_a_full_disk_is_a_store_error_and_not_the_end(store: SqlStore) -> None:
    def shrink(db: object) -> None:
        pages = db.exec_driver_sql("PRAGMA page_count").scalar()  # type: ignore[attr-defined]
        db.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar()  # type: ignore[attr-defined]

    await store._database.run(shrink)
    with pytest.raises(StoreError, match="disk is full"):
        await store.add_turn(replace(TURN, reply="да " * 100_000))
    assert "full" in store.fault
    assert await store.calls() == ()
    assert store.fault == ""


async def test_requests_beyond_the_bound_are_refused(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "QUEUED_REQUESTS", 2)
    results = await asyncio.gather(*(store.calls() for _ in range(5)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, StoreError)]
    assert len(refused) == 3
    assert {fault.code for fault in refused} == {"busy"}


async def test_a_closed_store_says_so(store: SqlStore) -> None:
    await store.aclose()
    with pytest.raises(StoreError, match="is closed"):
        await store.calls()


async def test_paths_that_cannot_be_are_told_at_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a database, and much longer than a header" * 30)
    with pytest.raises(StoreError, match="cannot create the database folder"):
        await SqlStore.open(f"sqlite:///{tmp_path}/file/ivr.db")
    with pytest.raises(StoreError, match="not a database"):
        await SqlStore.open(f"sqlite:///{tmp_path}/file")
    with pytest.raises(StoreError, match="unable to open database file"):
        await SqlStore.open(f"sqlite:///{tmp_path}")
    with pytest.raises(StoreError, match="no call was recorded"):
        await SqlStore.open(f"sqlite:///{tmp_path}/none.db", create=False)
    assert not (tmp_path / "none.db").exists()


async def test_urls_that_cannot_be_are_told_at_start() -> None:
    with pytest.raises(StoreError, match="not a database URL"):
        await SqlStore.open("nonsense")
    with pytest.raises(StoreError, match="no Python driver for oracle9"):
        await SqlStore.open("oracle9://x/y")


async def test_a_newer_schema_is_refused(store: SqlStore, path: Path) -> None:
    await store.aclose()
    other = sqlite3.connect(path)
    with other:
        other.execute("UPDATE schema_version SET version = 99")
    other.close()
    with pytest.raises(StoreError, match="schema 99, this program knows only"):
        await SqlStore.open(f"sqlite:///{path}")


async def test_tables_and_migrations_name_the_same_columns(store: SqlStore) -> None:
    for table in tables.metadata.sorted_tables:
        rows = await store._database.run(
            lambda db, name=table.name: db.exec_driver_sql(f"PRAGMA table_info({name})").all()
        )
        assert [row.name for row in rows] == [column.name for column in table.columns]


def test_statements_compile_for_postgresql() -> None:
    dialect = postgresql.dialect()
    for table in tables.metadata.sorted_tables:
        assert str(select(table).compile(dialect=dialect)).startswith("SELECT")
        assert str(insert(table).compile(dialect=dialect)).startswith("INSERT")
