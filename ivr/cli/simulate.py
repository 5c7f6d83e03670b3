"""`ivr simulate day`: what the virtual queue is worth on a day with a peak."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown

from ivr.cli.context import console, fail
from ivr.errors import ConfigError, IvrError
from ivr.files import write_whole
from ivr.simulate.page import write_page, write_picture
from ivr.simulate.plan import DayPlan
from ivr.simulate.report import MARKED, as_json, markdown
from ivr.simulate.report import simulate as simulate_days

app = typer.Typer(help="Simulations on the real queue engine.", no_args_is_help=True)
DEFAULT = DayPlan()


@app.callback()
def simulate() -> None:
    """Seeded: the same numbers give the same day."""


@app.command()
def day(
    seed: Annotated[int, typer.Option(help="Of the first day; the next ones count up.")] = 611,
    days: Annotated[int, typer.Option(min=1, help="Days simulated.")] = 5,
    operators: Annotated[int, typer.Option(min=1, help="On duty all day.")] = DEFAULT.operators,
    load: Annotated[
        str, typer.Option(help="Work of each hour as a share of what the operators can do.")
    ] = ",".join(f"{share:g}" for share in DEFAULT.load),
    patience: Annotated[
        float, typer.Option(min=1, help="Mean seconds that callers stay on the line.")
    ] = DEFAULT.patience_s,
    accept: Annotated[
        float, typer.Option(min=0, max=1, help="Share of callers who take a callback.")
    ] = DEFAULT.accept,
    offer: Annotated[
        float, typer.Option(min=0, help="Estimated wait from which one is offered, seconds.")
    ] = DEFAULT.offer_s,
    html: Annotated[Path, typer.Option(help="Page with plots.")] = Path("var/queue/day.html"),
    json: Annotated[Path, typer.Option(help="Figures.")] = Path("var/queue/day.json"),
    picture: Annotated[Path | None, typer.Option(help="The plots as PNG.")] = None,
    write: Annotated[
        Path | None, typer.Option(help="Replace the figures in it, e.g. docs/virtual-queue.md.")
    ] = None,
) -> None:
    """Simulate days with a peak hour, with and without the virtual queue.

    Abandoned calls, waits, service level, callbacks, and how good the estimated waits were;
    docs/virtual-queue.md explains them.
    """
    try:
        plan = replace(
            DEFAULT,
            operators=operators,
            load=_shares(load),
            patience_s=patience,
            accept=accept,
            offer_s=offer,
        )
        if write is not None:
            MARKED.require(write)
        report = simulate_days(plan, seed, days, f"ivr {shlex.join(sys.argv[1:])}")
        write_page(html, report)
        write_whole(json, as_json(report))
        if picture is not None:
            write_picture(picture, report)
        text = markdown(report)
        console.print(Markdown(text))
        console.print(f"- page: {html}; figures: {json}")
        if write is not None:
            MARKED.write(write, text)
            console.print(f"- written into {write}")
    except IvrError as exc:
        raise fail(exc) from exc


def _shares(text: str) -> tuple[float, ...]:
    allowed = "a number above 0 for each hour, comma-separated"
    try:
        shares = tuple(float(part) for part in text.split(","))
    except ValueError as exc:
        raise ConfigError("--load", text, allowed) from exc
    if not all(0 < share <= 100 for share in shares):
        raise ConfigError("--load", text, allowed)
    return shares
