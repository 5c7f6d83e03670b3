"""Events -> records, in order, apart from the calls: a failing database never hurts one."""

import asyncio
import logging
from typing import Final

from ivr.analytics.cdr import Cdr, opened, updated
from ivr.errors import StoreError
from ivr.events import (
    CallEnded,
    CallId,
    CallOffered,
    CallRejected,
    Event,
    HandoffEnded,
    HandoffProgressed,
    HandoffStarted,
    PartialHeard,
    SpeechBegan,
    Subscription,
    TurnCompleted,
)
from ivr.storage.ports import CallStore

log = logging.getLogger(__name__)

RETRY_AFTER_S: Final = 0.5
"""A locked database gets one more chance; what then still fails is counted and logged."""


class RecordWriter:
    """Writes what one subscription delivers. One task of the event loop."""

    def __init__(self, store: CallStore) -> None:
        self._store = store
        self._open: dict[CallId, Cdr] = {}
        self.lost = 0
        """Records that could not be written."""

    async def run(self, subscription: Subscription) -> None:
        """Write until the subscription is closed and everything queued is written."""
        async for event in subscription:
            try:
                await self._write(event)
            except Exception:  # a row no database takes must not end the writing of all others
                self.lost += 1
                log.exception("x record of %s lost", type(event).__name__)

    async def _write(self, event: Event) -> None:
        cdr = self._folded(event)
        try:
            await self._store_event(event, cdr)
        except StoreError as fault:
            if fault.code not in ("locked", "busy"):
                raise
            log.warning("- database is %s, trying once more", fault.code)
            await asyncio.sleep(RETRY_AFTER_S)
            await self._store_event(event, cdr)

    def _folded(self, event: Event) -> Cdr | None:
        """The call's record after this event, None where the event leaves it alone."""
        match event:
            case CallRejected() | SpeechBegan() | PartialHeard():
                return None
            case CallOffered():
                self._open[event.call_id] = cdr = opened(event)
                return cdr
        before = self._open.get(event.call_id)
        if before is None or (cdr := updated(before, event)) is before:
            return None
        self._open[event.call_id] = cdr
        if isinstance(event, CallEnded):
            del self._open[event.call_id]
        return cdr

    async def _store_event(self, event: Event, cdr: Cdr | None) -> None:
        match event:
            case TurnCompleted():
                # The call's row follows with the next event: one flush to disk per turn is enough.
                await self._store.add_turn(event)
                return
            case HandoffStarted() | HandoffProgressed() | HandoffEnded():
                await self._store.add_handoff_event(event)
        if cdr is not None:
            await self._store.save_call(cdr)
