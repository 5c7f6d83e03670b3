"""The queue's events out of the database, as stories. Coroutines of the event loop."""

from collections.abc import AsyncIterator
from typing import Final

from ivr.analytics.queue_stories import Stories
from ivr.analytics.queue_telling import tell
from ivr.queue.events import QueueEvent
from ivr.queue.ports import QueueStore

PAGE: Final = 10_000
"""Events fetched at once."""


async def read_stories(store: QueueStore, since: float) -> Stories:
    """What has become until now of everything that was there from `since` on.

    Not only until the end of the time that is asked for: what came in it may have ended later.
    """
    events = [event async for event in events_since(store, since)]
    return tell(events, (await store.snapshot()).operators)


async def events_since(
    store: QueueStore, since: float, *, after: int = 0
) -> AsyncIterator[QueueEvent]:
    """All events from a moment on, in the order in which they were written, beyond `after`."""
    last = after
    while True:
        page = await store.events(after=last, since=since, limit=PAGE)
        for event in page:
            yield event
        if len(page) < PAGE:
            return
        last = page[-1].seq
