"""The writer between event bus and database, on a store that fails when told."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from ivr.analytics.cdr import Cdr
from ivr.errors import StoreError
from ivr.events import CallEnded, CallId, CallOffered, EventBus, HandoffStarted, TurnCompleted
from ivr.storage import record_writer
from ivr.storage.ports import CallStore
from ivr.storage.record_writer import RecordWriter

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class ListStore:
    """Keeps what it is given, raises what it is told."""

    def __init__(self) -> None:
        self.faults_at: dict[int, Exception] = {}
        """Fault of the write with this number, counted from 0."""
        self.writes = 0
        self.rows: list[Any] = []

    async def save_call(self, row: Any) -> None:
        self.writes += 1
        if fault := self.faults_at.get(self.writes - 1):
            raise fault
        self.rows.append(row)

    add_turn = add_handoff_event = save_call


def offered(call_id: str) -> CallOffered:
    return CallOffered(call_id=CallId(call_id), at=NOW, ani="", dnis="0611", sip_call_id="")


def ended(call_id: str) -> CallEnded:
    return CallEnded(
        call_id=CallId(call_id), at=NOW, status=200, reason="", side="local", outcome="contained"
    )


async def written(store: ListStore, *events: Any) -> RecordWriter:
    bus = EventBus()
    subscription = bus.subscribe("records")
    for event in events:
        bus.publish(event)
    bus.unsubscribe(subscription)
    writer = RecordWriter(cast(CallStore, store))
    await writer.run(subscription)
    return writer


async def test_events_are_written_in_order_and_calls_do_not_mix() -> None:
    store = ListStore()
    turn = TurnCompleted(call_id=CallId("a"), index=0, at=NOW, kind="heard", question="open")
    await written(store, offered("a"), offered("b"), turn, ended("b"), ended("a"))
    assert [type(row) for row in store.rows] == [Cdr, Cdr, TurnCompleted, Cdr, Cdr]
    assert [row.call_id for row in store.rows] == ["a", "b", "a", "b", "a"]
    assert [row.turns for row in store.rows[3:]] == [0, 1]


async def test_a_locked_database_is_tried_once_more_without_counting_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(record_writer, "RETRY_AFTER_S", 0.0)
    handoff = HandoffStarted(
        call_id=CallId("a"), at=NOW, handoff_id="h", mode="refer", target="t", reason="r"
    )
    store = ListStore()
    store.faults_at[2] = StoreError("locked", "database is locked")
    writer = await written(store, offered("a"), handoff, ended("a"))
    assert writer.lost == 0
    assert store.rows[-1].handoffs == 1


async def test_a_bad_row_is_lost_alone_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    store = ListStore()
    store.faults_at[0] = ValueError("no such thing")
    writer = await written(store, offered("a"), offered("b"), ended("b"))
    assert writer.lost == 1
    assert "record of CallOffered lost" in caplog.text
    assert [row.call_id for row in store.rows] == ["b", "b"]


async def test_events_of_a_call_never_offered_leave_no_half_record() -> None:
    store = ListStore()
    await written(store, ended("ghost"))
    assert store.rows == []
