"""What the commands that measure intent models share: progress, and figures as a table."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from ivr.cli.context import console
from ivr.config import Settings
from ivr.nlu.evaluation import Score
from ivr.nlu.gates import GateResult
from ivr.nlu.measuring import Watcher

FIGURES = (
    ("accuracy", "accuracy"),
    ("macro F1", "macro_f1"),
    ("acted on at once, rightly", "accepted_right"),
    ("acted on at once, wrongly", "accepted_wrong"),
    ("out of scope acted on", "false_accepts"),
)
"""What it is called, field of `Score`."""


@contextmanager
def watched(total: int | None) -> Iterator[Watcher]:
    """A progress bar over `total` phrases; None: how many is not known yet."""
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task("start", total=total)
        yield Watcher(
            step=lambda line: bar.update(task, description=escape(line)),
            parsed=lambda: bar.advance(task),
        )


def runtime_of(settings: Settings) -> Path:
    return Path(settings.service.runtime)


def print_scores(title: str, names: Sequence[str], scores: Sequence[Score]) -> None:
    """One column for each model."""
    table = Table("measure", *names, title=title)
    for text, field in FIGURES:
        table.add_row(text, *(f"{getattr(found, field):.3f}" for found in scores))
    console.print(table)


def print_gates(gates: Sequence[GateResult]) -> None:
    for gate in gates:
        mark = "[green]passed[/]" if gate.passed else "[red]failed[/]"
        console.print(f"{mark} {gate.name}: {escape(gate.found)}", soft_wrap=True)
