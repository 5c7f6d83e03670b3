"""`ivr models`: which speech models there are, fetching official ones, trying the one in use."""

import asyncio
import time
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from ivr import config
from ivr.audio.pcm import LINE_RATE_HZ, duration_s
from ivr.audio.wav import load_audio
from ivr.cli.context import config_path
from ivr.errors import IvrError
from ivr.speech import models as speech_models
from ivr.speech.vosk_asr import VoskRecognizer, VoskRecognizerFactory

app = typer.Typer(help="Speech recognition models.", no_args_is_help=True)

ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="Configuration file.")]


@app.command("list")
def list_models(context: typer.Context, config_file: ConfigOption = None) -> None:
    """Models that are here, models that can be fetched, and which one is used."""
    console = Console()
    speech = _speech_settings(config_path(context, config_file))
    table = Table("model", "state", "about")
    here = {path.name for path in speech_models.official_in(speech_models.MODELS_FOLDER)}
    for model in speech_models.OFFICIAL:
        state = "here" if model.folder in here else f"ivr models fetch {model.short_name}"
        table.add_row(model.folder, state, model.about)
    bundled = speech_models.is_model(speech_models.MODELS_FOLDER / speech_models.BUNDLED)
    table.add_row(speech_models.BUNDLED, "here" if bundled else "missing", "bundled, about 10 MB")
    built = len(speech_models.built_in(Path(speech.graphs)))
    table.add_row(speech.graphs, f"{built} built", "graphs from own texts: ivr asr graphs")
    console.print(table)
    try:
        used = _resolved(speech)
    except IvrError as exc:
        _fail(console, exc)
    console.print(f"used: {used.description}", highlight=False)


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="small-ru or ru")] = "small-ru",
    sha256: Annotated[str, typer.Option(help="Checksum the archive must have.")] = "",
    source: Annotated[
        str, typer.Option(help="Where the archives are.")
    ] = speech_models.OFFICIAL_SOURCE,
    folder: Annotated[
        Path, typer.Option(help="Where models are kept.")
    ] = speech_models.MODELS_FOLDER,
) -> None:
    """Download an official Vosk model; a broken-off download is taken up again."""
    console = Console()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    try:
        with Progress(*columns, console=console) as bar:
            task = bar.add_task(name, total=None)
            path = speech_models.fetch(
                name,
                folder=folder,
                source=source,
                sha256=sha256,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    except IvrError as exc:
        _fail(console, exc)
    console.print(f"{path} is ready and will be used from the next start on", highlight=False)


@app.command()
def check(
    context: typer.Context,
    recordings: Annotated[list[Path] | None, typer.Argument(help="Audio to recognize.")] = None,
    config_file: ConfigOption = None,
) -> None:
    """Load the model in use and recognize recordings with it."""
    console = Console()
    try:
        used = _resolved(_speech_settings(config_path(context, config_file)))
        console.print(f"model: {used.description}", highlight=False)
        asyncio.run(_check(console, used.path, recordings or []))
    except IvrError as exc:
        _fail(console, exc)


async def _check(console: Console, model: Path, recordings: list[Path]) -> None:
    started = time.perf_counter()
    factory = await VoskRecognizerFactory.load(model, threads=1)
    seconds = time.perf_counter() - started
    console.print(f"loads in {seconds:.2f} s and takes {LINE_RATE_HZ} Hz audio", highlight=False)
    recognizer = factory.create()
    for path in recordings:
        await _recognize(console, recognizer, path)
    if recognizer.audio_s:
        factor = recognizer.busy_s / recognizer.audio_s
        console.print(f"real-time factor {factor:.3f}", highlight=False)
    await recognizer.aclose()
    await factory.aclose()


async def _recognize(console: Console, recognizer: VoskRecognizer, path: Path) -> None:
    samples = load_audio(path)
    second = LINE_RATE_HZ * 2
    for start in range(0, len(samples), second):
        await recognizer.accept(samples[start : start + second])
        await recognizer.settle()
    final = await recognizer.finish()
    console.print(
        f"{path.name} ({duration_s(samples):.1f} s): {final.text or '(nothing)'} "
        f"[dim]{final.confidence:.2f}[/dim]",
        highlight=False,
    )


def _resolved(speech: config.SpeechSettings) -> speech_models.ResolvedModel:
    return speech_models.resolve(speech.model, graphs=Path(speech.graphs))


def _speech_settings(config_file: Path | None) -> config.SpeechSettings:
    try:
        return config.load(config_file).speech
    except IvrError as exc:
        _fail(Console(), exc)


def _fail(console: Console, exc: IvrError) -> NoReturn:
    console.print(f"[red]{exc.message}[/red]", highlight=False)
    raise typer.Exit(1)
