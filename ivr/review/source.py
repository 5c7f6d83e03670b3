"""Records of calls -> the queue of turns to review."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ivr.analytics.cdr import Cdr
from ivr.errors import ReviewError
from ivr.review.folding import Item, fold
from ivr.review.ranking import CallTurns, RankedTurn, rank
from ivr.storage.ports import CallStore

MOST_CALLS: Final = 5000
"""Of one review: a month of a busy line would not be read by anybody anyway."""
AT_ONCE: Final = 200
"""Calls whose turns are asked for in one query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which turns a trainer wants to see."""

    since: datetime | None
    limit: int
    """Decisions, not turns."""
    call: str = ""
    """Only this call: its id or the beginning of it."""


async def read_queue(
    store: CallStore, wanted: Wanted, reviewed: Collection[str]
) -> tuple[Item, ...]:
    """The most valuable turns that nobody has reviewed; event loop, `StoreError` from the store."""
    turns: list[RankedTurn] = []
    for cdrs in _batches(await _calls(store, wanted)):
        turns_of = await store.turns_of([cdr.call_id for cdr in cdrs])
        for cdr in cdrs:
            attempts = await store.handoff_attempts(cdr.call_id) if cdr.handoffs else ()
            handoffs = tuple(attempt.started_at for attempt in attempts)
            turns += rank(CallTurns(turns_of[cdr.call_id], cdr.recording, handoffs))
    return fold([turn for turn in turns if turn.key not in reviewed], wanted.limit)


async def _calls(store: CallStore, wanted: Wanted) -> tuple[Cdr, ...]:
    if not wanted.call:
        return await store.calls(MOST_CALLS, since=wanted.since)
    call = await store.call(wanted.call)
    if call is None:
        raise ReviewError("no_call", f"there is no call {wanted.call}; `ivr calls` lists them")
    return (call,)


def _batches(calls: tuple[Cdr, ...]) -> list[tuple[Cdr, ...]]:
    return [calls[at : at + AT_ONCE] for at in range(0, len(calls), AT_ONCE)]
