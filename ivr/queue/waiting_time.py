"""How long will it take: measured handling times, operators on duty, contacts ahead. Pure.

All operators are busy while anybody waits, so a contact with k ahead of it is served with the
(k+1)-th time that one of n operators becomes free. A contact occupies its operator for m seconds in
the mean, with a squared coefficient of variation c2 (both measured). The gaps between such moments
are m / n seconds in the mean; the first is met in its middle, (1 + c) / 2 of a gap. Their spread c
is that of nearly independent ones: among many operators they come like Poisson's (1), those of a
single operator and many gaps per operator average out with c2. A gamma distribution with these two
moments gives median and bound (quantiles by Wilson and Hilferty, 1931). Callers who give up shorten
the wait. Where a share s of those ahead stays whatever happens (promised calls) and each of the
others leaves at the rate r, the fluid limit turns the time x into ln(1 + (e^(r s x) - 1) / s) / r,
which is ln(1 + r x) / r without promises.

Where little was measured, the configured guess counts as `GUESS_WEIGHT` contacts and the doubt
about the mean widens the bound. What it does not know: operators who come and go, contacts of a
higher class that are still to come, booked slots. docs/virtual-queue.md has the measured error.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import expm1, log, log1p, sqrt
from typing import Final

from ivr.queue.model import ContactKind, ContactState, Place

GUESS_WEIGHT: Final = 5
"""Contacts that the guess is worth."""
GUESS_SPREAD: Final = 1.0
"""c2 of a guess: as spread as an exponential."""
LEAST: Final = 5
"""Contacts measured below which there is no estimate, unless there is a guess."""
RECENT: Final = 200
"""Contacts that a store should measure: the newest so many, to follow the day."""
MET_IN_THE_MIDDLE: Final = 0.5
"""Spread of what is left of one contact; a third (uniform) even if all take equally long."""
LONG: Final = 50.0
"""e to this power is without bound for all purposes."""
BOUND_Z: Final = 1.2816
"""Nine tenths of the normal distribution lie below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """How long contacts occupy operators: from the reservation until free again, wrap-up included;
    attempts that came to nothing belong to the contact they were made for."""

    count: int
    mean_s: float
    spread: float
    """Squared coefficient of variation."""


def measured(seconds: Iterable[float], guess_s: float | None = None) -> Handling | None:
    """From the newest handling times, drawn towards the guess where they are few. None: there is
    nothing to estimate from."""
    values = [value for value in seconds if value > 0]
    count = len(values)
    if guess_s is None and count < LEAST:
        return None
    weight = 0 if guess_s is None else GUESS_WEIGHT
    guess = guess_s or 0.0
    mean = (sum(values) + weight * guess) / (count + weight)
    squares = sum((value - mean) ** 2 for value in values)
    squares += weight * ((guess - mean) ** 2 + GUESS_SPREAD * guess**2)
    return Handling(count=count, mean_s=mean, spread=squares / (count + weight) / mean**2)


@dataclass(frozen=True, slots=True)
class Wait:
    """From now until an operator is reserved."""

    median_s: float
    bound_s: float
    """Nine of ten waits are shorter."""


NO_WAIT: Final = Wait(0.0, 0.0)


def estimate(
    handling: Handling | None,
    *,
    ahead: int,
    on_duty: int,
    available: int = 0,
    leaving_per_s: float = 0.0,
    staying: float = 0.0,
) -> Wait | None:
    """The wait of a contact with so many ahead; None: nobody is on duty, or nothing is known.

    `leaving_per_s`: measured share of those on the line who give up, each second; `staying`: share
    of those ahead who were promised a call and wait for it anywhere.
    """
    if available > ahead:
        return NO_WAIT
    if handling is None or on_duty <= 0:
        return None
    gaps = ahead + 1 - available
    first = 1.0 + (handling.spread - 1.0) / on_duty
    mean = (gaps - 1 + (1.0 + first) / 2.0) * handling.mean_s / on_duty
    averaging = gaps / (gaps + on_duty - 1)
    spread = 1.0 + averaging * (handling.spread - 1.0)
    if gaps == 1:
        spread = max(spread, MET_IN_THE_MIDDLE)
    doubt = handling.spread / (handling.count + GUESS_WEIGHT)
    median = _quantile(mean, spread / gaps, 0.0)
    bound = _quantile(mean, spread / gaps + doubt, BOUND_Z)
    return Wait(
        _shortened(median, leaving_per_s, staying), _shortened(bound, leaving_per_s, staying)
    )


def with_wait(
    place: Place,
    handling: Handling | None,
    *,
    available: int = 0,
    leaving_per_s: float = 0.0,
    staying: float = 0.0,
) -> Place:
    """The place with its estimate, for contacts that wait in turn."""
    called_later = place.kind is ContactKind.CALLBACK and place.calls_from
    if place.state is not ContactState.WAITING or place.due_at or called_later:
        return place
    wait = estimate(
        handling,
        ahead=place.ahead,
        on_duty=place.operators,
        available=available,
        leaving_per_s=leaving_per_s,
        staying=staying,
    )
    if wait is None:
        return place
    return replace(place, wait_s=wait.median_s, wait_bound_s=wait.bound_s)


def _quantile(mean: float, spread: float, z: float) -> float:
    """Of a gamma distribution; `spread` is its squared coefficient of variation."""
    if spread <= 0:
        return mean
    return mean * max(0.0, 1.0 - spread / 9.0 + z * sqrt(spread) / 3.0) ** 3


def _shortened(seconds: float, leaving_per_s: float, staying: float) -> float:
    if leaving_per_s <= 0:
        return seconds
    if staying <= 0:
        return log1p(leaving_per_s * seconds) / leaving_per_s
    turns = leaving_per_s * staying * seconds
    if turns > LONG:  # everybody who would leave has left
        return staying * seconds - log(staying) / leaving_per_s
    return log1p(expm1(turns) / staying) / leaving_per_s
