"""`ivr nlu`: train the intent model, check its data, measure it, try a text."""

import asyncio
import csv
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ivr.cli import nlu_data, nlu_models, nlu_review
from ivr.cli.context import console, fail, run, settings_of
from ivr.cli.nlu_trial import print_gates, print_scores, runtime_of, watched
from ivr.config import Settings
from ivr.errors import IvrError
from ivr.nlu import training
from ivr.nlu.curves import advise
from ivr.nlu.evaluation import NO_ALIASES, Prediction, Score, score
from ivr.nlu.fixture_labels import ALSO_RIGHT
from ivr.nlu.gates import check_figures, failed, read_limits
from ivr.nlu.measuring import Measured, Watcher, measure, pinned, predict, remember
from ivr.nlu.model_choice import choose_model
from ivr.nlu.model_folder import ModelFolder
from ivr.nlu.model_records import version_of
from ivr.nlu.pages import write_measurement_page
from ivr.nlu.phrases import LabelledPhrase, read_phrases
from ivr.nlu.schema import NluResult
from ivr.nlu.thresholds import decide

app = typer.Typer(help="Intents: training data, Rasa model, trial.", no_args_is_help=True)
app.add_typer(nlu_models.app)
app.add_typer(nlu_data.app)
app.add_typer(nlu_review.app)

FIXTURES = Path("audio_fixtures/manifest.tsv")
SHOWN_INTENTS = 8


@app.command()
def validate(context: typer.Context) -> None:
    """Check the training data; an error names file, line and what is expected."""
    try:
        found = training.validate(Path(settings_of(context).nlu.data))
    except IvrError as exc:
        raise fail(exc) from exc
    console.print(
        f"[green]good:[/] {found.phrases} phrases of {found.intents} intents, "
        f"{found.held_out} held-out test phrases"
    )


@app.command()
def train(
    context: typer.Context,
    measured: Annotated[
        bool, typer.Option("--measure", help="Measure it afterwards and keep the figures.")
    ] = False,
) -> None:
    """Train the model of the present data, unless it is there already."""
    settings = settings_of(context)
    began = time.monotonic()
    try:
        model = _train(settings)
        chosen = choose_model(settings.nlu)
    except IvrError as exc:
        raise fail(exc) from exc
    console.print(f"[green]{model}[/] ({time.monotonic() - began:.0f} s)")
    if measured:
        _remember(settings, model)
    if chosen.version != version_of(model):
        console.print(f"services use {chosen.version} ({chosen.why}) until: ivr nlu promote")


@app.command()
def parse(
    context: typer.Context, text: Annotated[str, typer.Argument(help="What a caller says.")]
) -> None:
    """Show what is understood of one text: intents, entities and what the thresholds make of it."""
    settings = settings_of(context)
    result, took_s = run(_parse(settings, text))
    table = Table("intent", "confidence")
    for item in result.ranking:
        table.add_row(item.name, f"{item.confidence:.3f}")
    console.print(table)
    for entity in result.entities:
        console.print(f"{entity.kind.value} = [bold]{entity.value}[/]  «{entity.text}»")
    decision = decide(result, accept=settings.nlu.accept, confirm=settings.nlu.confirm)
    console.print(f"{decision.value}, {took_s * 1000:.0f} ms")


@app.command("test")
def measure_model(
    context: typer.Context,
    fixtures: Annotated[
        bool, typer.Option("--fixtures", help="Measure the texts of audio_fixtures instead.")
    ] = False,
    misses: Annotated[bool, typer.Option("--misses", help="Print every mistake.")] = False,
    model: Annotated[
        str, typer.Option(metavar="MODEL", help=f"{nlu_models.NAMES_HELP} Default: expected.")
    ] = "",
    html: Annotated[
        Path | None, typer.Option(help="Write a page: confusions, thresholds, reliability.")
    ] = None,
) -> None:
    """Measure a trained model on held-out phrases; exit code 1 below nlu_data/gate.toml."""
    settings = settings_of(context)
    test = Path(settings.nlu.data) / "test.yml"
    try:
        phrases = _fixture_phrases() if fixtures else read_phrases(test)
        limits = read_limits(test.with_name("gate.toml"))
        archive = _measured_model(settings, model)
    except IvrError as exc:
        raise fail(exc) from exc
    with watched(len(phrases)) as watcher:
        found = run(_predict(settings, archive, phrases, watcher, fixtures=fixtures))
    if misses:
        _print_misses(found.predictions)
    name = version_of(archive) if archive else settings.nlu.url
    figures = _print_score(found, settings, name)
    if archive is not None and not fixtures:
        remember(settings.nlu, archive, test, found)
    if html is not None:
        write_measurement_page(html, found.predictions, settings.nlu, name)
        console.print(f"- page: {html}")
    if not fixtures and (below := failed(check_figures(figures, limits))):
        print_gates(below)
        raise typer.Exit(1)


def _train(settings: Settings) -> Path:
    data, models = Path(settings.nlu.data), Path(settings.nlu.models)
    with console.status("training") as status:
        return training.ensure_model(
            data, models, Path(settings.nlu.python), on_progress=status.update
        )


def _measured_model(settings: Settings, name: str) -> Path | None:
    """The model named, else what is configured (None: a foreign server), else the present data's.

    The last one is trained where it is missing.
    """
    if name:
        folder = ModelFolder(Path(settings.nlu.models))
        expected = training.expected_model(Path(settings.nlu.data), folder.path)
        return folder.find(name, expected=expected)
    if settings.nlu.url:
        return None
    return Path(settings.nlu.model) if settings.nlu.model else _train(settings)


def _remember(settings: Settings, model: Path) -> None:
    test = Path(settings.nlu.data) / "test.yml"
    phrases = read_phrases(test)
    with watched(len(phrases)) as watcher:
        found = run(measure(settings.nlu, model, runtime_of(settings), phrases, watcher))
    remember(settings.nlu, model, test, found)
    _print_score(found, settings, version_of(model))


async def _parse(settings: Settings, text: str) -> tuple[NluResult, float]:
    model = await asyncio.to_thread(_measured_model, settings, "")
    with console.status("starting Rasa") as status:
        watcher = Watcher(step=status.update)
        async with pinned(settings.nlu, model, runtime_of(settings), watcher) as client:
            began = time.monotonic()
            result = await client.parse(text)
            return result, time.monotonic() - began


async def _predict(
    settings: Settings,
    model: Path | None,
    phrases: tuple[LabelledPhrase, ...],
    watcher: Watcher,
    *,
    fixtures: bool,
) -> Measured:
    aliases = ALSO_RIGHT if fixtures else NO_ALIASES
    async with pinned(settings.nlu, model, runtime_of(settings), watcher) as client:
        return await predict(client, phrases, watcher, aliases)


def _fixture_phrases() -> tuple[LabelledPhrase, ...]:
    with FIXTURES.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    return tuple(
        LabelledPhrase(row["text"], row["intent"], row["file"]) for row in rows if row["intent"]
    )


def _print_misses(predictions: list[Prediction]) -> None:
    table = Table("text", "is", "was taken for", "confidence")
    for item in predictions:
        if not item.right:
            best = item.result.intent
            row = (item.phrase.text, item.phrase.intent, best.name, f"{best.confidence:.2f}")
            table.add_row(*row)
    console.print(table)


def _print_score(measured: Measured, settings: Settings, name: str) -> Score:
    predictions, thresholds = measured.predictions, settings.nlu
    found = score(predictions, accept=thresholds.accept, confirm=thresholds.confirm)
    print_scores(f"{len(predictions)} phrases, accept {thresholds.accept}", [name], [found])
    advice = advise(predictions)
    console.print(
        f"{measured.mean_s * 1000:.1f} ms per text; advised: accept {advice.accept:.2f}, "
        f"confirm {advice.confirm:.2f}"
    )
    worst = sorted(found.f1.items(), key=lambda item: item[1])[:SHOWN_INTENTS]
    console.print("worst: " + ", ".join(f"{name} {value:.2f}" for name, value in worst))
    return found
