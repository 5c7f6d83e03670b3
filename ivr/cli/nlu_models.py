"""`ivr nlu models | promote | rollback | compare | cross-validate`: versions of the model."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from ivr.cli.context import console, fail, run, settings_of
from ivr.cli.nlu_trial import print_gates, print_scores, runtime_of, watched
from ivr.config import NluSettings, Settings
from ivr.errors import IvrError
from ivr.nlu.comparison import Change, Comparison, compare
from ivr.nlu.cross_validation import CrossValidation, cross_validate
from ivr.nlu.measuring import Measured, Watcher, measure
from ivr.nlu.model_choice import choose_model
from ivr.nlu.model_folder import ModelFolder
from ivr.nlu.model_records import Measurement, read_record, version_of
from ivr.nlu.pages import write_comparison_page
from ivr.nlu.phrases import LabelledPhrase, read_phrases
from ivr.nlu.promotion import promote as promote_model
from ivr.nlu.training import expected_model

app = typer.Typer()

NAMES_HELP = "Hash, its beginning, 'current', 'previous', 'expected' (present data) or a file."

Model = Annotated[str, typer.Argument(metavar="MODEL", help=NAMES_HELP)]
Reason = Annotated[str, typer.Option(help="Kept in the history.")]


@app.command()
def models(
    context: typer.Context,
    history: Annotated[
        bool, typer.Option("--history", help="Who replaced whom and why, instead.")
    ] = False,
    prune: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Remove all but the N newest; never the current, the previous, nor that of the "
            "present data.",
        ),
    ] = None,
) -> None:
    """Versions of the intent model: which one serves, how each was measured.

    'present': that of the present training data. Figures are those of the last measurement by
    `ivr nlu test --model MODEL`, `ivr nlu promote` or `ivr nlu train --measure`.
    """
    settings = settings_of(context).nlu
    folder = ModelFolder(Path(settings.models))
    try:
        if history:
            _print_history(folder)
            return
        if prune is not None:
            expected = version_of(expected_model(Path(settings.data), folder.path))
            removed = folder.prune(prune, spare={expected})
            console.print(f"removed: {', '.join(removed) or 'nothing'}")
        _print_models(settings, folder)
    except IvrError as exc:
        raise fail(exc) from exc


@app.command()
def promote(
    context: typer.Context,
    model: Model = "expected",
    force: Annotated[
        bool, typer.Option("--force", help="Although a gate fails; needs --reason.")
    ] = False,
    reason: Reason = "",
) -> None:
    """Put a model into service when it passes the gates; exit code 1 when it does not.

    The gates: the training data is valid; accuracy, macro F1 and false accepts on test.yml are
    within gate.toml; it is not significantly worse than the current model (exact McNemar test).
    Running services switch within seconds, without losing a turn.
    """
    settings = settings_of(context)
    with watched(None) as watcher:
        work = promote_model(
            settings.nlu, runtime_of(settings), model, force=force, reason=reason, watcher=watcher
        )
        found, done = run(work)
    print_gates(found.gates)
    if not done:
        console.print(f"[red]{found.candidate} stays out of service[/]; --force overrides")
        raise typer.Exit(1)
    console.print(f"[green]{found.candidate} is in service[/]")
    _say_if_ignored(settings.nlu)


@app.command()
def rollback(context: typer.Context, reason: Reason = "") -> None:
    """Return to the model that was in service before; twice goes two back."""
    settings = settings_of(context).nlu
    try:
        now = ModelFolder(Path(settings.models)).roll_back(reason=reason)
    except IvrError as exc:
        raise fail(exc) from exc
    console.print(f"[green]{now.model} is in service[/]")
    _say_if_ignored(settings)


@app.command("compare")
def compare_models(
    context: typer.Context,
    first: Model,
    second: Model,
    html: Annotated[Path | None, typer.Option(help="Write a page.")] = None,
) -> None:
    """Two models on the held-out phrases: figures, what changed, whether it matters.

    Example: ivr nlu compare current expected
    """
    settings = settings_of(context)
    folder = ModelFolder(Path(settings.nlu.models))
    data = Path(settings.nlu.data)
    try:
        expected = expected_model(data, folder.path)
        archives = [folder.find(name, expected=expected) for name in (first, second)]
        phrases = read_phrases(data / "test.yml")
    except IvrError as exc:
        raise fail(exc) from exc
    with watched(2 * len(phrases)) as watcher:
        old, new = run(_measure_both(settings, archives, phrases, watcher))
    found = compare(
        old.predictions, new.predictions, accept=settings.nlu.accept, confirm=settings.nlu.confirm
    )
    names = [version_of(archive) for archive in archives]
    _print_comparison(found, names)
    if html is not None:
        write_comparison_page(html, found, names[0], names[1])
        console.print(f"- page: {html}")


@app.command("cross-validate")
def cross_validate_data(
    context: typer.Context,
    folds: Annotated[int, typer.Option(min=2, max=20, help="Models that are trained.")] = 5,
) -> None:
    """Train on all phrases but a share and measure on that share, for every share in turn.

    Tells how good the phrases are without the held-out set; the figures are lower than that
    model's, which knows all of them. Takes about 20 s a fold.
    """
    settings = settings_of(context)
    try:
        phrases = read_phrases(Path(settings.nlu.data) / "nlu")
    except IvrError as exc:
        raise fail(exc) from exc
    with watched(len(phrases)) as watcher:
        found = run(cross_validate(settings.nlu, runtime_of(settings), folds, watcher))
    _print_cross_validation(found, len(phrases))


async def _measure_both(
    settings: Settings,
    archives: list[Path],
    phrases: tuple[LabelledPhrase, ...],
    watcher: Watcher,
) -> list[Measured]:
    """One after the other: two servers would be twice the memory and no faster."""
    return [
        await measure(
            settings.nlu, one, runtime_of(settings), phrases, watcher.named(version_of(one))
        )
        for one in archives
    ]


def _say_if_ignored(settings: NluSettings) -> None:
    if settings.url or settings.model:
        key = "nlu.url" if settings.url else "nlu.model"
        console.print(f"[yellow]note:[/] {key} is set; services with it ignore promotions")


def _print_models(settings: NluSettings, folder: ModelFolder) -> None:
    chosen = choose_model(settings)
    current = folder.current()
    expected = version_of(expected_model(Path(settings.data), folder.path))
    notes = {expected: "present"}
    if current is not None:
        for back, term in enumerate(reversed(current.before), 1):
            notes[term.model] = _also(notes, term.model, f"{back} back")
        notes[current.model] = _also(notes, current.model, "current")
    columns = ("trained", "phrases", "accuracy", "F1", "false\naccepts")
    names = (Column("model", no_wrap=True), Column(no_wrap=True))
    table = Table(*names, *columns, box=None, pad_edge=False)
    for archive in folder.archives():
        record = read_record(archive)
        phrases = "" if record.phrases is None else str(record.phrases)
        mark = f"[bold]{notes.get(record.model, '')}[/]"
        trained = f"{record.trained_at:%Y-%m-%d}"
        table.add_row(record.model, mark, trained, phrases, *_figures(record.measurement))
    console.print(table)
    console.print(f"services use {chosen.version}: {escape(chosen.why)}", soft_wrap=True)
    if not chosen.archive.is_file():
        console.print("[yellow]note:[/] it is not there: ivr nlu train")


def _also(notes: dict[str, str], model: str, note: str) -> str:
    return f"{notes[model]}, {note}" if model in notes else note


def _figures(found: Measurement | None) -> tuple[str, ...]:
    if found is None:
        return ("", "", "")
    return tuple(f"{one:.3f}" for one in (found.accuracy, found.macro_f1, found.false_accepts))


def _print_history(folder: ModelFolder) -> None:
    table = Table("when", "what", "model", "instead of", "why")
    for entry in folder.history():
        action = f"{entry.action} by force" if entry.forced else entry.action
        when = f"{entry.at:%Y-%m-%d %H:%M:%S}"
        table.add_row(when, action, entry.model, entry.before, escape(entry.reason))
    console.print(table)


def _print_comparison(found: Comparison, names: list[str]) -> None:
    print_scores(f"{found.phrases} phrases", names, (found.first, found.second))
    for title, colour, changes in (
        ("fixed", "green", found.fixed),
        ("broken", "red", found.broken),
    ):
        console.print(f"[{colour}]{title}: {len(changes)}[/]")
        for change in changes:
            console.print(f"  {_changed(change)}", soft_wrap=True)
    difference = found.difference
    console.print(
        f"accuracy {difference.value:+.3f} [{difference.low:+.3f}; {difference.high:+.3f}] "
        f"(95 %, paired bootstrap), exact McNemar p = {found.p_value:.4f}: {_verdict(found)}",
        markup=False,
    )


def _changed(change: Change) -> str:
    before, after = change.before, change.after
    return (
        f"«{escape(change.phrase.text)}» is {change.phrase.intent}: "
        f"{before.name} {before.confidence:.2f} -> {after.name} {after.confidence:.2f}"
    )


def _verdict(found: Comparison) -> str:
    if not found.significant:
        return "no difference is proved"
    return "the second is worse" if found.worse else "the second is better"


def _print_cross_validation(found: CrossValidation, phrases: int) -> None:
    table = Table("fold", "accuracy", "macro F1", title=f"{phrases} phrases")
    for number, one in enumerate(found.scores, 1):
        table.add_row(str(number), f"{one.accuracy:.3f}", f"{one.macro_f1:.3f}")
    console.print(table)
    for name, over in (("accuracy", found.accuracy), ("macro F1", found.macro_f1)):
        console.print(f"{name} {over.mean:.3f} ± {over.deviation:.3f}")
    ordered = sorted(found.f1.items(), key=lambda item: item[1])
    by_intent = Table("intent", "F1")
    for name, value in ordered:
        by_intent.add_row(name, f"{value:.2f}")
    console.print(by_intent)
    console.print(f"{found.cpu_s:.0f} s of CPU")
