"""What can be set about the queue, as the pure functions take it. Durations in seconds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ivr.queue.model import AttemptMode, AttemptOutcome, Priority

HEAD_STARTS = {Priority.VIP: 600.0, Priority.NORMAL: 0.0, Priority.LOW: -900.0}
RETRY_DELAYS = {
    AttemptOutcome.CUSTOMER_BUSY: 120.0,
    AttemptOutcome.CUSTOMER_NO_ANSWER: 600.0,
    AttemptOutcome.CUSTOMER_VOICEMAIL: 900.0,
    AttemptOutcome.CUSTOMER_FAILED: 300.0,
    AttemptOutcome.CALLER_LEFT: 300.0,  # of a callback: answered, and gone before the operator came
}


def at_any_time(_number: str, at: float) -> float:
    """No quiet hours."""
    return at


@dataclass(frozen=True, slots=True)
class Overflow:
    """Who else may take a contact that has waited too long."""

    skill: str
    after_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRules:
    """How the queue treats contacts and operators."""

    head_starts: Mapping[Priority, float] = field(default_factory=lambda: dict(HEAD_STARTS))
    """A class is treated as if it had come so much earlier. The bound on starvation: of contacts
    that the same operators may take, nobody is overtaken by one that came later than the difference
    of the head starts after them (`most_overtaking_s`); those of one class are never overtaken. Who
    cannot be served just then (not due, quiet hours, waiting for the preferred operator for at most
    `prefer_s`) stands aside meanwhile, and loses nothing of the place."""
    overflows: Mapping[str, Overflow] = field(default_factory=dict)
    """By skill."""
    prefer_s: float = 60.0
    """How long a contact waits for the operator who served it last, while that one is on duty."""
    wrap_up_s: float = 20.0
    """After each contact; 0: none."""
    callback_mode: AttemptMode = AttemptMode.OPERATOR_FIRST
    tries: int = 3
    """Dials of one customer before the promise is given up."""
    retry_delays: Mapping[AttemptOutcome, float] = field(default_factory=lambda: dict(RETRY_DELAYS))
    again_s: float = 60.0
    """Pause before a customer is rung again whose phone an attempt had rung that failed for no
    fault of theirs: the operator hung up, the node broke."""
    call_from: Callable[[str, float], float] = at_any_time
    """(Number, time) -> the earliest time from then on at which it may be called: business hours
    and quiet hours, see `ivr.queue.hours`. Pure."""
    retry_operator_s: float = 5.0
    """Pause before an operator is tried again to whom the way was broken; doubled with each try in
    a row."""
    retry_operator_most_s: float = 120.0
    """The longest of these pauses: nobody who cannot be reached is dialled more often for good."""
    lost_place_s: float = 600.0
    """A caller whose line was lost gets the old place when calling again within this time."""
    lease_s: float = 6.0
    """A node that has not renewed its lease for this long is taken for dead."""
    lease_grace_s: float = 2.0
    """Others wait so much longer before they take over what a silent node had begun; meanwhile it
    has hung up of its own accord."""

    def most_overtaking_s(self, priority: Priority) -> float:
        """So much later than a contact of this class others may come and still be served first."""
        return max(self.head_starts.values()) - self.head_starts[priority]
