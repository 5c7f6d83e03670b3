"""What calls know of the shared queue: the store, and the house rules that decide what is said."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ivr.clock import Clock
from ivr.dialogue.inputs import Refusal
from ivr.handoff.callers import WaitingCallers
from ivr.queue.model import DEFAULT_SKILL, NodeId, Place, Priority
from ivr.queue.ports import QueueStore

REGISTERED_S: Final = 5.0
"""How long it is believed that operators are registered, or none are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueManners:
    """How callers are treated in the queue."""

    skills: Mapping[str, str] = field(default_factory=dict)
    """Topic or intent -> skill; others need the general one."""
    vip_numbers: frozenset[str] = frozenset()
    """Ten digits each."""
    offer_callback_after_s: float = 60.0
    """A callback is offered to whoever has to wait, or has waited, longer than this."""

    def skill_of(self, topic: str, intent: str) -> str:
        """What the topic needs, else what was talked about last."""
        return self.skills.get(topic) or self.skills.get(intent) or DEFAULT_SKILL

    def priority_of(self, number: str) -> Priority:
        return Priority.VIP if number in self.vip_numbers else Priority.NORMAL

    def offers_callback(self, place: Place) -> bool:
        """Whether the wait is long enough; where it is not known, anybody ahead will do."""
        if place.waited_s >= self.offer_callback_after_s or not place.operators:
            return True
        if place.wait_s is None:
            return place.ahead > 0
        return place.wait_s >= self.offer_callback_after_s


@dataclass(slots=True, kw_only=True)
class QueueDesk:
    """Shared by all calls of a node. Event loop only."""

    store: QueueStore
    node: NodeId
    callers: WaitingCallers
    manners: QueueManners
    clock: Clock
    opens_at: Callable[[datetime], datetime | None]
    """When operators work again; None while they do."""
    slots: Callable[[str, datetime], tuple[datetime, ...]]
    """Number, now -> beginnings of times at which it may be called, soonest first."""
    refusal: Callable[[str, datetime | None], Awaitable[Refusal | None]]
    """Number, slot -> why it is not called back; None: it is."""
    estimated: Callable[[Place], Awaitable[Place]]
    """The place with the estimate of the wait."""
    wake: Callable[[], None]
    """Something has changed in the queue: match at once."""
    music: bytes = b""
    """int16 mono 8 kHz, played again and again."""
    _registered: bool = field(default=False, init=False)
    _asked_at: float | None = field(default=None, init=False)

    async def has_operators(self) -> bool:
        """Whether anybody is registered in the queue, on duty or not."""
        now = self.clock.monotonic()
        if self._asked_at is None or now - self._asked_at >= REGISTERED_S or not self._registered:
            self._registered = bool((await self.store.snapshot()).operators)
            self._asked_at = now
        return self._registered
