"""How long a node may believe that its attempts are its own. Pure: times are monotonic seconds.

The queue takes a node for dead when its lease was not renewed, and lets others take over some
seconds later (`lease_grace_s`). A node that cannot reach the queue knows as much by its own clock:
it counts from before it asked, never from when the answer came.
"""

from dataclasses import dataclass, replace
from typing import Final

RENEWALS: Final = 3
"""Renewals asked for within one lease: two may fail."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What the last renewal was good for."""

    until: float = 0.0
    lasts_s: float = 0.0

    def on_renewed(self, asked_at: float, lasts_s: float) -> "Lease":
        """The queue granted `lasts_s` to a request that was sent at `asked_at`."""
        return replace(self, until=asked_at + lasts_s, lasts_s=lasts_s)

    def on_lost(self) -> "Lease":
        """The queue says that it is over, or that another process has it."""
        return replace(self, until=0.0)

    def is_good(self, now: float) -> bool:
        """Attempts may be begun and carried on."""
        return now < self.until

    def legs_until(self, now: float, grace_s: float) -> float:
        """Until when media workers may keep legs that join nobody yet, should this process stand
        still from now on: before others take over, that is `grace_s` after the lease.

        Without a lease nothing of the queue is left, only calls that others know nothing of.
        """
        if not self.is_good(now):
            return now + max(self.lasts_s, grace_s)
        return max(self.until, now + grace_s / 2)

    def next_renewal(self, asked_at: float) -> float:
        """When to ask again after a request sent at `asked_at`, whatever became of it."""
        return asked_at + max(self.lasts_s / RENEWALS, 0.2)
