"""What became of contacts -> how many waited at each time. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

from ivr.analytics.queue_stories import ContactStory


@dataclass(frozen=True, slots=True)
class Length:
    """The queue from `at` on, until the next value."""

    at: float
    on_line: int
    promised: int
    """Promises that are due: in turn, or their slot has begun."""


def lengths(
    stories: Iterable[ContactStory], since: float, until: float, now: float
) -> tuple[Length, ...]:
    """Every change of the queue's length within the time, the first at `since`."""
    changes: list[tuple[float, int, int]] = []
    for story in stories:
        for start, end, one in _waits(story, now):
            low, high = max(start, since), min(end, until, now)
            if low < high:
                changes.append((low, *one))
                changes.append((high, -one[0], -one[1]))
    found = [Length(since, 0, 0)]
    for at, on_line, promised in sorted(changes):
        last = found[-1]
        grown = Length(at, last.on_line + on_line, last.promised + promised)
        if at == last.at:
            found.pop()
        found.append(grown)
    return tuple(found)


def busiest(found: Iterable[Length]) -> Length:
    """The moment at which most waited."""
    return max(found, key=lambda one: (one.on_line + one.promised, -one.at))


def peaks(found: Sequence[Length], until: float, step_s: float) -> tuple[Length, ...]:
    """The busiest moment of each step, at the step's beginning: a day in a few hundred values."""
    shown = []
    number, held, since = 0, found[0], found[0].at
    for step in range(max(1, ceil((until - since) / step_s))):
        start = since + step * step_s
        within = [held]
        while number < len(found) and found[number].at < start + step_s:
            held = found[number]
            within.append(held)
            number += 1
        shown.append(replace(busiest(within), at=start))
    return tuple(shown)


def mean_length(found: Iterable[Length], until: float) -> float:
    """How many waited on average, by time, from the first value to `until`."""
    values = (*found, Length(until, 0, 0))
    waited_s = sum((b.at - a.at) * (a.on_line + a.promised) for a, b in pairwise(values))
    length_s = until - values[0].at
    return waited_s / length_s if length_s > 0 else 0.0


def _waits(story: ContactStory, now: float) -> Iterator[tuple[float, float, tuple[int, int]]]:
    """Beginning and end of its waits; (1, 0) on the line, (0, 1) promised."""
    over = now if story.waited_until is None else story.waited_until
    if story.came_on_line:
        off = story.off_line_at
        yield story.came_at, over if off is None else off, (1, 0)
    if story.promised_at is not None:
        yield max(story.promised_at, story.slot_at or 0.0), over, (0, 1)
