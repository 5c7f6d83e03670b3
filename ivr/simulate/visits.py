"""What became of every call of a simulated day, and the figures of the day."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import msgspec

ANSWERED_WITHIN_S = 20.0
NOT_OFFERED_S = 5.0
"""Calls given up earlier are not counted as offered: the abandon rule of the service level."""


class Visit(msgspec.Struct, kw_only=True):
    """One call to the service, from asking for an operator on; seconds from the opening."""

    caller: int
    asked_s: float
    told_s: float | None = None
    """Median estimate of the wait when asked."""
    bound_s: float | None = None
    promised_s: float | None = None
    """Hung up with a promise."""
    reserved_s: float | None = None
    """First time that an operator was reserved: what the estimate is about."""
    joined_s: float | None = None
    left_s: float | None = None
    given_up_s: float | None = None
    """The customer could not be reached."""
    dials: int = 0
    """Of the customer."""

    @property
    def offered(self) -> bool:
        """Counts for the service level."""
        return self.left_s is None or self.left_s - self.asked_s >= NOT_OFFERED_S

    @property
    def on_line_s(self) -> float:
        """With the telephone at the ear, before an operator."""
        ends = (self.promised_s, self.left_s, self.joined_s)
        return min((end for end in ends if end is not None), default=self.asked_s) - self.asked_s


class Sample(msgspec.Struct, frozen=True):
    """The queue at one moment."""

    at_s: float
    on_line: int
    promised: int
    busy: int
    """Operators reserved, talking or in wrap-up."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One day under one policy. Times in seconds, shares 0..1."""

    calls: int
    callers: int
    abandoned: float
    """Of calls offered."""
    served: float
    """Callers who talked to an operator in the end, on the line or called back."""
    service_level: float
    """Talked within 20 s of asking, of calls offered; a callback counts from its promise."""
    asa_s: float
    """Mean wait of those answered on the line."""
    line_p50_s: float
    line_p90_s: float
    """Time on the line of all calls, until answered, given up or promised."""
    promises: int
    reached: float
    """Of promises."""
    dials: float
    """Of the customer, a promise."""
    promise_p50_s: float
    promise_p90_s: float
    """Promise to conversation."""
    longest_promise_s: float
    last_s: float
    """End of the last conversation's wait, seconds from the opening."""
    estimates: int
    """Waits told to callers who were then served: on the line or called."""
    estimate_bias: float
    """Median of told less true, as a share of the true wait; of waits above a minute."""
    estimate_error: float
    """The same without its sign."""
    within_bound: float
    """Of true waits, those within the bound told; 0.9 was promised."""


def figures(visits: Sequence[Visit]) -> Figures:
    """Sums of a day."""
    offered = [visit for visit in visits if visit.offered]
    joined = [visit for visit in visits if visit.joined_s is not None]
    on_line = [_wait(v) for v in joined if v.promised_s is None]
    promises = [visit for visit in visits if visit.promised_s is not None]
    kept = sorted(_of(v.joined_s) - _of(v.promised_s) for v in promises if v.joined_s is not None)
    people = {visit.caller for visit in visits}
    held = sorted(visit.on_line_s for visit in visits)
    told = [v for v in visits if v.told_s is not None and v.reserved_s is not None]
    true = [_of(v.reserved_s) - v.asked_s for v in told]
    errors = [_of(v.told_s) / wait - 1.0 for v, wait in zip(told, true, strict=True) if wait > 60.0]
    within = sum(_of(v.bound_s) >= wait for v, wait in zip(told, true, strict=True))
    return Figures(
        calls=len(visits),
        callers=len(people),
        abandoned=_share(sum(v.left_s is not None for v in offered), len(offered)),
        served=_share(len({visit.caller for visit in joined}), len(people)),
        service_level=_share(sum(_wait(v) <= ANSWERED_WITHIN_S for v in joined), len(offered)),
        asa_s=sum(on_line) / max(1, len(on_line)),
        line_p50_s=quantile(held, 0.5),
        line_p90_s=quantile(held, 0.9),
        promises=len(promises),
        reached=_share(len(kept), len(promises)),
        dials=sum(v.dials for v in promises) / max(1, len(promises)),
        promise_p50_s=quantile(kept, 0.5),
        promise_p90_s=quantile(kept, 0.9),
        longest_promise_s=max(kept, default=0.0),
        last_s=max((_of(v.joined_s) for v in joined), default=0.0),
        estimates=len(told),
        estimate_bias=median(errors) if errors else 0.0,
        estimate_error=median(abs(error) for error in errors) if errors else 0.0,
        within_bound=_share(within, len(told)),
    )


def quantile(values: Sequence[float], share: float) -> float:
    """Of sorted values; 0 without any."""
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0


def hourly(visits: Sequence[Visit], step_s: float, end_s: float) -> list[list[Visit]]:
    """Calls by the stretch of the day in which they asked."""
    in_order = sorted(visits, key=lambda visit: visit.asked_s)
    times = [visit.asked_s for visit in in_order]
    borders = [bisect_left(times, k * step_s) for k in range(int(end_s / step_s) + 1)]
    return [in_order[a:b] for a, b in pairwise(borders)]


def _wait(visit: Visit) -> float:
    return _of(visit.joined_s) - visit.asked_s


def _of(value: float | None) -> float:
    assert value is not None
    return value


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
