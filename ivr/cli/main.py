"""The `ivr` command."""

from pathlib import Path
from typing import Annotated

import typer

from ivr.cli import (
    asr,
    bench,
    call,
    calls,
    chat,
    check,
    demo,
    fixtures,
    forget,
    models,
    nlu,
    operators,
    queue,
    regress,
    report,
    serve,
    simulate,
)

HELP = """Voice assistant for a mobile operator's short number 0611.

Start with [bold]ivr serve[/], then dial the address it prints from any SIP softphone; or try
[bold]ivr demo[/] (a real call, printed live) and [bold]ivr chat[/] (the same dialogue by text).

Configuration: ./ivr.toml, --config FILE or IVR_CONFIG; every key can be overridden by
IVR_SECTION__KEY. deploy/ivr.toml lists all keys; [bold]ivr check[/] prints what is in force.
"""

app = typer.Typer(
    help=HELP, no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False
)
app.command(name="serve")(serve.serve)
app.command(name="call")(call.call)
app.command(name="demo")(demo.demo)
app.command(name="chat")(chat.chat)
app.command(name="check")(check.check)
app.add_typer(bench.app, name="bench")
app.add_typer(asr.app, name="asr")
app.command(name="regress")(regress.regress)
app.add_typer(calls.app, name="calls")
app.add_typer(fixtures.app, name="fixtures")
app.add_typer(models.app, name="models")
app.add_typer(nlu.app, name="nlu")
app.add_typer(operators.app, name="operators")
app.add_typer(queue.app, name="queue")
app.command(name="report")(report.report)
app.command(name="forget")(forget.forget)
app.add_typer(simulate.app, name="simulate")


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="TOML file with the configuration.", dir_okay=False),
    ] = None,
) -> None:
    """Options before the command."""
    context.obj = config


def main() -> None:
    """Entry point of the console script."""
    app()
