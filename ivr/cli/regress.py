"""`ivr regress`: recordings through the call pipeline, compared with what was accepted."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from ivr.audio.conditions import expand, is_augmentation
from ivr.cli.context import console, fail, run, settings_of
from ivr.errors import IvrError, SetupError
from ivr.files import require_writable, write_whole
from ivr.fixtures.manifest import Part
from ivr.regress.baseline import accept, read_baseline, write_baseline
from ivr.regress.cases import Selection, find_cases
from ivr.regress.compare import Verdict
from ivr.regress.figures import ALL
from ivr.regress.file_leg import Manners
from ivr.regress.junit import junit
from ivr.regress.outcome import Case, Outcome
from ivr.regress.page import write_page
from ivr.regress.run import Report, Request, Watcher
from ivr.regress.run import regress as run_regress

FIXTURES = Path("audio_fixtures")
SHOWN = 20


Targets = Annotated[
    list[str] | None,
    typer.Argument(
        help="Folders, manifests, recordings (default: audio_fixtures); and augmentations."
    ),
]
Augment = Annotated[
    list[str] | None,
    typer.Option(
        help="Conditions beside the recordings as they are: noise=20,10 babble=10 loss=2,5 "
        "g711 gsm level=-20 speed=0.9,1.1 reverb; noise=20+gsm lays one upon another."
    ),
]
Baseline = Annotated[Path, typer.Option(help="The last accepted run.")]
Accept = Annotated[bool, typer.Option("--accept", help="Make this run the accepted one.")]
InPart = Annotated[Part | None, typer.Option(help="Only recordings of this part.")]
Only = Annotated[str, typer.Option(help="Only this intent, or files whose path has it.")]
Limit = Annotated[int, typer.Option(min=0, help="At most that many recordings.")]
Caller = Annotated[str, typer.Option("--as", help="Caller's number.")]
Greeting = Annotated[Manners, typer.Option(help="Hear the greeting out, or talk over it.")]
Workers = Annotated[
    int, typer.Option(min=0, help="Processes; 0: one per core. With --sip: calls at once.")
]
OverSip = Annotated[bool, typer.Option("--sip", help="Over real SIP and RTP, in real time.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the same run where it was interrupted.")
]
JunitFile = Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML.")]
Page = Annotated[Path | None, typer.Option(help="Write a page with players.")]
Out = Annotated[Path, typer.Option(help="Progress, logs, augmented audio.")]


def regress(
    context: typer.Context,
    targets: Targets = None,
    augment: Augment = None,
    baseline: Baseline = FIXTURES / "baseline.tsv",
    accept_run: Accept = False,
    part: InPart = None,
    only: Only = "",
    limit: Limit = 0,
    caller: Caller = "9030000001",
    greeting: Greeting = Manners.WAIT,
    workers: Workers = 0,
    sip: OverSip = False,
    resume: Resume = False,
    junit_file: JunitFile = None,
    html: Page = None,
    out: Out = Path("var/regress"),
) -> None:
    """Replay recordings as callers' turns; exit code 1 when anything needs a look.

    Examples: ivr regress; ivr regress --part test --augment noise=20,10 gsm --html var/r.html
    """
    written = [path for path in (junit_file, html, baseline if accept_run else None) if path]
    try:
        for path in (*written, out / "progress.jsonl"):
            require_writable(path)
        if sip:
            _require_sip_options(context)
    except IvrError as exc:
        raise fail(exc) from exc
    request = Request(
        cases=_cases(targets or [], augment or [], part, only, limit),
        baseline=baseline,
        out=out,
        caller=caller,
        manners=greeting,
        workers=workers or (os.cpu_count() or 1),
        over_sip=sip,
        resume=resume,
    )
    report = _watched(context, request)
    _print(report)
    try:
        if accept_run:
            _accept(baseline, report)
        if junit_file is not None:
            write_whole(junit_file, junit(report.judgements, report.wall_s))
        if html is not None:
            write_page(html, report, baseline)
            console.print(f"- page: {html}")
    except IvrError as exc:
        raise fail(exc) from exc
    if report.figures.verdicts[Verdict.ERROR] or (report.figures.failed and not accept_run):
        raise typer.Exit(1)


def _require_sip_options(context: typer.Context) -> None:
    for option, name in (("caller", "--as"), ("greeting", "--greeting")):
        source = context.get_parameter_source(option)
        if source is not None and source.name != "DEFAULT":
            reason = "callers are 9030000001 to 9030000004 and hear the greeting out"
            raise SetupError("regress", f"{name} does not go with --sip: {reason}")


def _cases(
    words: list[str], augment: list[str], part: Part | None, only: str, limit: int
) -> tuple[Case, ...]:
    """What the command line names; augmentations may stand among the files."""
    paths = [Path(word) for word in words if not is_augmentation(word)] or [FIXTURES]
    try:
        conditions = expand([*augment, *filter(is_augmentation, words)])
        selection = Selection(part=part or "", only=only, limit=limit, conditions=conditions)
        return find_cases(paths, selection)
    except IvrError as exc:
        raise fail(exc) from exc


def _watched(context: typer.Context, request: Request) -> Report:
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    ) as bar:
        task = bar.add_task("start", total=len(request.cases))

        def progress(done: int, total: int, outcome: Outcome | None) -> None:
            bar.update(task, completed=done, total=total)
            if outcome is not None:
                bar.update(task, description="replay")
            if outcome is not None and outcome.error:
                bar.console.print(f"[red]{escape(outcome.file)}[/]: {escape(outcome.error)}")

        def step(line: str) -> None:
            bar.update(task, description=line)

        return run(run_regress(settings_of(context), request, Watcher(step, progress)))


def _print(report: Report) -> None:
    _print_changes(report)
    table = Table("condition", "recordings", "WER", "intent", "slots", "errors")
    for condition, cells in report.figures.by_condition.items():
        cell = cells[ALL]
        shares = (_percent(share) for share in (cell.wer, cell.intents, cell.slots))
        table.add_row(condition or "as they are", str(cell.cases), *shares, str(cell.errors))
    console.print(table)
    counts = report.figures.verdicts
    console.print(", ".join(f"{counts[one]} {one.value}" for one in Verdict if counts[one]))
    if report.replayed:
        console.print(
            f"{report.replayed} replayed in {report.wall_s:.1f} s: {report.speech_s:.0f} s of "
            f"recordings, [bold]{report.speed:.1f} x[/] real time; {report.call_s:.0f} s of calls"
        )


def _print_changes(report: Report) -> None:
    shown = [item for item in report.judgements if item.changes and item.verdict.fails]
    for item in shown[:SHOWN]:
        console.print(f"[bold]{item.verdict.value}[/] {escape(item.case.name)}")
        for change in item.changes:
            console.print(f"  {change.field}")
            console.print(
                f"  [red]- {escape(change.before)}[/]\n  [green]+ {escape(change.after)}[/]"
            )
    if len(shown) > SHOWN:
        console.print(f"and {len(shown) - SHOWN} more: --html shows all")


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.1f} %"


def _accept(baseline: Path, report: Report) -> None:
    outcomes = [item.outcome for item in report.judgements]
    accepted, count = accept(read_baseline(baseline), outcomes)
    write_baseline(baseline, accepted)
    console.print(f"- accepted {count} outcomes: {baseline}")
