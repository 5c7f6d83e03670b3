"""`ivr nlu`: train the intent model, check its data, measure it, try a text."""

import asyncio
import csv
import time
import tomllib
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ivr.cli import nlu_review
from ivr.cli.context import console, fail, run, settings_of
from ivr.config import NluSettings
from ivr.errors import IvrError
from ivr.nlu import training
from ivr.nlu.engine import DATA, MODELS, open_engine
from ivr.nlu.evaluation import Prediction, Score, score
from ivr.nlu.fixture_labels import ALSO_RIGHT
from ivr.nlu.phrases import LabelledPhrase, read_phrases
from ivr.nlu.schema import NluClient, NluResult
from ivr.nlu.thresholds import decide

app = typer.Typer(help="Intents: training data, Rasa model, trial.", no_args_is_help=True)
app.add_typer(nlu_review.app)

FIXTURES = Path("audio_fixtures/manifest.tsv")
SHOWN_INTENTS = 8
NO_ALIASES: Mapping[str, frozenset[str]] = {}


@app.command()
def validate() -> None:
    """Check the training data; an error names file, line and what is expected."""
    try:
        found = training.validate(DATA)
    except IvrError as exc:
        raise fail(exc) from exc
    console.print(
        f"[green]good:[/] {found.phrases} phrases of {found.intents} intents, "
        f"{found.held_out} held-out test phrases"
    )


@app.command()
def train(context: typer.Context) -> None:
    """Train the model of the present data, unless it is there already."""
    settings = settings_of(context)
    began = time.monotonic()
    try:
        with console.status("training") as status:
            model = training.ensure_model(
                DATA, MODELS, Path(settings.nlu.python), on_progress=status.update
            )
    except IvrError as exc:
        raise fail(exc) from exc
    console.print(f"[green]{model}[/] ({time.monotonic() - began:.0f} s)")


@app.command()
def parse(
    context: typer.Context, text: Annotated[str, typer.Argument(help="What a caller says.")]
) -> None:
    """Show what is understood of one text: intents, entities and what the thresholds make of it."""
    settings = settings_of(context).nlu
    result, took_s = run(_parse(settings, Path(settings_of(context).service.runtime), text))
    table = Table("intent", "confidence")
    for item in result.ranking:
        table.add_row(item.name, f"{item.confidence:.3f}")
    console.print(table)
    for entity in result.entities:
        console.print(f"{entity.kind.value} = [bold]{entity.value}[/]  «{entity.text}»")
    decision = decide(result, accept=settings.accept, confirm=settings.confirm)
    console.print(f"{decision.value}, {took_s * 1000:.0f} ms")


@app.command("test")
def measure(
    context: typer.Context,
    fixtures: Annotated[
        bool, typer.Option("--fixtures", help="Measure the texts of audio_fixtures instead.")
    ] = False,
    misses: Annotated[bool, typer.Option("--misses", help="Print every mistake.")] = False,
) -> None:
    """Measure the trained model on held-out phrases; exit code 1 below nlu_data/gate.toml."""
    settings = settings_of(context)
    try:
        phrases = _fixture_phrases() if fixtures else read_phrases(DATA / "test.yml")
    except IvrError as exc:
        raise fail(exc) from exc
    aliases = ALSO_RIGHT if fixtures else NO_ALIASES
    runtime = Path(settings.service.runtime)
    predictions, parse_s = run(_predict(settings.nlu, runtime, phrases, aliases))
    if misses:
        _print_misses(predictions)
    found = score(predictions, accept=settings.nlu.accept, confirm=settings.nlu.confirm)
    _print_score(found, len(phrases), parse_s, settings.nlu)
    if not fixtures and (failed := _below_gate(found)):
        console.print(f"[red]below the gate:[/] {', '.join(failed)}")
        raise typer.Exit(1)


async def _parse(settings: NluSettings, runtime: Path, text: str) -> tuple[NluResult, float]:
    async with AsyncExitStack() as stack:
        client = await _client(stack, settings, runtime)
        began = time.monotonic()
        result = await client.parse(text)
        return result, time.monotonic() - began


async def _predict(
    settings: NluSettings,
    runtime: Path,
    phrases: tuple[LabelledPhrase, ...],
    aliases: Mapping[str, frozenset[str]],
) -> tuple[list[Prediction], float]:
    """All predictions and the mean seconds of one."""
    async with AsyncExitStack() as stack:
        client = await _client(stack, settings, runtime)
        began = time.monotonic()
        results = [await client.parse(phrase.text) for phrase in phrases]
        mean_s = (time.monotonic() - began) / len(phrases)
    predictions = [
        Prediction(
            phrase,
            result,
            result.intent.name in {phrase.intent} | aliases.get(phrase.intent, frozenset()),
        )
        for phrase, result in zip(phrases, results, strict=True)
    ]
    return predictions, mean_s


async def _client(stack: AsyncExitStack, settings: NluSettings, runtime: Path) -> NluClient:
    if not settings.url and not settings.model:
        python = Path(settings.python)
        await asyncio.to_thread(training.ensure_model, DATA, MODELS, python)
    with console.status("starting Rasa") as status:
        # A measurement on a busy machine must not end in a time-out.
        patient = settings.model_copy(update={"timeout_s": 10.0})
        engine = await open_engine(patient, runtime / "nlu-trial", status.update)
    stack.push_async_callback(engine.aclose)
    return engine.client


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


def _print_score(found: Score, phrases: int, parse_s: float, settings: NluSettings) -> None:
    table = Table("measure", "value", title=f"{phrases} phrases, accept {settings.accept}")
    table.add_row("accuracy", f"{found.accuracy:.3f}")
    table.add_row("macro F1", f"{found.macro_f1:.3f}")
    table.add_row("acted on at once, rightly", f"{found.accepted_right:.3f}")
    table.add_row("acted on at once, wrongly", f"{found.accepted_wrong:.3f}")
    table.add_row("out of scope acted on", f"{found.false_accepts:.3f}")
    table.add_row("ms per text", f"{parse_s * 1000:.1f}")
    console.print(table)
    worst = sorted(found.f1.items(), key=lambda item: item[1])[:SHOWN_INTENTS]
    console.print("worst: " + ", ".join(f"{name} {value:.2f}" for name, value in worst))


def _below_gate(found: Score) -> list[str]:
    gate = tomllib.loads((DATA / "gate.toml").read_text("utf-8"))
    return [
        *(name for name in ("accuracy", "macro_f1") if getattr(found, name) < gate[name]),
        *(["false_accepts"] if found.false_accepts > gate["false_accepts"] else []),
    ]
