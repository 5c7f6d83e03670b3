"""What a media worker does while the call core lives and does nothing. Pure.

A core that is stopped, swapped out or stuck in one callback keeps its link open, so the worker
hears nothing of it. Its node's lease in the queue runs out meanwhile, and another node may call the
same people. So the core says again and again until when legs may be kept without another word from
it, and the worker keeps to that by the clock both read: CLOCK_MONOTONIC is one for the machine.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar


class KeptLeg(Protocol):
    """What has to be known of a leg."""

    number: int
    inbound: bool
    answered: bool


L = TypeVar("L", bound=KeptLeg)


@dataclass(slots=True)
class Standstill:
    """Whom the worker lets go when the core has not been heard of for too long.

    People who talk go on talking: their legs are joined in the worker and need no core. Legs that
    we dialled and that have joined nobody end at once. Callers hear nothing and may not know why:
    they end after `callers_s` more.
    """

    callers_s: float
    until: float = math.inf
    """Monotonic seconds, from the core's last word; it may never send one (a softphone)."""

    def is_on(self, now: float) -> bool:
        """The core's word has run out."""
        return now > self.until

    def forsaken(
        self, legs: Iterable[L], now: float, partners: Callable[[int], Iterable[int]]
    ) -> Iterator[L]:
        """Legs to be ended now; `partners` are those joined with a leg, by their numbers."""
        if not self.is_on(now):
            return
        known = {leg.number: leg for leg in legs}
        up = {number for number, leg in known.items() if leg.answered}
        for number, leg in known.items():
            talks = number in up and not up.isdisjoint(partners(number))
            if not talks and (not leg.inbound or now > self.until + self.callers_s):
                yield leg
