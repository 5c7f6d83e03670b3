"""A report as rows of plain values, for files and programs. Pure."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, tzinfo
from io import StringIO
from typing import Any

from ivr.analytics.queue_figures import QueueFigures
from ivr.analytics.queue_report import Report

PARTS = ("line", "promises", "handling", "estimates")


def as_csv(report: Report, zone: tzinfo | None = None) -> str:
    """A table with a heading: each interval of all skills together, then of each skill; without
    intervals, one row each. The skill of all together is '*'."""
    if report.interval_s:
        lines: Sequence[QueueFigures] = [*report.intervals, *report.intervals_of_skills]
    else:
        lines = [report.total, *report.skills]
    text = StringIO()
    rows = [dict(_flat(line, zone)) for line in lines]
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_values(report: Report, zone: tzinfo | None = None) -> dict[str, Any]:
    """What JSON takes; times in ISO 8601."""
    return {
        "since": _moment(report.since, zone),
        "until": _moment(report.until, zone),
        "at": _moment(report.now, zone),
        "interval_s": report.interval_s,
        "rules": asdict(report.rules) | {"sentence": report.rules.sentence()},
        "total": line_values(report.total, zone),
        "skills": [line_values(line, zone) for line in report.skills],
        "intervals": [line_values(line, zone) for line in report.intervals],
        "intervals_of_skills": [line_values(line, zone) for line in report.intervals_of_skills],
    }


def line_values(line: QueueFigures, zone: tzinfo | None = None) -> dict[str, Any]:
    """One line of figures, in four groups."""
    values: dict[str, Any] = asdict(line)
    times = {"since": _moment(line.since, zone), "until": _moment(line.until, zone)}
    return values | times | {part: _rounded(values[part]) for part in PARTS}


def _flat(line: QueueFigures, zone: tzinfo | None) -> Iterator[tuple[str, Any]]:
    values = line_values(line, zone)
    yield "skill", line.skill or "*"
    yield "since", values["since"]
    yield "until", values["until"]
    for part in PARTS:
        yield from values[part].items()


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds and tenths of a per mille are noise."""
    return {
        name: round(value, 1 if name.endswith("_s") else 4) if isinstance(value, float) else value
        for name, value in values.items()
    }


def _moment(at: float, zone: tzinfo | None) -> str:
    return datetime.fromtimestamp(at).astimezone(zone).isoformat(timespec="seconds")
