"""What is known of the near future of the queue, refreshed now and then: who is there, and how long
a contact takes. Event loop only.

Estimates must not cost a look into the database for every sentence.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ivr.errors import IvrError
from ivr.queue.model import DEFAULT_LANGUAGE, Operator, OperatorState, Place
from ivr.queue.ports import QueueStore
from ivr.queue.waiting_time import RECENT, Handling, measured, with_wait

log = logging.getLogger(__name__)

REFRESH_S: Final = 5.0
FIRST_S: Final = 0.5
"""Until the first operator is known: callers who come a second later find them."""


@dataclass(slots=True, kw_only=True)
class Outlook:
    """Operators and handling times of the last seconds."""

    store: QueueStore
    wrap_up_s: float
    guess_s: float | None
    """How long a contact may take, before enough was measured."""
    on_change: Callable[[], None] = lambda: None
    """Called when operators appear where there were none, or the last one goes."""
    _operators: tuple[Operator, ...] = field(default=(), init=False)
    _handling: dict[str, Handling | None] = field(default_factory=dict, init=False)

    @property
    def staffed(self) -> bool:
        """Anybody is registered, on duty or not."""
        return bool(self._operators)

    async def follow(self) -> None:
        """Refresh until cancelled; a queue that does not answer leaves what was known."""
        while True:
            try:
                await self.refresh()
            except (IvrError, TimeoutError) as exc:
                log.warning("x outlook not refreshed: %s", exc, extra={"action": "queue_fault"})
            await asyncio.sleep(REFRESH_S if self.staffed else FIRST_S)

    async def refresh(self) -> None:
        """Look now."""
        self._operators = tuple((await self.store.snapshot()).operators)
        skills = {skill for operator in self._operators for skill in operator.skills}
        for skill in sorted(skills):
            self._handling[skill] = await self._measured(skill)

    def estimated(self, place: Place, skill: str) -> Place:
        """The place with the wait that may be expected of it."""
        available = sum(
            operator.state is OperatorState.AVAILABLE
            and skill in operator.skills
            and DEFAULT_LANGUAGE in operator.languages
            for operator in self._operators
        )
        return with_wait(place, self._handling.get(skill), available=available)

    async def _measured(self, skill: str) -> Handling | None:
        handled = await self.store.history(skill=skill, limit=RECENT)
        lengths = (one.reserved_s + one.talk_s + self.wrap_up_s for one in handled)
        return measured(lengths, self.guess_s)
