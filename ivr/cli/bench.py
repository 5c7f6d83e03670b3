"""`ivr bench`: what a caller waits for, what the machine pays, how the service takes turns."""

import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown

from ivr.bench.report import markdown
from ivr.bench.run import bench as run_bench
from ivr.cli.bench_ends import ends
from ivr.cli.bench_queue import queue
from ivr.cli.bench_turns import compose, turns
from ivr.cli.context import console, run

app = typer.Typer(help="Measurements: latency, load, turn-taking.", invoke_without_command=True)
app.command()(turns)
app.command()(ends)
app.command()(compose)
app.command()(queue)


@app.callback()
def bench(
    context: typer.Context,
    turns: Annotated[int, typer.Option(min=5, help="Turns measured one call at a time.")] = 60,
    loads: Annotated[str, typer.Option(help="Numbers of calls at once, comma-separated.")] = (
        "2,4,8,16,24,32"
    ),
    write: Annotated[
        Path | None, typer.Option(help="Write the report there, e.g. docs/benchmarks.md.")
    ] = None,
) -> None:
    """Start a service, call it, measure latency, CPU, memory and how many calls it carries.

    `ivr bench turns` measures how the service takes turns: cut-offs, barge-in, backchannels.
    `ivr bench ends` measures how ends of requests are told from pauses.
    `ivr bench queue` measures the virtual queue.
    """
    if context.invoked_subcommand is not None:
        return
    steps = tuple(int(part) for part in loads.split(","))
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder:
        results = run(
            run_bench(Path(folder), turns, steps, lambda line: console.print(f"- {line}"))
        )
    report = markdown(results, date.today())
    console.print(Markdown(report))
    if write is not None:
        write.write_text(report, encoding="utf-8")
        console.print(f"- written to {write}")
