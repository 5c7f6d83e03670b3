"""`ivr bench`: what a caller waits for and what the machine pays."""

import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown

from ivr.bench.report import markdown
from ivr.bench.run import bench as run_bench
from ivr.cli.context import console, run


def bench(
    turns: Annotated[int, typer.Option(min=5, help="Turns measured one call at a time.")] = 60,
    loads: Annotated[str, typer.Option(help="Numbers of calls at once, comma-separated.")] = (
        "2,4,8,16,24,32"
    ),
    write: Annotated[
        Path | None, typer.Option(help="Write the report there, e.g. docs/benchmarks.md.")
    ] = None,
) -> None:
    """Start a service, call it, measure latency, CPU, memory and how many calls it carries."""
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
