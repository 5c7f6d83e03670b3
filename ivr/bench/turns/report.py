"""Figures of turn-taking -> JSON, and Markdown between two marks of a document."""

from collections.abc import Iterable
from typing import Final

import msgspec

from ivr.bench.report import table
from ivr.bench.turns.figures import Estimate, Figures, Judged, TurnOutcome, judged
from ivr.bench.turns.silence import CurvePoint
from ivr.documents import Marked

MARKED: Final = Marked("ivr bench turns")


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one run measured."""

    day: str
    machine: str
    command: str
    calls: int
    part: str
    turns: int
    figures: Figures
    silence_files: tuple[CurvePoint, ...]
    """Silence only, decided over the files."""
    silence_wire: tuple[CurvePoint, ...]
    """Silence only, over RTP."""
    silence_turns: int
    """Turns of each point over RTP."""
    own: CurvePoint
    """The service as it is configured."""
    own_same: CurvePoint | None
    """The same on the turns of the points over RTP only."""
    outcomes: tuple[TurnOutcome, ...]

    @property
    def judged(self) -> tuple[Judged, ...]:
        return judged(self.figures, self.calls)


def as_json(report: Report) -> bytes:
    """All figures and every turn."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def markdown(report: Report) -> str:
    """Tables of figures, targets and curve."""
    parts = (
        [
            f"Measured {report.day} on {report.machine}: `{report.command}`. "
            f"{report.turns} turns of the {report.part} half, {report.calls} "
            f"{'call' if report.calls == 1 else 'calls'} at a time. In brackets: 95 % intervals.",
        ],
        _groups(report.figures),
        _interrupting(report.figures),
        _targets(report.judged),
        _curve(report),
    )
    return "\n".join(line for part in parts for line in (*part, ""))


def _groups(figures: Figures) -> list[str]:
    head = ("question", "turns", "P50 ms", "P95 ms", "P99 ms", "cut-offs", "of those with a pause")
    rows = (
        (
            group.name,
            str(group.turns),
            milliseconds(group.p50_ms),
            milliseconds(group.p95_ms),
            milliseconds(group.p99_ms),
            percent(group.cut_offs),
            percent(group.cut_offs_paused),
            percent(group.missed),
            percent(group.understood),
        )
        for group in figures.groups
    )
    return table((*head, "missed ends", "understood"), rows)


def _interrupting(figures: Figures) -> list[str]:
    found = figures.interrupting
    rows = (
        ("barge-in: bot yields, P50", milliseconds(found.yield_p50_ms), _n(found.yield_p50_ms)),
        ("barge-in: bot yields, P95", milliseconds(found.yield_p95_ms), _n(found.yield_p95_ms)),
        ("barge-in: bot silent, P50", milliseconds(found.stop_p50_ms), _n(found.stop_p50_ms)),
        ("barge-in: bot silent, P95", milliseconds(found.stop_p95_ms), _n(found.stop_p95_ms)),
        ("barge-ins without effect", str(found.not_yielded), _n(found.yield_p50_ms)),
        ("backchannels that stop it", percent(found.backchannels), _n(found.backchannels)),
        ("coughs, noises, echoes that stop it", percent(found.noises), _n(found.noises)),
    )
    return table(("over a prompt", "measured (ms or %)", "count"), rows)


def _targets(items: Iterable[Judged]) -> list[str]:
    rows = (
        (
            item.target.name,
            f"at most {shown(item.target.most, item.target.unit)}",
            shown(item.estimate.value, item.target.unit) if item.estimate.count else "-",
            "met" if item.met else "**missed**",
        )
        for item in items
    )
    return table(("target", "", "measured", ""), rows)


def _curve(report: Report) -> list[str]:
    points = [("as configured, over RTP", report.own)]
    if report.own_same is not None:
        points.append(("as configured, over RTP, turns of the baseline", report.own_same))
    points += [(f"silence of {p.trailing_ms} ms, over RTP", p) for p in report.silence_wire]
    points += [(f"silence of {p.trailing_ms} ms, files", p) for p in report.silence_files]
    rows = (
        (name, _n(p.cut_offs), milliseconds(p.p50_ms), milliseconds(p.p95_ms), percent(p.cut_offs))
        for name, p in points
        if p.cut_offs.count
    )
    return table(("endpointing", "turns", "P50 ms", "P95 ms", "cut-offs"), rows)


def milliseconds(estimate: Estimate) -> str:
    """'412 [390, 455]', '-' without values."""
    if not estimate.count:
        return "-"
    return f"{estimate.value:.0f} [{estimate.low:.0f}, {estimate.high:.0f}]"


def percent(estimate: Estimate) -> str:
    """'3.1% [1, 6]', '-' without values."""
    if not estimate.count:
        return "-"
    return f"{estimate.value:.1%} [{estimate.low * 100:.0f}, {estimate.high * 100:.0f}]"


def shown(value: float, unit: str) -> str:
    """A share in per cent, or a time."""
    return f"{value:.1%}" if unit == "%" else f"{value:.0f} {unit}"


def _n(estimate: Estimate) -> str:
    return str(estimate.count)
