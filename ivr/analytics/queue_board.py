"""The queue as people watch it: who waits, who talks, the figures of the last hour.

Coroutines of the event loop. Looking again reads only what has happened since.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ivr.analytics.queue_figures import QueueFigures, figures
from ivr.analytics.queue_reading import events_since
from ivr.analytics.queue_rules import FigureRules
from ivr.analytics.queue_telling import tell
from ivr.queue.events import QueueEvent
from ivr.queue.model import Contact, ContactId
from ivr.queue.ports import QueueStore, Snapshot

HOUR_S: Final = 3600.0
SETTLING_S: Final = 10.0
"""Two nodes may finish writing in another order than they began: events so young are read again."""


@dataclass(frozen=True, slots=True)
class Look:
    """Everything at one moment."""

    snapshot: Snapshot
    served: Mapping[ContactId, Contact]
    """Contacts of the living attempts: those that operators are being found for or talk to."""
    hour: QueueFigures
    """Of the last hour, all skills together."""
    rules: FigureRules


class Board:
    """Looks at one queue, again and again."""

    def __init__(self, store: QueueStore, rules: FigureRules | None = None) -> None:
        self._store = store
        self._rules = rules or FigureRules()
        self._events: dict[int, QueueEvent] = {}
        self._settled = 0
        """Up to this `seq` nothing new can come."""

    async def look(self) -> Look:
        """The queue now, by the database's clock. Raises `StoreError`."""
        snapshot = await self._store.snapshot()
        hour = await self._hour(snapshot)
        served = {}
        for attempt in snapshot.attempts:
            contact = await self._store.contact(attempt.contact_id)
            if contact is not None:
                served[contact.contact_id] = contact
        return Look(snapshot, served, hour, self._rules)

    async def _hour(self, snapshot: Snapshot) -> QueueFigures:
        now, since = snapshot.at, snapshot.at - HOUR_S
        async for event in events_since(self._store, since, after=self._settled):
            self._events[event.seq] = event
        self._events = {
            seq: event for seq, event in sorted(self._events.items()) if event.at >= since
        }
        settled = (seq for seq, one in self._events.items() if one.at < now - SETTLING_S)
        self._settled = max(settled, default=self._settled)
        stories = tell(self._events.values(), snapshot.operators)
        return figures(stories, since=since, until=now, now=now, rules=self._rules)[0]
