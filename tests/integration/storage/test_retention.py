"""What ended long ago is deleted, a little at a time; nothing that is owed, counted or kept."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from ivr.analytics.cdr import Cdr
from ivr.analytics.queue_figures import figures
from ivr.analytics.queue_telling import tell
from ivr.cli.main import app
from ivr.events import CallId, HandoffProgressed, HandoffStarted, TurnCompleted
from ivr.queue.model import AttemptOutcome, ContactId, ContactKind, NodeId, OperatorId
from ivr.queue.steps import STEPS
from ivr.storage import queue_forgetting, record_forgetting
from ivr.storage.database import Database
from ivr.storage.ports import CallbackRequest, HandoffRecord
from ivr.storage.queue_store import SCHEMA, SqlQueueStore
from ivr.storage.retention import Forgotten, Retention
from ivr.storage.sql import SqlStore
from ivr.testing.queue_values import a_contact, an_operator
from tests.integration.storage.conftest import SetClock

pytestmark = pytest.mark.integration

NODE = NodeId("here")
NOW = datetime(2026, 11, 22, 15, 0).astimezone()
DAY_S = 86400.0
KEPT = 90
CUT = datetime(2026, 8, 24).astimezone()
"""Midnight, 90 days before."""


class Today:
    """The clock of the day on which it is done."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


def ago(days: float) -> float:
    return NOW.timestamp() - days * DAY_S


@pytest.fixture
def clock() -> SetClock:
    return SetClock(ago(200))


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several transactions even here."""
    monkeypatch.setattr(queue_forgetting, "CONTACTS_AT_ONCE", 2)
    monkeypatch.setattr(queue_forgetting, "EVENTS_AT_ONCE", 3)
    monkeypatch.setattr(record_forgetting, "CALLS_AT_ONCE", 2)


@pytest.fixture
def retention(queue_url: str, tmp_path: Path) -> Retention:
    return Retention(
        queue=queue_url,
        records=queue_url,  # both may live in one database
        recordings=tmp_path / "recordings",
        queue_days=KEPT,
        record_days=KEPT,
        clock=Today(),
        first_s=0.0,
        pause_s=0.0,
    )


class Past:
    """A queue with a history."""

    def __init__(self, store: SqlQueueStore, clock: SetClock) -> None:
        self.store = store
        self.clock = clock

    async def comes(self, name: str, at: float, **fields: Any) -> None:
        self.clock.now = at
        fields = {"number": f"90300{len(name):05}", "topic": name, **fields}
        await self.store.enqueue(a_contact(name, at, ContactKind.CALLBACK, **fields))

    async def is_called(self, name: str, at: float, until: float) -> None:
        """The operator is free only for this one, and they talk `until` then."""
        self.clock.now = at
        await self.store.renew(NODE)
        await self.store.log_in(OperatorId("anna"))
        (trio,) = await self.store.assign(NODE, 1)
        assert trio.contact.contact_id == name
        claimed = await self.store.claim(trio.attempt)
        assert claimed is not None
        attempt = claimed.attempt
        for step in STEPS[attempt.mode]:
            moved = await self.store.advance(attempt, step)
            assert moved is not None
            attempt = moved
        joined = await self.store.join(attempt)
        assert joined is not None
        self.clock.now = until
        await self.store.end(joined, AttemptOutcome.CONNECTED)
        await self.store.log_out(OperatorId("anna"))

    async def seen(self) -> Any:
        """Figures of every day that is kept."""
        told = tell(await self.store.events(), (await self.store.snapshot()).operators)
        return figures(
            told,
            since=CUT.timestamp(),
            until=NOW.timestamp(),
            now=NOW.timestamp(),
            interval_s=DAY_S,
        )


@pytest.fixture
async def past(queue: SqlQueueStore, clock: SetClock) -> Past:
    """Who is gone for long, who came long ago and is not, and who came lately."""
    past = Past(queue, clock)
    await queue.save_operator(an_operator("anna"))
    for number in range(3):
        await past.comes(f"old{number}", ago(150 - number))
        await past.is_called(f"old{number}", ago(150 - number) + 60, ago(150 - number) + 200)
    await past.comes("taken back", ago(120))
    await queue.cancel(ContactId("taken back"))
    # came before the days that are kept, talked on one of them
    await past.comes("over midnight", CUT.timestamp() - 600)
    await past.is_called("over midnight", CUT.timestamp() - 300, CUT.timestamp() + 300)
    await past.comes("lately", ago(10))
    await past.is_called("lately", ago(10) + 60, ago(10) + 400)
    await past.comes("owed", ago(199))
    clock.now = NOW.timestamp()
    return past


GONE = ("old0", "old1", "old2", "taken back")
STAYS = ("over midnight", "lately", "owed")


async def test_who_ended_long_ago_goes_with_attempts_and_events_and_nobody_else(
    past: Past, retention: Retention
) -> None:
    before = await past.seen()
    told = {event.seq for event in await past.store.events() if event.contact_id in STAYS}
    would = await retention.forget(dry=True)
    assert (would.contacts, would.attempts) == (4, 3)
    assert len(await past.store.events()) > would.events > 30
    gone = await retention.forget()
    assert gone == would
    for name in GONE:
        assert await past.store.contact(ContactId(name)) is None
    for name in STAYS:
        assert await past.store.contact(ContactId(name)) is not None
    after = await past.store.events()
    assert told <= {event.seq for event in after}
    assert not {event.contact_id for event in after} & set(GONE)
    assert min(event.at for event in after if not event.contact_id) >= CUT.timestamp()
    assert await past.seen() == before
    assert sum(line.handling.conversations for line in before) == 1
    assert len(await past.store.history()) == 2
    assert not await retention.forget()


async def test_a_promise_that_is_owed_is_kept_however_old(past: Past, retention: Retention) -> None:
    await retention.forget()
    (owed,) = await past.store.open_contacts("9030000004")
    assert owed.contact_id == "owed"
    await past.is_called("owed", NOW.timestamp(), NOW.timestamp() + 60)


async def test_an_attempt_that_ended_later_keeps_its_contact(
    queue: SqlQueueStore, clock: SetClock, retention: Retention
) -> None:
    await queue.save_operator(an_operator("anna"))
    clock.now = CUT.timestamp() - 5
    await queue.renew(NODE)
    await queue.log_in(OperatorId("anna"))
    await queue.enqueue(a_contact("left", clock.now, node=NODE))
    (trio,) = await queue.assign(NODE, 0)
    await queue.leave(ContactId("left"))
    clock.now = CUT.timestamp() + 5
    await queue.end(trio.attempt, AttemptOutcome.OPERATOR_NO_ANSWER)  # counted on this day
    assert (await retention.forget()).contacts == 0
    assert await queue.contact(ContactId("left")) is not None


async def test_nothing_is_deleted_where_all_is_kept_for_ever(
    past: Past, retention: Retention
) -> None:
    assert await replace(retention, queue_days=0, record_days=0).forget() == Forgotten()
    assert await past.store.contact(ContactId("old0")) is not None


@pytest.mark.parametrize("queue_url", ["postgresql"], indirect=True)  # SQLite has one writer anyway
async def test_one_node_at_a_time(past: Past, retention: Retention) -> None:
    other = await Database.open(retention.queue, schema=SCHEMA)
    entered, done = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(db: Any) -> None:
        db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": queue_forgetting.FORGETTING})
        loop.call_soon_threadsafe(entered.set)
        asyncio.run_coroutine_threadsafe(done.wait(), loop).result(30)

    holding = asyncio.create_task(other.run(hold))
    await entered.wait()
    assert await retention.forget() == Forgotten()
    done.set()
    await holding
    assert (await retention.forget()).contacts == 4
    await other.aclose()


# ---- records


def a_call(name: str, days: float, tmp_path: Path, **changes: Any) -> Cdr:
    offered = NOW - timedelta(days=days)
    file = tmp_path / "recordings" / f"{offered:%Y-%m-%d}" / f"{name}.wav"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"RIFF")
    ended = {"answered_at": offered, "ended_at": offered + timedelta(minutes=3)}
    return Cdr(
        call_id=CallId(name),
        offered_at=offered,
        ani="9031234567",
        dnis="0611",
        sip_call_id="s",
        recording=str(file),
        **{**ended, **changes},
    )


async def leaves_behind(store: SqlStore, cdr: Cdr) -> None:
    """A record with everything that may hang on it."""
    call_id, at = cdr.call_id, cdr.offered_at
    await store.save_call(cdr)
    await store.add_turn(
        TurnCompleted(call_id=call_id, index=0, at=at, kind="heard", question="open", text="да")
    )
    started = HandoffStarted(
        call_id=call_id, at=at, handoff_id=f"h-{call_id}", mode="bridge", target="sip:1", reason="r"
    )
    await store.add_handoff_event(started)
    await store.add_handoff_event(
        HandoffProgressed(
            call_id=call_id,
            at=at,
            handoff_id=f"h-{call_id}",
            mode="bridge",
            status=180,
            reason="",
        )
    )
    await store.save_handoff(
        HandoffRecord(
            handoff_id=f"h-{call_id}",
            call_id=call_id,
            created_at=at,
            caller_number="9031234567",
            reason="r",
            intent="i",
        )
    )
    await store.add_callback_request(
        CallbackRequest(
            request_id=f"r-{call_id}",
            call_id=call_id,
            number="9031234567",
            reason="r",
            requested_at=at,
        )
    )


@pytest.fixture
async def records(
    retention: Retention, queue: SqlQueueStore, clock: SetClock, tmp_path: Path
) -> AsyncIterator[SqlStore]:
    store = await SqlStore.open(retention.records)
    for number in range(3):
        await leaves_behind(store, a_call(f"old{number}", 100 + number, tmp_path))
    await leaves_behind(store, a_call("cut", 95, tmp_path, ended_at=None))  # no end was written
    await leaves_behind(store, a_call("owed", 99, tmp_path))
    await leaves_behind(store, a_call("lately", 30, tmp_path))
    await queue.enqueue(a_contact("c", clock.now, ContactKind.CALLBACK, call_id="owed"))
    yield store
    await store.aclose()


async def rows_of(retention: Retention, table: str) -> list[str]:
    database = await Database.open(retention.records)
    query = text(f"SELECT call_id FROM {table} ORDER BY call_id")
    found = await database.run(lambda db: list(db.execute(query).scalars()))
    await database.aclose()
    return found


async def test_old_calls_go_with_all_that_hangs_on_them(
    records: SqlStore, retention: Retention, tmp_path: Path
) -> None:
    callback = tmp_path / "recordings" / "2026-08-01" / "callback-a1.wav"
    callback.parent.mkdir()
    callback.write_bytes(b"RIFF")
    young = tmp_path / "recordings" / "2026-11-20" / "callback-a2.wav"
    young.parent.mkdir()
    young.write_bytes(b"RIFF")
    would = await retention.forget(dry=True)
    assert (would.calls, would.recordings) == (4, 5)
    assert callback.exists()
    assert await retention.forget() == would
    tables = ("calls", "turns", "handoffs", "handoff_contexts", "callback_requests")
    for table in tables:
        assert await rows_of(retention, table) == ["lately", "owed"], table
    database = await Database.open(retention.records)
    steps = text("SELECT COUNT(*) FROM handoff_steps")
    assert await database.run(lambda db: db.execute(steps).scalar_one()) == 2
    await database.aclose()
    left = sorted(file.stem for file in (tmp_path / "recordings").rglob("*.wav"))
    assert left == ["callback-a2", "lately", "owed"]
    assert not callback.parent.exists()


async def test_a_recording_that_cannot_be_deleted_keeps_its_record(
    records: SqlStore, retention: Retention, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = Path.unlink

    def refuses(path: Path, *, missing_ok: bool = False) -> None:
        if path.stem == "old1":
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refuses)
    assert (await retention.forget()).calls == 3
    assert await rows_of(retention, "calls") == ["lately", "old1", "owed"]
    monkeypatch.setattr(Path, "unlink", unlink)
    assert (await retention.forget()).calls == 1


async def test_a_call_under_way_is_no_record_of_a_dead_service(
    records: SqlStore, retention: Retention, tmp_path: Path
) -> None:
    evening = (NOW - CUT).total_seconds() / DAY_S + 0.01  # some minutes before that midnight
    await records.save_call(a_call("long", evening, tmp_path, ended_at=None))
    await retention.forget()
    assert await rows_of(retention, "calls") == ["lately", "long", "owed"]


async def test_a_service_forgets_by_itself_and_outlives_a_fault(
    records: SqlStore, retention: Retention, caplog: pytest.LogCaptureFixture
) -> None:
    forgetting = asyncio.create_task(retention.follow())
    async with asyncio.timeout(20):
        while await rows_of(retention, "calls") != ["lately", "owed"]:
            await asyncio.sleep(0.05)
    forgetting.cancel()
    blind = replace(retention, records="sqlite:////nowhere/at/all.db", queue="nonsense")
    outliving = asyncio.create_task(blind.follow())
    async with asyncio.timeout(20):
        while "old records not deleted" not in caplog.text:
            await asyncio.sleep(0.05)
    assert not outliving.done()
    outliving.cancel()


async def test_where_there_is_nothing_yet_nothing_is_done(tmp_path: Path) -> None:
    nothing = Retention(
        queue=f"sqlite:///{tmp_path}/queue.db",
        records=f"sqlite:///{tmp_path}/records.db",
        recordings=tmp_path / "recordings",
        queue_days=1,
        record_days=1,
        clock=Today(),
    )
    assert await nothing.forget() == Forgotten()
    assert not list(tmp_path.iterdir())


# ---- the command


def test_the_command_counts_first_and_deletes_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = f"sqlite:///{tmp_path}/records.db"
    monkeypatch.setenv("IVR_RECORDS__DATABASE", records)
    monkeypatch.setenv("IVR_QUEUE__DATABASE", f"sqlite:///{tmp_path}/queue.db")
    monkeypatch.setenv("IVR_RECORDS__RECORDINGS_FOLDER", str(tmp_path / "recordings"))

    async def fill() -> None:
        store = await SqlStore.open(records)
        days = (datetime.now().astimezone() - NOW).days
        await leaves_behind(store, a_call("old", 100 - days, tmp_path))
        await store.aclose()

    asyncio.run(fill())
    runner = CliRunner()
    dry = runner.invoke(app, ["forget", "--older-than", "30d", "--dry-run"])
    assert dry.exit_code == 0, dry.output
    assert dry.output.startswith("would be deleted: 1 calls with 1 recordings")
    assert runner.invoke(app, ["forget", "--older-than", "30d"]).output.startswith("deleted: 1 ")
    assert runner.invoke(app, ["forget", "--older-than", "30d"]).output.startswith("deleted: 0 ")


@pytest.mark.parametrize("age", ["8h", "0d", "soon", "2126-01-01"])
def test_what_is_needed_today_is_not_forgotten(age: str) -> None:
    result = CliRunner().invoke(app, ["forget", "--older-than", age])
    assert result.exit_code == 2
