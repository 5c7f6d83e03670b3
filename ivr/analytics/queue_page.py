"""A report of the queue -> a page in Russian with plots, one file without references."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import jinja2

from ivr import plots
from ivr.analytics.queue_figures import QueueFigures
from ivr.analytics.queue_lengths import busiest, mean_length, peaks
from ivr.analytics.queue_measures import LineFate
from ivr.analytics.queue_report import Report
from ivr.analytics.queue_rules import AbandonRule, FigureRules
from ivr.analytics.queue_text import length, share
from ivr.plots import RIGHT, WRONG, Course

DAY_S: Final = 86400.0 + 3600.0
"""The longest day, when the clocks go back."""
PROMISED: Final = "#e08a1e"
PROMISED_AREA: Final = "#f0b27a"
LINE_AREA: Final = "#7fa8d6"
MOST_STEPS: Final = 400
SHOWN_WAITS: Final = {
    LineFate.ANSWERED: ("ответили", RIGHT),
    LineFate.MOVED: ("перезвонили (от первого места)", PROMISED),
    LineFate.ABANDONED: ("не дождались", WRONG),
}
ABANDONS: Final = {
    AbandonRule.MISSED: "остальные, кто не дождался, считаются необслуженными вовремя",
    AbandonRule.LATE: "кто не дождался позже этого срока, считается необслуженным, "
    "раньше — не учитывается",
    AbandonRule.IGNORED: "остальные, кто не дождался, тоже не учитываются",
}


def report_page(report: Report) -> str:
    """The page as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ivr.analytics", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    clock = "%H:%M" if report.until - report.since <= DAY_S else "%d.%m %H:%M"
    environment.filters |= {
        "share": share,
        "length": length,
        "clock": lambda at: _local(at).strftime(clock),
    }
    return environment.get_template("queue_page.html.j2").render(
        report=report,
        period=period(report.since, report.until),
        made=_local(report.now).strftime("%d.%m.%Y %H:%M"),
        rule=rule_sentence(report.rules),
        plots=_plots(report),
        busiest=busiest(report.lengths),
        mean=mean_length(report.lengths, min(report.until, report.now)),
        intervals=[line for line in report.intervals if _is_worth_a_line(line)],
    )


def rule_sentence(rules: FigureRules) -> str:
    """The service level's rule in Russian."""
    target = f"{rules.target_s:g} с"
    return (
        f"Уровень сервиса {rules.name}: доля звонков, на которые ответили за {target}. "
        f"Кто положил трубку раньше чем через {rules.short_abandon_s:g} с, не учитывается; "
        f"{ABANDONS[rules.abandons]}. Кто за {target} выбрал обратный звонок, не учитывается, "
        "кто выбрал его позже — считается необслуженным вовремя."
    )


def period(since: float, until: float) -> str:
    """'22.11.2026', or both ends."""
    start, end = _local(since), _local(until)
    if (start.hour, start.minute) == (0, 0) and end - start == timedelta(days=1):
        return start.strftime("%d.%m.%Y")
    return f"{start:%d.%m.%Y %H:%M} — {end:%d.%m.%Y %H:%M}"


def _is_worth_a_line(line: QueueFigures) -> bool:
    return bool(line.line.offered or line.promises.promised or line.handling.conversations)


def _plots(report: Report) -> list[tuple[str, str]]:
    """Heading and plot."""
    return [
        ("Ожидание звонивших, минуты", _waits(report)),
        ("Уровень сервиса по интервалам, %", _levels(report.intervals, report)),
        ("Длина очереди, человек", _lengths(report)),
    ]


def _waits(report: Report) -> str:
    courses = []
    for fate, (name, colour) in SHOWN_WAITS.items():
        waits = [one for one in report.waits if one.fate is fate]
        if waits:
            x = [_local(one.came_at) for one in waits]
            y = [one.waited_s / 60 for one in waits]
            courses.append(Course(f"{name}: {len(waits)}", colour, x, y, "dots"))
    return _drawn(courses, report, "минуты")


def _levels(intervals: Sequence[QueueFigures], report: Report) -> str:
    shown = [
        ((one.since + one.until) / 2, one.line.service_level)
        for one in intervals
        if one.line.service_level is not None
    ]
    course = Course(
        "ответили вовремя",
        RIGHT,
        [_local(at) for at, _ in shown],
        [100 * level for _, level in shown],
    )
    goal = 100 * report.rules.goal
    return _drawn([course], report, "%", level=(f"цель {goal:g} %", goal), top=104.0)


def _lengths(report: Report) -> str:
    last = min(report.until, report.now)
    step_s = max(60.0, (last - report.since) / MOST_STEPS)
    found = peaks(report.lengths, last, step_s)
    x = [_local(one.at) for one in found] + [_local(last)]
    both = [one.on_line + one.promised for one in found]
    line = [one.on_line for one in found]
    courses = [
        Course("обещанные звонки, чей черёд", PROMISED_AREA, x, [*both, both[-1]], "steps"),
        Course("на линии", LINE_AREA, x, [*line, line[-1]], "steps"),
    ]
    return _drawn(courses, report, "человек")


def _drawn(
    courses: Sequence[Course],
    report: Report,
    y_label: str,
    *,
    level: tuple[str, float] | None = None,
    top: float | None = None,
) -> str:
    since, until = _busy_hours(report)
    return plots.over_time(courses, y_label=y_label, since=since, until=until, level=level, top=top)


def _busy_hours(report: Report) -> tuple[datetime, datetime]:
    """Whole hours in which something waited; all of the time where nothing did."""
    ends = [one.at for one in report.lengths if one.on_line or one.promised]
    if not ends:
        return _local(report.since), _local(report.until)
    hour = timedelta(hours=1)
    first, last = _local(ends[0]), _local(report.lengths[-1].at)
    first = first.replace(minute=0, second=0, microsecond=0)
    last = last.replace(minute=0, second=0, microsecond=0) + hour
    return max(first, _local(report.since)), min(last, _local(report.until))


def _local(at: float) -> datetime:
    """Local time without a zone: what the clocks on the wall show."""
    return datetime.fromtimestamp(at)
