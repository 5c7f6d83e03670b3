"""A report of the queue as tables for a terminal."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ivr.analytics.queue_figures import QueueFigures
from ivr.analytics.queue_report import Report
from ivr.analytics.queue_text import length, share

Column = tuple[str, Callable[[QueueFigures], str]]

LINE: Final[tuple[Column, ...]] = (
    ("offered", lambda one: str(one.line.offered)),
    ("answered", lambda one: str(one.line.answered)),
    ("abandoned", lambda one: str(one.line.abandoned + one.line.lost)),
    ("short", lambda one: str(one.line.short_abandons)),
    ("to call back", lambda one: str(one.line.moved)),
    ("waiting", lambda one: str(one.line.waiting)),
    ("level", lambda one: share(one.line.service_level)),
    ("ASA", lambda one: length(one.line.asa_s)),
    ("longest", lambda one: length(one.line.longest_wait_s)),
)
PROMISES: Final[tuple[Column, ...]] = (
    ("promised", lambda one: str(one.promises.promised)),
    ("kept", lambda one: str(one.promises.kept)),
    ("pending", lambda one: str(one.promises.pending)),
    ("given up", lambda one: str(one.promises.given_up)),
    ("cancelled", lambda one: str(one.promises.cancelled)),
    ("retries", lambda one: str(one.promises.retries)),
    ("our faults", lambda one: str(one.promises.faults)),
    ("to bridge P50", lambda one: length(one.promises.bridge_p50_s)),
    ("P90", lambda one: length(one.promises.bridge_p90_s)),
    ("slot late P50", lambda one: length(one.promises.slot_late_p50_s)),
    ("P90", lambda one: length(one.promises.slot_late_p90_s)),
)
HANDLING: Final[tuple[Column, ...]] = (
    ("on duty", lambda one: f"{one.handling.operators:.1f}"),
    ("occupancy", lambda one: share(one.handling.occupancy)),
    ("talks", lambda one: str(one.handling.conversations)),
    ("talk", lambda one: length(one.handling.talk_s)),
    ("wrap-up", lambda one: length(one.handling.wrap_up_s)),
    ("AHT", lambda one: length(one.handling.aht_s)),
    ("no answer", lambda one: str(one.handling.ring_no_answers)),
    ("faults", lambda one: str(one.handling.operator_faults)),
    ("told", lambda one: str(one.estimates.estimates)),
    ("off by", lambda one: length(one.estimates.error_s)),
    ("bias", lambda one: length(one.estimates.bias_s)),
    ("in bound", lambda one: share(one.estimates.bound_kept)),
)
INTERVAL: Final[tuple[Column, ...]] = (
    *(column for column in LINE if column[0] not in ("short", "waiting")),
    ("promised", lambda one: str(one.promises.promised)),
    ("kept", lambda one: str(one.promises.kept)),
    ("P90", lambda one: length(one.promises.bridge_p90_s)),
    ("AHT", lambda one: length(one.handling.aht_s)),
    ("on duty", lambda one: f"{one.handling.operators:.1f}"),
    ("occupancy", lambda one: share(one.handling.occupancy)),
)


def report_tables(report: Report) -> RenderableType:
    """All of it: by skill, by interval, and how it was counted."""
    every = "all" if report.skills else report.total.skill or "all"
    lines = [(every, report.total), *((one.skill, one) for one in report.skills)]
    parts: list[RenderableType] = [
        _table("calls on the line", "skill", lines, LINE),
        _table("promised calls", "skill", lines, PROMISES),
        _table("operators, and the estimates told", "skill", lines, HANDLING),
    ]
    clock = "%H:%M" if report.until - report.since <= 25 * 3600 else "%m-%d %H:%M"
    intervals = [
        (datetime.fromtimestamp(one.since).strftime(clock), one)
        for one in report.intervals
        if one.line.offered or one.promises.promised or one.handling.conversations
    ]
    if intervals:
        parts.append(_table("by interval", "from", intervals, INTERVAL))
    parts.append(Text(report.rules.sentence(), style="dim"))
    return Group(*parts)


def _table(
    title: str, first: str, lines: Sequence[tuple[str, QueueFigures]], columns: Sequence[Column]
) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), title=title, title_justify="left")
    table.add_column(first, no_wrap=True)
    for name, _ in columns:
        table.add_column(name, justify="right")
    for name, line in lines:
        table.add_row(Text(name), *(cell(line) for _, cell in columns))
    return table
