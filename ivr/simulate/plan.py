"""A day to simulate: who calls when, how patient, how long they talk. Everything that is random
about a caller is drawn from the caller's own source, so that two policies meet the same people."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPlan:
    """What the day is like; durations in seconds."""

    operators: int = 20
    open_hour: int = 8
    load: tuple[float, ...] = (0.5, 0.7, 0.8, 0.9, 3.0, 0.8, 0.7, 0.6, 0.5, 0.5, 0.4, 0.3)
    """Work that comes in each hour, as a share of what the operators can do; the peak is 3."""
    talk_s: float = 180.0
    """Mean of a lognormal."""
    talk_spread: float = 0.8
    """Its coefficient of variation."""
    wrap_up_s: float = 20.0
    answer_s: float = 4.0
    """An operator picks up after so long in the mean."""
    operator_misses: float = 0.01
    """Share of rings that no operator picks up."""
    missed_after_s: float = 20.0
    back_after_s: float = 120.0
    """An operator put aside logs in again."""
    patience_s: float = 240.0
    """Mean of an exponential: how long callers stay on the line."""
    redial: float = 0.4
    """Share of callers who gave up and call again,"""
    redial_after_s: float = 600.0
    """after so long in the mean,"""
    calls: int = 3
    """and call so often at most."""
    offer_s: float = 120.0
    """A callback is offered when the median estimate is longer."""
    accept: float = 0.65
    """Share of those asked who take it,"""
    accept_after_s: float = 15.0
    """and hang up after so long."""
    reached: float = 0.82
    """Share of dials that the customer answers; the others are busy, silent, or a voicemail."""
    customer_answer_s: float = 12.0
    """Ringing and saying yes."""
    no_answer_s: float = 25.0

    @property
    def handling_s(self) -> float:
        """How long a call occupies an operator, in the mean."""
        return self.answer_s + self.talk_s + self.wrap_up_s

    @property
    def capacity(self) -> float:
        """Calls an hour that the operators can handle."""
        return self.operators * HOUR / self.handling_s

    @property
    def close_s(self) -> float:
        """Nobody calls any more; seconds from the opening."""
        return len(self.load) * HOUR


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with a question."""

    number: int
    arrives_s: float
    """From the opening."""
    source: Random
    """Everything else about this caller, in a fixed order."""


def callers(plan: DayPlan, seed: int) -> Iterator[Caller]:
    """Poisson arrivals at the rate of each hour, in order."""
    random = Random(seed)
    number = 0
    for hour, load in enumerate(plan.load):
        rate = load * plan.capacity / HOUR
        at = hour * HOUR + random.expovariate(rate)
        while at < (hour + 1) * HOUR:
            yield Caller(number, at, Random(seed * 1_000_003 + number))
            number += 1
            at += random.expovariate(rate)
