"""Records of calls that ended long ago, with all that hangs on them: deleted bit by bit.

Each step is one short transaction, so that calls never wait for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, and_, delete, or_, select

from ivr.storage.tables import (
    callback_requests,
    calls,
    handoff_contexts,
    handoff_steps,
    handoffs,
    turns,
)

CALLS_AT_ONCE: Final = 50
UNFINISHED: Final = timedelta(days=1)
"""A record that has no end is not taken for that of a dead service sooner."""


@dataclass(frozen=True, slots=True)
class OldCall:
    """A call whose record may go."""

    call_id: str
    offered_at: datetime
    recording: str


def old_calls(db: Connection, before: datetime, after: OldCall | None) -> tuple[OldCall, ...]:
    """Some calls that ended before, the oldest first, from the one after `after` on."""
    query = (
        select(calls.c.call_id, calls.c.offered_at, calls.c.recording)
        .where(
            calls.c.offered_at < before,
            or_(
                calls.c.ended_at < before,
                and_(calls.c.ended_at.is_(None), calls.c.offered_at < before - UNFINISHED),
            ),
        )
        .order_by(calls.c.offered_at, calls.c.call_id)
        .limit(CALLS_AT_ONCE)
    )
    if after is not None:
        same_moment = and_(calls.c.offered_at == after.offered_at, calls.c.call_id > after.call_id)
        query = query.where(or_(calls.c.offered_at > after.offered_at, same_moment))
    return tuple(OldCall(*row) for row in db.execute(query))


def forget_calls(db: Connection, call_ids: Sequence[str]) -> None:
    """Their records, turns, hand-offs and requests for a call back."""
    transferred = select(handoffs.c.handoff_id).where(handoffs.c.call_id.in_(call_ids))
    db.execute(delete(handoff_steps).where(handoff_steps.c.handoff_id.in_(transferred)))
    for table in (handoffs, handoff_contexts, callback_requests, turns, calls):
        db.execute(delete(table).where(table.c.call_id.in_(call_ids)))
