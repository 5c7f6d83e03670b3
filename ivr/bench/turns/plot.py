"""Figures of turn-taking as pictures: SVG text."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ivr.bench.turns.figures import CROWDED_FROM, TurnOutcome
from ivr.bench.turns.report import Report
from ivr.bench.turns.rows import Profile
from ivr.bench.turns.silence import CurvePoint, overhead_ms
from ivr.plots import drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, GREY, RED, GREEN = "#1f5fa8", "#8a8f98", "#b3261e", "#2e7d4f"
LONGEST_MS: Final = 3000.0


def curve(report: Report) -> str:
    """Latency against cut-offs: silence alone, and the service as it is."""

    def draw(axes: "Axes") -> None:
        if report.silence_wire:
            added = overhead_ms(report.silence_files, report.silence_wire)
            if not math.isnan(added):
                label = f"silence only, files + {added:.0f} ms for line and answer"
                _line(axes, report.silence_files, added, GREY, "--", label)
            _line(axes, report.silence_wire, 0.0, RED, "-", "silence only, over RTP")
        else:
            _line(
                axes, report.silence_files, 0.0, GREY, "--", "silence only, files (decision alone)"
            )
        _mark(axes, report.own, BLUE, "as configured, all turns")
        if report.own_same is not None:
            _mark(axes, report.own_same, GREEN, "as configured, turns of the baseline")
        axes.set_xlabel("median latency, ms")
        axes.set_ylabel("cut-offs, % of turns")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=-1)
        axes.legend(frameon=False, fontsize=8)

    return drawn(draw, 7.4, 4.4)


def _line(
    axes: "Axes", points: Sequence[CurvePoint], added: float, colour: str, style: str, label: str
) -> None:
    x = [point.p50_ms.value + added for point in points]
    y = [point.cut_offs.value * 100 for point in points]
    axes.plot(x, y, style, color=colour, marker="o", markersize=4, linewidth=1.3, label=label)
    for point, left, up in zip(points, x, y, strict=True):
        if not math.isnan(left):
            axes.annotate(
                str(point.trailing_ms),
                (left, up),
                textcoords="offset points",
                xytext=(4, 4),
                fontsize=7,
                color=colour,
            )


def _mark(axes: "Axes", point: CurvePoint, colour: str, label: str) -> None:
    x, y = point.p50_ms, point.cut_offs
    if not x.count:
        return
    axes.errorbar(
        [x.value],
        [y.value * 100],
        xerr=[[x.value - x.low], [x.high - x.value]],
        yerr=[[(y.value - y.low) * 100], [(y.high - y.value) * 100]],
        fmt="*",
        markersize=12,
        color=colour,
        elinewidth=1,
        label=label,
    )


def latencies(report: Report) -> str:
    """How the latencies of every profile are distributed: each turn a dot, a bar at the median."""
    profiles = [p for p in Profile if _of(report.outcomes, p)]

    def draw(axes: "Axes") -> None:
        for place, profile in enumerate(reversed(profiles)):
            mine = _of(report.outcomes, profile)
            offsets = [((index * 7) % 11 - 5) / 18 for index in range(len(mine))]
            axes.plot(
                [min(value, LONGEST_MS) for value in mine],
                [place + offset for offset in offsets],
                "o",
                markersize=3,
                alpha=0.5,
                color=BLUE,
            )
            middle = sorted(mine)[len(mine) // 2]
            axes.plot([middle, middle], [place - 0.4, place + 0.4], color=RED, linewidth=2)
        axes.set_yticks(range(len(profiles)), [profile.value for profile in reversed(profiles)])
        axes.set_xlabel("latency, ms")
        axes.set_xlim(left=0)
        if report.calls < CROWDED_FROM:
            axes.axvline(450, color=GREY, linewidth=0.8, linestyle=":")

    return drawn(draw, 7.4, 0.6 + 0.42 * max(1, len(profiles)))


def _of(outcomes: Sequence[TurnOutcome], profile: Profile) -> list[float]:
    return [
        item.latency_ms
        for item in outcomes
        if item.profile is profile and item.latency_ms is not None and not item.fault
    ]
