"""A run's figures -> one HTML page with plots, and a PNG for the documents."""

from pathlib import Path

import jinja2
from markupsafe import Markup

from ivr.bench.queue.plot import sizes
from ivr.bench.queue.report import TARGET, Report
from ivr.files import write_whole
from ivr.plots import drawn, picture


def write_page(path: Path, report: Report) -> None:
    """Write the page whole; it refers to nothing outside itself."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ivr.bench.queue", "."), autoescape=True, trim_blocks=True
    )
    page = environment.get_template("page.html.j2").render(
        report=report, target=TARGET, sizes=Markup(drawn(lambda axes: sizes(axes, report), 7.5))
    )
    write_whole(path, page)


def write_picture(path: Path, report: Report) -> None:
    """Cost over size, for a document."""
    write_whole(path, picture([lambda axes: sizes(axes, report)], 7.5, 3.6))
