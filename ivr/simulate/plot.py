"""The simulated day as curves, one panel below the other."""

from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING, Final

from ivr.plots import QUIET, RIGHT, WRONG
from ivr.simulate.plan import HOUR
from ivr.simulate.report import Policy, Report
from ivr.simulate.visits import hourly

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GREEN: Final = "#2e7d4f"
STEP_S: Final = 900.0
"""Calls are summed over so long."""


def panels(report: Report) -> "list[tuple[str, Callable[[Axes], None]]]":
    """(What it shows, how to draw it)."""
    return [
        ("Calls that come in, redials included", lambda axes: _arrivals(axes, report)),
        ("Who waits", lambda axes: _waiting(axes, report)),
        ("Calls abandoned on the line", lambda axes: _abandoned(axes, report)),
        ("Time on the line, and from promise to conversation", lambda axes: _waits(axes, report)),
        ("Wait told and true wait, virtual queue", lambda axes: _told(axes, report)),
    ]


def _arrivals(axes: "Axes", report: Report) -> None:
    per_hour = HOUR / STEP_S
    for policy, colour in _coloured(report):
        parts = hourly(policy.visits, STEP_S, report.plan.close_s)
        axes.step(
            _hours(report, len(parts)),
            [len(part) * per_hour for part in parts],
            where="post",
            color=colour,
            label=policy.name,
        )
    axes.axhline(report.capacity, color=QUIET, linestyle="--", label="what operators can handle")
    _finish(axes, "calls an hour")


def _waiting(axes: "Axes", report: Report) -> None:
    line, virtual = report.policies
    for policy, field, colour, name in (
        (line, "on_line", WRONG, "on the line, without virtual queue"),
        (virtual, "on_line", RIGHT, "on the line, with virtual queue"),
        (virtual, "promised", GREEN, "promised a call"),
    ):
        x = [report.plan.open_hour + sample.at_s / HOUR for sample in policy.samples]
        y = [getattr(sample, field) for sample in policy.samples]
        axes.plot(x, y, color=colour, label=name)
    _finish(axes, "people")


def _abandoned(axes: "Axes", report: Report) -> None:
    for policy, colour in _coloured(report):
        parts = hourly(policy.visits, STEP_S, report.plan.close_s)
        shares = [
            100 * sum(v.left_s is not None for v in part if v.offered) / max(1, len(part))
            for part in parts
        ]
        axes.step(_hours(report, len(parts)), shares, where="post", color=colour, label=policy.name)
    _finish(axes, "%")


def _waits(axes: "Axes", report: Report) -> None:
    for policy, colour in _coloured(report):
        parts = hourly(policy.visits, STEP_S, report.plan.close_s)
        held = [median([v.on_line_s for v in part] or [0.0]) / 60 for part in parts]
        name = f"on the line, {policy.name}"
        axes.plot(_hours(report, len(parts)), held, color=colour, label=name)
    kept = [
        [v.joined_s - v.promised_s for v in part if v.joined_s and v.promised_s]
        for part in hourly(report.virtual.visits, STEP_S, report.plan.close_s)
    ]
    points = [
        (x, median(part) / 60)
        for x, part in zip(_hours(report, len(kept)), kept, strict=True)
        if part
    ]
    axes.plot(
        [x for x, _ in points], [y for _, y in points], color=GREEN, label="promise to conversation"
    )
    _finish(axes, "minutes, median")


def _told(axes: "Axes", report: Report) -> None:
    served = [v for v in report.virtual.visits if v.told_s is not None and v.reserved_s is not None]
    for name, colour, chosen in (
        ("on the line", RIGHT, [v for v in served if v.promised_s is None]),
        ("promised a call", GREEN, [v for v in served if v.promised_s is not None]),
    ):
        points = [(_minutes(v.told_s), _minutes(v.reserved_s) - v.asked_s / 60) for v in chosen]
        axes.scatter(
            [x for x, _ in points], [y for _, y in points], s=5, color=colour, label=name, alpha=0.5
        )
    most = max((_minutes(v.told_s) for v in served), default=1.0)
    axes.plot([0, most], [0, most], color=QUIET, linestyle="--", label="told = true")
    bounds = sorted((_minutes(v.told_s), _minutes(v.bound_s)) for v in served)
    axes.plot(
        [x for x, _ in bounds],
        [y for _, y in bounds],
        color=WRONG,
        linewidth=0.8,
        label="bound told",
    )
    axes.set_xlabel("wait told, minutes (median estimate)")
    axes.set_ylabel("true wait, minutes")
    axes.legend(loc="upper left", fontsize=8)


def _coloured(report: Report) -> tuple[tuple[Policy, str], ...]:
    return (report.line, WRONG), (report.virtual, RIGHT)


def _hours(report: Report, parts: int) -> list[float]:
    return [report.plan.open_hour + k * STEP_S / HOUR for k in range(parts)]


def _minutes(seconds: float | None) -> float:
    return (seconds or 0.0) / 60


def _finish(axes: "Axes", label: str) -> None:
    axes.set_xlabel("hour of the day")
    axes.set_ylabel(label)
    axes.set_ylim(0)
    axes.legend(loc="upper right", fontsize=8)
