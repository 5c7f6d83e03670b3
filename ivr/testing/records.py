"""A service's records of calls that a test or a bench has placed."""

import asyncio
import time
from typing import Final

from ivr.analytics.cdr import Cdr
from ivr.errors import SipError
from ivr.storage.sql import SqlStore

RECORD_S: Final = 10.0
POLL_S: Final = 0.1


class CallRecords:
    """Finds the record of the call that just ended; a caller at a time has one call. Event loop."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._seen: set[str] = set()

    async def next_of(self, caller: str) -> Cdr:
        """The caller's call that ended last, once it is written; `SipError` when it is not."""
        until = time.monotonic() + RECORD_S
        while time.monotonic() < until:
            for cdr in await self._store.calls(3, ani=caller):
                if cdr.ended_at is not None and cdr.call_id not in self._seen:
                    self._seen.add(cdr.call_id)
                    return cdr
            await asyncio.sleep(POLL_S)
        raise SipError("record", f"the call's record did not appear within {RECORD_S:.0f} s")
