"""Which calls may be promised, and for when: hours, slots, and the guard against toll fraud."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from ivr.dialogue.inputs import Refusal
from ivr.queue.destinations import DestinationRules
from ivr.queue.destinations import Refusal as Guard
from ivr.queue.hours import CallingHours, Slots
from ivr.queue.model import Contact
from ivr.queue.ports import QueueStore

MOST_SLOTS: Final = 200
"""Days of five-minute slots have more than anybody chooses from."""
CAPS: Final = (Guard.NUMBER_CAP, Guard.CALLER_CAP, Guard.DAY_CAP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promising:
    """The house's rules about calls back. Times come in with their zone. Event loop only."""

    store: QueueStore
    guard: DestinationRules
    hours: CallingHours
    slots: Slots

    def opens_at(self, now: datetime) -> datetime | None:
        """When operators work again; None while they do, and where no day is known."""
        at = self.hours.business.open_from(now.timestamp())
        return None if at is None or at <= now.timestamp() else self._local(at)

    def is_open(self, now: datetime) -> bool:
        """Operators work now."""
        return self.hours.business.is_open(now.timestamp())

    async def bookable(self, number: str, now: datetime) -> tuple[datetime, ...]:
        """Beginnings of times that may be booked, soonest first: all that a caller may ask for. How
        many are named is a matter of the dialogue."""
        found = self.slots.bookable(number, self.hours, now.timestamp(), await self._taken())
        return tuple(self._local(at) for at in islice(found, MOST_SLOTS))

    async def refusal(
        self, number: str, caller: str, slot: datetime | None, now: datetime
    ) -> Refusal | None:
        """Why this number is not promised a call; None: it may be."""
        spent = await self.store.spent(number, caller, self._midnight(now))
        refused = self.guard.refusal(number, spent)
        if refused is not None:
            return Refusal.LIMIT if refused in CAPS else Refusal.NUMBER
        if not self.hours.may_ever_call(number, now.timestamp()):
            return Refusal.NUMBER
        if slot is not None and not await self._is_bookable(number, slot, now):
            return Refusal.SLOT
        return None

    async def may_dial(self, contact: Contact, now: datetime) -> bool:
        """Asked before every dial: the rules may have changed since the promise, and the dials of
        the day may be spent."""
        dialled = await self.store.dialled(contact.number, contact.caller, self._midnight(now))
        return self.guard.refusal(contact.number, dialled) is None

    async def _is_bookable(self, number: str, slot: datetime, now: datetime) -> bool:
        begin = slot.timestamp()
        if begin <= now.timestamp() or begin > (now + timedelta(days=self.slots.days)).timestamp():
            return False
        taken = (await self._taken()).get(begin, 0)
        if taken >= self.slots.capacity:
            return False
        return self.hours.may_call(number, begin, begin + self.slots.length_s)

    async def _taken(self) -> Mapping[float, int]:
        return await self.store.booked()

    def _midnight(self, now: datetime) -> float:
        day = self._local(now.timestamp())
        return day.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()

    def _local(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, self.hours.business.zone)
