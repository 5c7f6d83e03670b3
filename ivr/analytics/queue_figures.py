"""What became of contacts and operators -> figures by skill and interval. Pure.

What belongs to an interval: calls by when they came, promises by when they were made, estimates by
when the contact came, conversations by when they began, failed rings by when they ended, operators'
hours cut at its edges.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TypeVar

from ivr.analytics.queue_measures import (
    ON_DUTY,
    EstimateFigures,
    HandlingFigures,
    LineFigures,
    PromiseFigures,
    estimate_figures,
    handling_figures,
    line_figures,
    promise_figures,
)
from ivr.analytics.queue_rules import FigureRules
from ivr.analytics.queue_stories import OperatorSpan, Stories

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFigures:
    """One line of a report."""

    skill: str
    """'': all of them."""
    since: float
    """Seconds since the epoch."""
    until: float
    """The end, not included."""
    line: LineFigures
    promises: PromiseFigures
    handling: HandlingFigures
    estimates: EstimateFigures


@dataclass(frozen=True, slots=True)
class Intervals:
    """Time cut into pieces of the same length; the last may be shorter."""

    since: float
    until: float
    length_s: float

    @property
    def count(self) -> int:
        """How many; a remainder of less than a billionth is no piece but a rounding error."""
        return max(1, ceil((self.until - self.since) / self.length_s - 1e-9))

    @property
    def edges(self) -> list[tuple[float, float]]:
        """Beginning and end of each."""
        return [
            (self.since + n * self.length_s, min(self.until, self.since + (n + 1) * self.length_s))
            for n in range(self.count)
        ]

    def number_of(self, at: float | None) -> int | None:
        """The piece a moment falls into."""
        if at is None or not self.since <= at < self.until:
            return None
        return min(self.count - 1, int((at - self.since) / self.length_s))


def figures(
    stories: Stories,
    *,
    since: float,
    until: float,
    now: float,
    interval_s: float | None = None,
    skill: str = "",
    rules: FigureRules | None = None,
) -> tuple[QueueFigures, ...]:
    """A line per interval, empty ones too, or one line for the whole time without `interval_s`.

    `now`: what has not ended is counted until then.
    """
    rules = rules or FigureRules()
    intervals = Intervals(since, until, interval_s or until - since)
    contacts = [one for one in stories.contacts if skill in ("", one.skill)]
    came = _sorted_in(intervals, contacts, lambda one: one.came_at)
    promised = _sorted_in(intervals, contacts, lambda one: one.promised_at)
    talked = _sorted_in(
        intervals,
        [one for one in stories.conversations if skill in ("", one.skill)],
        lambda one: one.joined_at,
    )
    rung = _sorted_in(
        intervals,
        [one for one in stories.rung_in_vain if skill in ("", one.skill)],
        lambda one: one.at,
    )
    hours = _cut(intervals, _on_duty(stories.spans, skill), now)
    return tuple(
        QueueFigures(
            skill=skill,
            since=start,
            until=end,
            line=line_figures([one for one in came[n] if one.came_on_line], rules, now),
            promises=promise_figures(promised[n]),
            handling=handling_figures(talked[n], hours[n], rung[n], min(end, now) - start),
            estimates=estimate_figures(came[n]),
        )
        for n, (start, end) in enumerate(intervals.edges)
    )


def skills_in(stories: Stories) -> tuple[str, ...]:
    """Skills that contacts asked for, by name."""
    return tuple(sorted({one.skill for one in stories.contacts if one.skill}))


def _sorted_in(
    intervals: Intervals, items: Iterable[T], moment: Callable[[T], float | None]
) -> dict[int, list[T]]:
    """Things by the number of their interval; those outside of all are left out."""
    found: dict[int, list[T]] = defaultdict(list)
    for item in items:
        number = intervals.number_of(moment(item))
        if number is not None:
            found[number].append(item)
    return found


def _on_duty(spans: Sequence[OperatorSpan], skill: str) -> Iterator[OperatorSpan]:
    for span in spans:
        if span.state in ON_DUTY and (not skill or skill in span.skills):
            yield span


def _cut(
    intervals: Intervals, spans: Iterable[OperatorSpan], now: float
) -> dict[int, list[OperatorSpan]]:
    """Spans by interval, cut at its edges; those that last are cut now."""
    edges = intervals.edges
    found: dict[int, list[OperatorSpan]] = defaultdict(list)
    for span in spans:
        since = max(span.since, intervals.since)
        until = min(now if span.until is None else span.until, intervals.until)
        first = intervals.number_of(since)
        while first is not None and first < len(edges) and since < until:
            end = min(until, edges[first][1])
            found[first].append(replace(span, since=since, until=end))
            first, since = first + 1, end
    return found
