"""`ivr bench ends`: words and melody as witnesses of the end of a turn."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table

from ivr.bench.ends import Separation, Waiting, places, separations, waitings
from ivr.bench.turns.sounds import FIXTURES
from ivr.cli.context import console, fail, run, settings_of
from ivr.errors import ConfigError, IvrError
from ivr.fixtures.adding import read_manifest
from ivr.fixtures.manifest import Part


def ends(
    context: typer.Context,
    part: Annotated[Part | None, typer.Option(help="Recordings of this part only.")] = None,
    only: Annotated[str, typer.Option(help="Files that begin like this, e.g. human/.")] = "",
) -> None:
    """Measure how well ends of requests are told from borders of words within them.

    Each recording is cut at every border of its words, as if the caller paused there. The figures
    are areas under the curve: 0.5 is chance, 1 is faultless. Your own recordings count once they
    are added (ivr fixtures add). The second table says what calls make of it: how long they wait
    after an end, and how many of the pauses would be cut off. docs/turn-taking.md says what is done
    with words and melody.
    """
    settings = settings_of(context)
    rows = [row for row in read_manifest(FIXTURES) if row.file.startswith(only)]
    rows = [row for row in rows if part is None or row.part == part]
    if not rows:
        raise fail(ConfigError("--only", only, "the beginning of files that the part has"))
    try:
        with (
            tempfile.TemporaryDirectory(prefix="ivr-ends-") as folder,
            Progress(console=console) as bars,
        ):
            task = bars.add_task("recordings", total=len(rows))
            found = run(
                places(
                    settings, rows, FIXTURES, Path(folder), lambda done: bars.advance(task, done)
                )
            )
    except IvrError as exc:
        raise fail(exc) from exc
    console.print(_table(separations(found)))
    console.print(_waiting_table(waitings(found)))


def _table(found: list[Separation]) -> Table:
    table = Table("voice", "ends", "pauses", "words", "melody", "both", "pitch followed")
    for one in found:
        areas = (f"{area:.3f}" for area in (one.words, one.melody, one.both))
        table.add_row(
            one.voice, str(one.ends), str(one.pauses), *areas, f"{100 * one.followed:.0f} %"
        )
    return table


def _waiting_table(found: list[Waiting]) -> Table:
    table = Table("voice", "wait after ends, P50 ms", "P95 ms", "pauses cut off")
    for one in found:
        table.add_row(one.voice, f"{one.p50_ms:.0f}", f"{one.p95_ms:.0f}", f"{100 * one.cut:.1f} %")
    return table
