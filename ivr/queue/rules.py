"""What can be set about the queue, as the pure functions take it. Durations in seconds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ivr.queue.model import AttemptMode, AttemptOutcome, Priority

HEAD_STARTS = {Priority.VIP: 600.0, Priority.NORMAL: 0.0, Priority.LOW: -900.0}
RETRY_DELAYS = {
    AttemptOutcome.CUSTOMER_BUSY: 120.0,
    AttemptOutcome.CUSTOMER_NO_ANSWER: 600.0,
    AttemptOutcome.CUSTOMER_VOICEMAIL: 900.0,
    AttemptOutcome.CUSTOMER_LATER: 1800.0,
    AttemptOutcome.CUSTOMER_FAILED: 300.0,
    AttemptOutcome.CALLER_LEFT: 300.0,  # of a callback: answered, and gone before the operator came
}

LONGEST_PAUSE_S: Final = 3600.0
"""After a fault of ours."""
GUARD_PAUSE_S: Final = 4 * 3600.0
"""After the guard against toll fraud has refused: its caps are those of a day."""


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
    """Vain dials of one customer, by what the customer did, before the promise is given up."""
    faults: int = 10
    """The same for dials that were vain because of us, so that no fault rings without end."""
    retry_delays: Mapping[AttemptOutcome, float] = field(default_factory=lambda: dict(RETRY_DELAYS))
    again_s: float = 60.0
    """Pause before a customer is rung again whose phone an attempt had rung that failed for no
    fault of theirs: the operator hung up, the node broke. Doubled with each such fault, up to
    `LONGEST_PAUSE_S`: what lasts a minute is soon made good, a bad hour gives nobody up."""
    call_from: Callable[[str, float], float] = at_any_time
    """(Number, time) -> the earliest time from then on at which it may be called: business hours
    and quiet hours, see `ivr.queue.hours`. Pure."""
    slot_calls: int | None = None
    """Callbacks that may be promised for one slot; None: as many as are asked for."""
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

    @property
    def cut_short_s(self) -> float:
        """A callback that was lost so soon after its joining was no conversation: that a node died
        is known only when lease and grace are over."""
        return self.lease_s + 2 * self.lease_grace_s

    def pause_s(self, outcome: AttemptOutcome, faults: int) -> float:
        """Before a customer is rung again after so many faults of ours, the last being this."""
        if outcome is AttemptOutcome.NOT_ALLOWED:
            return GUARD_PAUSE_S
        return min(self.again_s * 2.0 ** (faults - 1), max(self.again_s, LONGEST_PAUSE_S))

    def most_overtaking_s(self, priority: Priority) -> float:
        """So much later than a contact of this class others may come and still be served first."""
        return max(self.head_starts.values()) - self.head_starts[priority]
