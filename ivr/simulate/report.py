"""Days with and without the virtual queue -> JSON, and Markdown for a document."""

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Final

import msgspec

from ivr.bench.report import table
from ivr.documents import Marked
from ivr.simulate.day import Day
from ivr.simulate.plan import DayPlan
from ivr.simulate.visits import Figures, Sample, Visit, figures

MARKED: Final = Marked("ivr simulate day")


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One way to treat callers, over all days; the first day in full."""

    name: str
    days: tuple[Figures, ...]
    visits: tuple[Visit, ...]
    samples: tuple[Sample, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one run simulated."""

    command: str
    seed: int
    plan: DayPlan
    capacity: float
    """Calls an hour that the operators can handle."""
    line: Policy
    virtual: Policy

    @property
    def policies(self) -> tuple[Policy, Policy]:
        return self.line, self.virtual


def simulate(plan: DayPlan, seed: int, days: int, command: str) -> Report:
    """The same people on the same days, under both policies."""
    policies = {
        name: _policy(name, [_day(plan, seed + day, virtual) for day in range(days)])
        for name, virtual in (("everybody holds the line", False), ("virtual queue", True))
    }
    line, virtual = policies.values()
    return Report(
        command=command,
        seed=seed,
        plan=plan,
        capacity=plan.capacity,
        line=line,
        virtual=virtual,
    )


def _day(plan: DayPlan, seed: int, virtual: bool) -> Day:
    day = Day(plan, seed, virtual)
    day.run()
    return day


def _policy(name: str, days: Sequence[Day]) -> Policy:
    return Policy(
        name=name,
        days=tuple(figures(day.visits) for day in days),
        visits=tuple(days[0].visits),
        samples=tuple(days[0].samples),
    )


def as_json(report: Report) -> bytes:
    """All figures, every call of the first day."""
    return msgspec.json.encode(report) + b"\n"


ROWS: Final[tuple[tuple[str, Callable[[Figures], float], str], ...]] = (
    ("calls, redials included", lambda f: f.calls, ""),
    ("callers who talked to an operator in the end", lambda f: f.served, "%"),
    ("calls abandoned on the line (of those offered)", lambda f: f.abandoned, "%"),
    ("service level: talked within 20 s (of those offered)", lambda f: f.service_level, "%"),
    ("ASA: mean wait of those answered on the line", lambda f: f.asa_s, "s"),
    ("time on the line, median of all calls", lambda f: f.line_p50_s, "s"),
    ("time on the line, P90 of all calls", lambda f: f.line_p90_s, "s"),
    ("promised calls", lambda f: f.promises, ""),
    ("... customers reached", lambda f: f.reached, "%"),
    ("... dials a promise", lambda f: f.dials, "x"),
    ("... promise to conversation, median", lambda f: f.promise_p50_s, "min"),
    ("... promise to conversation, P90", lambda f: f.promise_p90_s, "min"),
    ("... longest", lambda f: f.longest_promise_s, "min"),
    ("EWT: error, median, of true waits above 1 min", lambda f: f.estimate_error, "%"),
    ("EWT: the same with its sign (+: told too long)", lambda f: f.estimate_bias, "+%"),
    ("EWT: true waits within the bound told (90 % meant)", lambda f: f.within_bound, "%"),
)


def markdown(report: Report) -> str:
    """One table: both policies, mean of the days and range."""
    plan, days = report.plan, len(report.line.days)
    head = (
        f"`{report.command}`: {days} days, seeds {report.seed} to {report.seed + days - 1}, "
        f"{plan.operators} operators, {report.capacity:.0f} calls an hour can be handled, "
        f"{max(plan.load):.0f} times as many come in the peak hour. Mean of the days, in brackets "
        "the lowest and the highest."
    )
    rows = [
        (name, *(cell([read(day) for day in policy.days], unit) for policy in report.policies))
        for name, read, unit in ROWS
    ]
    return "\n".join([head, "", *table(("", *(p.name for p in report.policies)), rows)])


def cell(values: Sequence[float], unit: str) -> str:
    """Mean and range; "-" where nothing happened."""
    if not any(values):
        return "-"
    low, high = shown(min(values), unit), shown(max(values), unit)
    mean = shown(fmean(values), unit)
    return mean if low == high else f"{mean} [{low}, {high}]"


def shown(value: float, unit: str) -> str:
    """With its unit."""
    match unit:
        case "%":
            return f"{value:.1%}"
        case "+%":
            return f"{value:+.1%}"
        case "min":
            return f"{value / 60:.0f} min"
        case "s":
            return f"{value:.0f} s"
        case "x":
            return f"{value:.2f}"
        case _:
            return f"{value:,.0f}"
