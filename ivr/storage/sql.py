"""`CallStore` on a relational database, in SQLAlchemy Core that SQLite and PostgreSQL both take."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, func, insert, select, update

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
from ivr.storage.database import Database
from ivr.storage.ports import (
    CallbackRequest,
    HandoffAttempt,
    HandoffRecord,
    HandoffStep,
    TranscriptLine,
)
from ivr.storage.tables import (
    callback_requests,
    calls,
    handoff_contexts,
    handoff_steps,
    handoffs,
    turns,
)


class SqlStore:
    """Records of calls in SQL. Coroutines of the event loop, work on the database's thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    async def open(cls, url: str, *, create: bool = True) -> "SqlStore":
        """Open and migrate; `StoreError` says what is in the way."""
        return cls(await Database.open(url, create=create))

    @property
    def fault(self) -> str:
        """What went wrong with the last request, '' while the database works; for readiness."""
        return self._database.fault

    async def aclose(self) -> None:
        """Write what is queued and close. Idempotent."""
        await self._database.aclose()

    async def save_call(self, cdr: Cdr) -> None:
        await self._database.run(lambda db: _put(db, calls, asdict(cdr), ("call_id",)))

    async def add_turn(self, turn: TurnCompleted) -> None:
        row = asdict(turn)
        await self._database.run(lambda db: _put(db, turns, row, ("call_id", "index")))

    async def add_handoff_event(
        self, event: HandoffStarted | HandoffProgressed | HandoffEnded
    ) -> None:
        await self._database.run(lambda db: _put_handoff_event(db, event))

    async def add_callback_request(self, request: CallbackRequest) -> None:
        row = asdict(request)
        await self._database.run(lambda db: _put(db, callback_requests, row, ("request_id",)))

    async def save_handoff(self, record: HandoffRecord) -> None:
        row = asdict(record) | {"slots": dict(record.slots)}
        await self._database.run(lambda db: _put(db, handoff_contexts, row, ("handoff_id",)))

    async def handoff(self, handoff_id: str) -> HandoffRecord | None:
        query = select(handoff_contexts).where(handoff_contexts.c.handoff_id == handoff_id)
        row = await self._database.run(lambda db: db.execute(query).one_or_none())
        return None if row is None else _handoff_record(row)

    async def call(self, call_id: str) -> Cdr | None:
        query = (
            select(calls)
            .where(calls.c.call_id.startswith(call_id, autoescape=True))
            .order_by(calls.c.call_id)
            .limit(2)
        )
        rows = await self._database.run(lambda db: db.execute(query).all())
        if len(rows) == 2 and rows[0].call_id != call_id:
            raise StoreError(
                "ambiguous", f"several calls begin with {call_id!r}: give more of the id"
            )
        return Cdr(**rows[0]._mapping) if rows else None

    async def calls(
        self, limit: int = 50, *, ani: str = "", since: datetime | None = None
    ) -> tuple[Cdr, ...]:
        query = select(calls).order_by(calls.c.offered_at.desc()).limit(limit)
        if ani:
            query = query.where(calls.c.ani == ani)
        if since is not None:
            query = query.where(calls.c.offered_at >= since)
        rows = await self._database.run(lambda db: db.execute(query).all())
        return tuple(Cdr(**row._mapping) for row in rows)

    async def turns(self, call_id: CallId) -> tuple[TurnCompleted, ...]:
        return (await self.turns_of([call_id]))[call_id]

    async def turns_of(
        self, call_ids: Sequence[CallId]
    ) -> Mapping[CallId, tuple[TurnCompleted, ...]]:
        query = select(turns).where(turns.c.call_id.in_(call_ids)).order_by(turns.c.index)
        rows = await self._database.run(lambda db: db.execute(query).all())
        found = [_turn(row) for row in rows]
        return {
            call_id: tuple(turn for turn in found if turn.call_id == call_id)
            for call_id in call_ids
        }

    async def handoff_attempts(self, call_id: CallId) -> tuple[HandoffAttempt, ...]:
        return await self._database.run(lambda db: _attempts(db, call_id))

    async def callback_requests(
        self, *, state: str = "requested", limit: int = 200
    ) -> tuple[CallbackRequest, ...]:
        query = select(callback_requests).order_by(callback_requests.c.requested_at).limit(limit)
        if state:
            query = query.where(callback_requests.c.state == state)
        rows = await self._database.run(lambda db: db.execute(query).all())
        return tuple(CallbackRequest(**row._mapping) for row in rows)


def _put(db: Connection, table: Table, row: Mapping[str, Any], key: tuple[str, ...]) -> None:
    """Update the row with this key, or insert it; one writer, so nothing comes between."""
    same: ColumnElement[bool] = and_(*(table.c[name] == row[name] for name in key))
    if db.execute(update(table).where(same).values(row)).rowcount == 0:
        db.execute(insert(table).values(row))


def _put_handoff_event(
    db: Connection, event: HandoffStarted | HandoffProgressed | HandoffEnded
) -> None:
    key = {"handoff_id": event.handoff_id, "mode": event.mode}
    this = and_(handoffs.c.handoff_id == event.handoff_id, handoffs.c.mode == event.mode)
    match event:
        case HandoffStarted():
            row = {
                **key,
                "call_id": event.call_id,
                "target": event.target,
                "reason": event.reason,
                "started_at": event.at,
                "outcome": "",
            }
            _put(db, handoffs, row, ("handoff_id", "mode"))
        case HandoffProgressed():
            count = (
                select(func.count())
                .select_from(handoff_steps)
                .where(
                    handoff_steps.c.handoff_id == event.handoff_id,
                    handoff_steps.c.mode == event.mode,
                )
            )
            step = {
                **key,
                "step": db.execute(count).scalar_one(),
                "at": event.at,
                "status": event.status,
                "reason": event.reason,
            }
            db.execute(insert(handoff_steps).values(step))
        case HandoffEnded():
            ended = {"ended_at": event.at, "outcome": event.outcome}
            db.execute(update(handoffs).where(this).values(ended))


def _attempts(db: Connection, call_id: CallId) -> tuple[HandoffAttempt, ...]:
    query = select(handoffs).where(handoffs.c.call_id == call_id).order_by(handoffs.c.started_at)
    attempts = db.execute(query).all()
    ids = [row.handoff_id for row in attempts]
    steps: dict[tuple[str, str], list[HandoffStep]] = defaultdict(list)
    of_these = (
        select(handoff_steps)
        .where(handoff_steps.c.handoff_id.in_(ids))
        .order_by(handoff_steps.c.step)
    )
    for row in db.execute(of_these):
        steps[row.handoff_id, row.mode].append(HandoffStep(row.at, row.status, row.reason))
    return tuple(
        HandoffAttempt(**row._mapping, steps=tuple(steps[row.handoff_id, row.mode]))
        for row in attempts
    )


def _turn(row: Row[Any]) -> TurnCompleted:
    values = {field.name: row._mapping[turns.c[field.name]] for field in fields(TurnCompleted)}
    values["entities"] = tuple(
        Entity(**{**entity, "kind": EntityKind(entity["kind"])}) for entity in values["entities"]
    )
    return TurnCompleted(**values)


def _handoff_record(row: Row[Any]) -> HandoffRecord:
    values = dict(row._mapping)
    values["transcript"] = tuple(TranscriptLine(**line) for line in values["transcript"])
    return HandoffRecord(**values)
