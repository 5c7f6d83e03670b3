"""`ivr queue`: who waits, who talks, live in the terminal or once."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.live import Live
from rich.text import Text

from ivr.analytics.queue_board import Board, Look
from ivr.cli.context import EXIT_FAULT, config_path, console, errors, run
from ivr.cli.queue_store import DatabaseOption, open_queue
from ivr.cli.queue_tables import number_text, queue_tables
from ivr.errors import StoreError
from ivr.http.queue_views import queue_view
from ivr.queue import desk
from ivr.queue.desk import DeskError

HELP = """The queue as it is: who waits how long, promises due, operators, nodes.

In a terminal it stays and is drawn anew every second until Ctrl-C; --once
prints it once, and so does a pipe. [bold]place[/] 1 is served next; contacts
without a place are not due yet: a booked slot, or a pause before the next try.
The last hour's [bold]level[/] is explained by `ivr report`. Numbers show two
digits only, --plain shows them in full.
"""
HEADING_LINES = 9
"""Of a live view, besides waiting contacts and operators."""

app = typer.Typer(help=HELP, invoke_without_command=True, rich_markup_mode="rich")

ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="Configuration file.")]


@app.callback()
def queue(
    context: typer.Context,
    *,
    once: Annotated[bool, typer.Option("--once", help="Print it once.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print it once as JSON, like GET /queue.")
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Show numbers in full.")] = False,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 1.0,
    most: Annotated[int, typer.Option(min=1, help="So many waiting contacts are shown.")] = 1000,
    database: DatabaseOption = "",
    config_file: ConfigOption = None,
) -> None:
    """The queue as it is."""
    if context.invoked_subcommand is not None:
        return
    path = config_path(context, config_file)
    if as_json:
        text = json.dumps(_values(run(_look(path, database)), plain), ensure_ascii=False, indent=2)
        typer.echo(text)
    elif once or not console.is_terminal:
        console.print(queue_tables(run(_look(path, database)), plain=plain, most=most))
    else:
        run(watch(path, database, every, plain=plain, most=most))


@app.command()
def cancel(
    context: typer.Context,
    contact_ids: Annotated[list[str], typer.Argument(help="Ids of promised calls.")],
    *,
    database: DatabaseOption = "",
    config_file: ConfigOption = None,
) -> None:
    """Take promised calls back, for customers who asked for it in another way."""

    async def work() -> bool:
        well = True
        async with open_queue(config_path(context, config_file), database) as store:
            for contact_id in contact_ids:
                try:
                    await desk.cancel_promise(store, contact_id)
                    console.print(Text(f"{contact_id}: cancelled"))
                except DeskError as fault:
                    errors.print(Text(f"ivr: {fault.message}"), soft_wrap=True)
                    well = False
        return well

    if not run(work()):
        raise typer.Exit(EXIT_FAULT)


async def _look(config_file: Path | None, database: str) -> Look:
    async with open_queue(config_file, database) as store:
        return await Board(store).look()


async def watch(
    config_file: Path | None, database: str, every: float, *, plain: bool, most: int
) -> None:
    """Until Ctrl-C; a database that does not answer for a while ends nothing."""
    async with open_queue(config_file, database) as store:
        board = Board(store)
        with Live(console=console, screen=True, auto_refresh=False) as live:
            while True:
                live.update(await drawn(board, plain=plain, most=most), refresh=True)
                await asyncio.sleep(every)


async def drawn(board: Board, *, plain: bool, most: int) -> RenderableType:
    """The queue now, or why it cannot be read, in what room the terminal has."""
    try:
        look = await board.look()
    except StoreError as fault:
        return Text(f"the queue cannot be read: {fault.message}", style="red")
    room = console.height - HEADING_LINES - len(look.snapshot.operators)
    return queue_tables(look, plain=plain, most=max(3, min(most, room)))


def _values(look: Look, plain: bool) -> dict[str, Any]:
    values = queue_view(look).model_dump(mode="json")
    for contact in (*values["waiting"], *values["served"]):
        for name in ("number", "caller"):
            contact[name] = number_text(contact[name], plain)
    return values
