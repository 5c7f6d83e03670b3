"""A run's figures -> one HTML page with plots and every turn, for engineers."""

from pathlib import Path

import jinja2
from markupsafe import Markup

from ivr.bench.turns import plot
from ivr.bench.turns.report import Report, milliseconds, percent, shown
from ivr.bench.turns.rows import TurnRow


def write_page(path: Path, report: Report, rows: dict[str, TurnRow]) -> None:
    """Write the page whole; it refers to nothing outside itself."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ivr.bench.turns", "."), autoescape=True, trim_blocks=True
    )
    environment.filters |= {"ms": milliseconds, "percent": percent}
    page = environment.get_template("page.html.j2").render(
        report=report,
        curve=Markup(plot.curve(report)),
        latencies=Markup(plot.latencies(report)),
        targets=[
            (
                item.target.name,
                shown(item.target.most, item.target.unit),
                shown(item.estimate.value, item.target.unit) if item.estimate.count else "-",
                item.met,
            )
            for item in report.judged
        ],
        turns=[(item, rows.get(item.id)) for item in sorted(report.outcomes, key=_urgency)],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.part")
    scratch.write_text(page, encoding="utf-8")
    scratch.replace(path)


def _urgency(item: object) -> tuple[bool, ...]:
    """What somebody has to look at first."""
    bad = ("fault", "cut_off", "missed", "false_stop")
    return (*(not getattr(item, name) for name in bad), getattr(item, "understood", None) is True)
