"""What calls know of the shared queue: the store, and the house rules that decide what is said."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ivr.clock import Clock
from ivr.dialogue.policy import Policy
from ivr.handoff.callers import WaitingCallers
from ivr.handoff.outlook import Outlook
from ivr.handoff.promising import Promising
from ivr.queue.model import DEFAULT_SKILL, NodeId, Place, Priority
from ivr.queue.ports import QueueStore


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


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDesk:
    """Shared by all calls of a node. Event loop only."""

    store: QueueStore
    node: NodeId
    callers: WaitingCallers
    manners: QueueManners
    outlook: Outlook
    clock: Clock
    promising: Promising
    wake: Callable[[], None]
    """Something has changed in the queue: match at once."""
    policy: Policy
    """The dialogue's rules for calls that find operators registered."""
    music: bytes = b""
    """int16 mono 8 kHz, played again and again."""
