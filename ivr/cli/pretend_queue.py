"""A queue for `ivr chat`: nobody waits in it, and every silence moves it on."""

from datetime import datetime, timedelta
from typing import Final

from ivr.dialogue.inputs import OperatorReady, Queued, TransferFailed, UserInput
from ivr.queue.model import ContactId, ContactKind, ContactState, Place

SERVED_EVERY: Final = timedelta(seconds=40)
"""So long a silence in the chat counts."""
LONG: Final = 3
"""From so many people ahead on a call back is offered."""
SLOT_HOURS: Final = (9, 12, 15, 18)


class PretendQueue:
    """Where somebody would stand behind `ahead` people; None: nobody is there at all."""

    def __init__(self, ahead: int | None) -> None:
        self._behind = ahead
        self.ahead = ahead or 0
        self.passed = timedelta()
        """Time that is pretended to have gone by."""

    @property
    def staffed(self) -> bool:
        """Operators are pretended, too."""
        return self._behind is not None

    @property
    def told_ahead(self) -> int | None:
        """How many come before, None where there is no queue to speak of."""
        return self.ahead if self.staffed else None

    def enter(self, now: datetime) -> UserInput:
        """The caller asks for an operator."""
        if self._behind is None:
            return TransferFailed("no_answer")
        self.ahead = self._behind
        return self._place(now)

    def moves_on(self, now: datetime) -> UserInput:
        """One of those before is served, or an operator comes."""
        self.passed += SERVED_EVERY
        if self.ahead == 0:
            return OperatorReady()
        self.ahead -= 1
        return self._place(now + SERVED_EVERY)

    def _place(self, now: datetime) -> Queued:
        each_s = SERVED_EVERY.total_seconds()
        place = Place(
            contact_id=ContactId("chat"),
            kind=ContactKind.CALL,
            state=ContactState.WAITING,
            ahead=self.ahead,
            waited_s=0.0,
            wait_s=(self.ahead + 1) * each_s,
            wait_bound_s=(self.ahead + 1) * 2 * each_s,
            operators=1,
        )
        return Queued(place=place, callback=self.ahead >= LONG, slots=_slots(now))


def _slots(now: datetime) -> tuple[datetime, ...]:
    hours = [
        (now + timedelta(days=day)).replace(hour=hour, minute=0, second=0, microsecond=0)
        for day in (0, 1)
        for hour in SLOT_HOURS
    ]
    return tuple(slot for slot in hours if slot > now)
