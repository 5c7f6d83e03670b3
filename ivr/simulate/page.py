"""A simulated day -> one HTML page with plots, and a PNG for the documents."""

from pathlib import Path

import jinja2
from markupsafe import Markup

from ivr.files import write_whole
from ivr.plots import drawn, picture
from ivr.simulate.plot import panels
from ivr.simulate.report import ROWS, Report, cell


def write_page(path: Path, report: Report) -> None:
    """Write the page whole; it refers to nothing outside itself."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ivr.simulate", "."), autoescape=True, trim_blocks=True
    )
    page = environment.get_template("page.html.j2").render(
        report=report,
        rows=[
            (name, *(cell([read(day) for day in p.days], unit) for p in report.policies))
            for name, read, unit in ROWS
        ],
        plots=[(name, Markup(drawn(draw, 8.0, 3.0))) for name, draw in panels(report)],
    )
    write_whole(path, page)


def write_picture(path: Path, report: Report) -> None:
    """All panels, for a document."""
    write_whole(path, picture([draw for _, draw in panels(report)], 8.0, 2.8))
