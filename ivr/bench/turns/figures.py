"""Outcomes of turns -> shares, percentiles, intervals, and whether they are good enough. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from ivr.bench.figures import percentile
from ivr.bench.turns.rows import MUST_NOT_STOP, Kind, Profile

MISSED_S: Final = 3.0
"""No reply within this long after the caller's last sound: the end was missed."""
RESAMPLES: Final = 2000
ALL: Final = "all"


class TurnOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one turn came to. Milliseconds; None where it does not apply or did not happen."""

    id: str
    profile: Profile
    kind: Kind
    paused: bool
    latency_ms: float | None = None
    """Last sample of the caller's speech to the first audible one of the reply, on the wire."""
    cut_off: bool = False
    """The bot spoke before the caller's last sound, or took the turn in two."""
    missed: bool = False
    """No reply within `MISSED_S`."""
    yield_ms: float | None = None
    """Onset of the caller's speech to the prompt softer by 15 dB."""
    stop_ms: float | None = None
    """Onset of the caller's speech to the bot silent."""
    false_stop: bool | None = None
    """The bot gave way to what was no reason to; None for turns that are one."""
    understood: bool | None = None
    """The intent or value was the expected one; None where none is expected."""
    heard: str = ""
    """What the service's records say it heard; ' / ' between turns."""
    fault: str = ""
    """Why the turn could not be measured."""


class Estimate(msgspec.Struct, frozen=True):
    """A figure with its 95 % bootstrap interval; NaN without values."""

    value: float
    low: float
    high: float
    count: int


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one question profile, or of all turns."""

    name: str
    turns: int
    p50_ms: Estimate
    p95_ms: Estimate
    p99_ms: Estimate
    cut_offs: Estimate
    """Share of turns, 0..1."""
    cut_offs_paused: Estimate
    """Of the turns with a pause in them."""
    missed: Estimate
    understood: Estimate


class Interrupting(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of what was said and heard over prompts."""

    yield_p50_ms: Estimate
    yield_p95_ms: Estimate
    stop_p50_ms: Estimate
    stop_p95_ms: Estimate
    not_yielded: int
    """Interruptions during which the bot just went on."""
    backchannels: Estimate
    """Share of backchannels that stopped the bot."""
    noises: Estimate
    """Share of coughs, noises and echoes that stopped it."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One pass over the turns."""

    groups: tuple[Group, ...]
    """`all` first, then the profiles."""
    interrupting: Interrupting
    faults: tuple[str, ...]

    def group(self, name: str) -> Group | None:
        return next((group for group in self.groups if group.name == name), None)


def summarize(outcomes: Sequence[TurnOutcome]) -> Figures:
    """All figures of a pass."""
    sound = [outcome for outcome in outcomes if not outcome.fault]
    answers = [item for item in sound if item.profile is not Profile.OVER_PROMPT]
    groups = [group_of(ALL, answers)]
    for profile in Profile:
        if mine := [item for item in answers if item.profile is profile]:
            groups.append(group_of(profile.value, mine))
    return Figures(
        groups=tuple(groups),
        interrupting=_interrupting(sound),
        faults=tuple(f"{item.id}: {item.fault}" for item in outcomes if item.fault),
    )


def group_of(name: str, answers: Sequence[TurnOutcome]) -> Group:
    """Figures of these answers."""
    latencies = present(item.latency_ms for item in answers)
    return Group(
        name=name,
        turns=len(answers),
        p50_ms=percentile_of(latencies, 50),
        p95_ms=percentile_of(latencies, 95),
        p99_ms=percentile_of(latencies, 99),
        cut_offs=share(item.cut_off for item in answers),
        cut_offs_paused=share(item.cut_off for item in answers if item.paused),
        missed=share(item.missed for item in answers),
        understood=share(item.understood for item in answers if item.understood is not None),
    )


def _interrupting(sound: Sequence[TurnOutcome]) -> Interrupting:
    interruptions = [item for item in sound if item.kind is Kind.INTERRUPTION]
    yields = present(item.yield_ms for item in interruptions)
    stops = present(item.stop_ms for item in interruptions)
    rest = [item for item in sound if item.kind in MUST_NOT_STOP]
    return Interrupting(
        yield_p50_ms=percentile_of(yields, 50),
        yield_p95_ms=percentile_of(yields, 95),
        stop_p50_ms=percentile_of(stops, 50),
        stop_p95_ms=percentile_of(stops, 95),
        not_yielded=sum(item.yield_ms is None for item in interruptions),
        backchannels=share(bool(i.false_stop) for i in rest if i.kind is Kind.BACKCHANNEL),
        noises=share(bool(i.false_stop) for i in rest if i.kind is not Kind.BACKCHANNEL),
    )


def present(values: Iterable[float | None]) -> list[float]:
    """Those that are there."""
    return [value for value in values if value is not None]


def percentile_of(values: Sequence[float], rank: float) -> Estimate:
    """A percentile with its interval."""
    return _estimate(values, lambda sample: np.percentile(sample, rank, axis=-1), rank)


def share(flags: Iterable[bool]) -> Estimate:
    """How many of them are true, with the interval of Wilson: the bootstrap of none is none."""
    values = [float(flag) for flag in flags]
    count = len(values)
    if not count:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    part, z = sum(values) / count, 1.96
    middle = (part + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(part * (1 - part) / count + z * z / (4 * count**2)) / (1 + z * z / count)
    return Estimate(part, max(0.0, float(middle - half)), min(1.0, float(middle + half)), count)


def _estimate(
    values: Sequence[float], figure: Callable[[np.ndarray], np.ndarray], rank: float
) -> Estimate:
    if not values:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    rng = np.random.default_rng(611)
    drawn = rng.choice(np.array(values), size=(RESAMPLES, len(values)))
    low, high = np.percentile(figure(drawn), (2.5, 97.5))
    return Estimate(percentile(values, rank), float(low), float(high), len(values))


@dataclass(frozen=True, slots=True)
class Target:
    """One figure that has to be reached."""

    name: str
    most: float
    unit: str
    measured: Callable[[Figures], Estimate]


@dataclass(frozen=True, slots=True)
class Judged:
    """A target and what was measured."""

    target: Target
    estimate: Estimate

    @property
    def met(self) -> bool:
        """False also when nothing was measured."""
        return self.estimate.count > 0 and self.estimate.value <= self.target.most


_NOTHING: Final = Estimate(float("nan"), float("nan"), float("nan"), 0)


def _in_group(name: str, figure: Callable[[Group], Estimate]) -> Callable[[Figures], Estimate]:
    def measured(figures: Figures) -> Estimate:
        group = figures.group(name)
        return _NOTHING if group is None else figure(group)

    return measured


TARGETS: Final = (
    Target("open question, P50", 450.0, "ms", _in_group("open", lambda group: group.p50_ms)),
    Target("open question, P95", 900.0, "ms", _in_group("open", lambda group: group.p95_ms)),
    Target("open question, cut-offs", 0.05, "%", _in_group("open", lambda group: group.cut_offs)),
    Target("yes or no, P50", 300.0, "ms", _in_group("yes_no", lambda group: group.p50_ms)),
    Target("which city, P50", 300.0, "ms", _in_group("city", lambda group: group.p50_ms)),
    Target("barge-in: bot yields, P95", 250.0, "ms", lambda found: found.interrupting.yield_p95_ms),
    Target("backchannels that stop it", 0.02, "%", lambda found: found.interrupting.backchannels),
)
"""One call at a time, on two cores."""
CROWDED: Final = (
    Target("all questions, P95", 1200.0, "ms", _in_group(ALL, lambda group: group.p95_ms)),
)
"""Eight calls at once."""
CROWDED_FROM: Final = 2
"""Calls at once from which the second table holds."""


def judged(figures: Figures, calls: int) -> tuple[Judged, ...]:
    """The targets that hold for so many calls at once."""
    targets = CROWDED if calls >= CROWDED_FROM else TARGETS
    return tuple(Judged(target, target.measured(figures)) for target in targets)
