"""`ivr bench queue`: what the virtual queue costs, and a million random events against it."""

import shlex
import sys
import tempfile
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.markdown import Markdown

from ivr.bench.queue.driver import drive
from ivr.bench.queue.page import write_page, write_picture
from ivr.bench.queue.report import MARKED, Events, Report, as_json, events_of, markdown
from ivr.bench.queue.stores import StoreRate, store_rate
from ivr.bench.queue.timing import OPERATORS, costs, rate
from ivr.bench.report import machine
from ivr.cli.context import console, fail, run
from ivr.errors import ConfigError, IvrError
from ivr.files import write_whole
from ivr.testing.postgresql import PostgresServer

ContactsOption = Annotated[int, typer.Option(min=1000, help="Contacts timed in memory.")]
SizesOption = Annotated[str, typer.Option(help="Contacts waiting, comma-separated.")]
StoredOption = Annotated[
    int, typer.Option(min=0, help="Contacts timed on SQLite and on PostgreSQL; 0: none.")
]
EventsOption = Annotated[int, typer.Option(min=0, help="Random events against the oracle.")]
SeedOption = Annotated[int, typer.Option(help="Another seed gives other contacts and events.")]
HtmlOption = Annotated[Path, typer.Option(help="Page with plots.")]
JsonOption = Annotated[Path, typer.Option(help="Figures.")]
WriteOption = Annotated[
    Path | None, typer.Option(help="Replace the figures in it, e.g. docs/virtual-queue.md.")
]
PictureOption = Annotated[Path | None, typer.Option(help="Cost over size as PNG.")]


def queue(
    contacts: ContactsOption = 20_000,
    sizes: SizesOption = "1000,10000,100000,1000000",
    stored: StoredOption = 200,
    events: EventsOption = 0,
    seed: SeedOption = 611,
    html: HtmlOption = Path("var/queue/bench.html"),
    json: JsonOption = Path("var/queue/bench.json"),
    write: WriteOption = None,
    picture: PictureOption = None,
) -> None:
    """Measure the virtual queue in memory, on SQLite and on a PostgreSQL started for the run.

    With --events, so many random events go to the queue and to a simple oracle, which must agree.
    """
    try:
        waiting = _sizes(sizes)
        if write is not None:
            MARKED.require(write)
        report = Report(
            day=date.today().isoformat(),
            machine=machine(),
            command=f"ivr {shlex.join(sys.argv[1:])}",
            rate=rate(contacts, 1000, seed),
            costs=tuple(costs(waiting, seed, lambda line: console.print(f"- {line}"))),
            stores=_stores(stored),
            events=_events(events, seed),
        )
        write_page(html, report)
        write_whole(json, as_json(report))
        text = markdown(report)
        console.print(Markdown(text))
        console.print(f"- page: {html}; figures: {json}")
        if picture is not None:
            write_picture(picture, report)
        if write is not None:
            MARKED.write(write, text)
            console.print(f"- written into {write}")
    except IvrError as exc:
        raise fail(exc) from exc


def _stores(contacts: int) -> tuple[StoreRate, ...]:
    if not contacts:
        return ()
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder, PostgresServer() as server:
        where = {
            "SQLite (WAL)": f"sqlite:///{folder}/queue.db",
            "PostgreSQL": server.new_database(),
        }
        return tuple(run(store_rate(name, url, contacts)) for name, url in where.items())


def _events(events: int, seed: int) -> Events | None:
    if not events:
        return None
    begun = perf_counter()
    return events_of(drive(events, seed), perf_counter() - begun)


def _sizes(text: str) -> tuple[int, ...]:
    allowed = f"numbers above {2 * OPERATORS}, comma-separated"
    try:
        values = tuple(int(part) for part in text.split(","))
    except ValueError as exc:
        raise ConfigError("--sizes", text, allowed) from exc
    if min(values) <= 2 * OPERATORS:
        raise ConfigError("--sizes", text, allowed)
    return values
