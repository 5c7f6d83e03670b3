"""`ivr bench turns`: how the service takes turns; `ivr bench compose`: the set of turns."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown
from rich.markup import escape
from rich.progress import Progress

from ivr.bench.turns.borders import borders_of
from ivr.bench.turns.compose import SEED
from ivr.bench.turns.compose import compose as compose_turns
from ivr.bench.turns.page import write_page
from ivr.bench.turns.report import MARKED, Report, as_json, markdown
from ivr.bench.turns.rows import Half, Profile, TurnRow, render
from ivr.bench.turns.run import MOST_CALLS, TURNS_FILE, Plan, chosen, read_turns
from ivr.bench.turns.silence import TRAILING_MS
from ivr.bench.turns.sounds import FIXTURES
from ivr.bench.turns.whole import Baseline, by_id, measure
from ivr.cli.context import console, fail, run
from ivr.errors import ConfigError, IvrError
from ivr.files import write_whole
from ivr.fixtures.adding import read_manifest

MODEL = Path("models/ru-0611")
"""The bundled model: borders of words must be the same on every machine."""


PartOption = Annotated[Half, typer.Option(help="Half of the set: dev to tune on, test to report.")]
CallsOption = Annotated[
    int, typer.Option(min=1, max=MOST_CALLS, help="Calls at once; from two on, other targets.")
]
SampleOption = Annotated[
    int, typer.Option(min=0, help="Only so many turns, of every profile its share; 0: all.")
]
OnlyOption = Annotated[Profile | None, typer.Option(help="Only turns of this profile.")]
SeedOption = Annotated[int, typer.Option(help="Order, sample and lost packets.")]
BaselineOption = Annotated[
    str, typer.Option(help="Silence-only passes over RTP, milliseconds; '' for none.")
]
BaselineTurnsOption = Annotated[int, typer.Option(min=1, help="Turns of each silence-only pass.")]
HtmlOption = Annotated[Path, typer.Option(help="Page with plots and every turn.")]
JsonOption = Annotated[Path, typer.Option(help="Figures and every turn.")]
WriteOption = Annotated[
    Path | None, typer.Option(help="Replace the figures in it, e.g. docs/turn-taking.md.")
]
GateOption = Annotated[bool, typer.Option("--gate", help="Exit code 1 when a target is missed.")]


def turns(
    part: PartOption = Half.TEST,
    calls: CallsOption = 1,
    sample: SampleOption = 0,
    only: OnlyOption = None,
    seed: SeedOption = SEED,
    baseline: BaselineOption = "300,550,1000",
    baseline_turns: BaselineTurnsOption = 30,
    html: HtmlOption = Path("var/turns/turns.html"),
    json: JsonOption = Path("var/turns/turns.json"),
    write: WriteOption = None,
    gate: GateOption = False,
) -> None:
    """Measure latency, cut-offs, barge-in and backchannels on the set of turns, over real RTP.

    A simulated caller phones a service started for the run, speaks the turns of
    audio_fixtures/turns.tsv and records both directions on one clock. Try it quickly with
    --sample 12 --baseline ''. docs/turn-taking.md says what every figure means.
    """
    try:
        passes = Baseline(silences_ms=_silences(baseline), turns=baseline_turns)
        rows = chosen(read_turns(), part, only, sample, seed)
        if not rows:
            raise ConfigError("--only", only, f"a profile that the {part.value} half has")
        if write is not None:
            MARKED.require(write)
    except IvrError as exc:
        raise fail(exc) from exc
    plan = Plan(rows=rows, calls=calls, seed=seed)
    command = "ivr " + " ".join(sys.argv[1:])
    with Progress(console=console) as bars:

        def stage(name: str, total: int) -> Callable[[int], None]:
            task = bars.add_task(name, total=total)
            return lambda done: bars.advance(task, done)

        report = run(measure(plan, passes, part.value, command, stage))
    try:
        _tell(report, html, json, write, rows)
    except IvrError as exc:
        raise fail(exc) from exc
    if gate and not all(item.met for item in report.judged):
        raise typer.Exit(1)


def _tell(
    report: Report, html: Path, json: Path, write: Path | None, rows: Sequence[TurnRow]
) -> None:
    """Print the figures and write them where they are wanted."""
    text = markdown(report)
    console.print(Markdown(text))
    for fault in report.figures.faults:
        console.print(f"[red]not measured[/] {escape(fault)}")
    write_page(html, report, by_id(rows))
    json.parent.mkdir(parents=True, exist_ok=True)
    json.write_bytes(as_json(report))
    console.print(f"- page: {html}; figures: {json}")
    if write is not None:
        MARKED.write(write, text)
        console.print(f"- written into {write}")


def compose(
    write: Annotated[Path, typer.Option(help="Where the set goes.")] = TURNS_FILE,
    seed: Annotated[int, typer.Option(help="Another seed gives another set.")] = SEED,
) -> None:
    """Write the set of turns anew from recordings and phrases: the same seed, the same set."""
    fixtures = read_manifest(FIXTURES)
    borders = run(borders_of(fixtures, FIXTURES, MODEL))
    rows = compose_turns(fixtures, borders, seed)
    write_whole(write, render(rows))
    paused = sum(row.has_pause for row in rows)
    console.print(f"- {len(rows)} turns, {paused} with pauses, written to {write}")


def _silences(text: str) -> tuple[int, ...]:
    """Milliseconds, each of which is on the curve over the files too."""
    allowed = f"some of {', '.join(str(value) for value in TRAILING_MS)}, by commas, or ''"
    try:
        values = tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError as exc:
        raise ConfigError("--baseline", text, allowed) from exc
    if not set(values) <= set(TRAILING_MS):
        raise ConfigError("--baseline", text, allowed)
    return values
