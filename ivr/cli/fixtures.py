"""`ivr fixtures`: check labelled recordings, add one from a file or from a recorded call."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.markup import escape

from ivr.audio.resample import Samples
from ivr.audio.wav import load_samples
from ivr.cli.context import console, fail, run, settings_of
from ivr.errors import IvrError, SetupError
from ivr.fixtures.adding import Labels, add, caller_side, read_manifest, with_parts
from ivr.fixtures.checking import check_files, check_rows
from ivr.fixtures.files import write_whole
from ivr.fixtures.manifest import MANIFEST, FixtureRow, render
from ivr.nlu.engine import DATA
from ivr.nlu.phrases import read_intents
from ivr.storage.ports import CallStore
from ivr.storage.sql import SqlStore

T = TypeVar("T")

app = typer.Typer(help="Labelled recordings: check, add.", no_args_is_help=True)

FolderOption = Annotated[Path, typer.Option(help="Folder with the manifest.")]
FOLDER = Path("audio_fixtures")
AROUND_S = 0.4
"""Audio kept on both sides of a turn before silence is trimmed: endpointing cuts close."""


@app.command()
def check(
    folder: FolderOption = FOLDER,
    parts: Annotated[
        bool, typer.Option("--fill-parts", help="Write the part column before checking.")
    ] = False,
) -> None:
    """Check manifest and audio; exit code 1 when anything is wrong."""
    try:
        rows = _rows(folder)
        if parts:
            rows = with_parts(rows)
            write_whole(folder / MANIFEST, render(rows))
        intents = read_intents(DATA / "domain.yml")
    except IvrError as exc:
        raise fail(exc) from exc
    findings = [*check_rows(rows, intents), *check_files(folder, rows)]
    for finding in findings:
        console.print(f"[red]{escape(finding.file)}[/]: {escape(finding.fault)}")
    console.print(f"{len(rows)} recordings, {len(findings)} faults")
    if findings:
        raise typer.Exit(1)


@app.command("add")
def add_fixture(
    context: typer.Context,
    text: Annotated[str, typer.Option(help="The words said: lower-case Russian, numbers too.")],
    recording: Annotated[Path | None, typer.Argument(help="Audio file, any rate.")] = None,
    from_call: Annotated[
        str, typer.Option(help="Id of a recorded call, or its beginning, instead of a file.")
    ] = "",
    turn: Annotated[int, typer.Option(min=1, help="Which of the caller's turns.")] = 1,
    intent: Annotated[str, typer.Option(help="What should be understood; '' if no request.")] = "",
    slots: Annotated[str, typer.Option(help="kind=value joined by ';'.")] = "",
    voice: Annotated[str, typer.Option(help="Who speaks; no names of callers.")] = "",
    source: Annotated[str, typer.Option(help="Where the recording comes from.")] = "",
    licence: Annotated[str, typer.Option(help="Its terms.")] = "",
    folder: FolderOption = FOLDER,
) -> None:
    """Trim, level, convert to 8 kHz FLAC, label, check and add to the manifest."""
    if (recording is None) == (not from_call):
        raise fail(SetupError("fixtures", "name either a file or --from-call, one of both"))
    try:
        intents = read_intents(DATA / "domain.yml")
        if recording is not None:
            samples, origin = load_samples(recording), recording.name
        else:
            samples, origin = _from_call(context, from_call, turn)
        labels = Labels(
            text=text,
            intent=intent,
            slots=slots,
            voice=voice or "unknown",
            source=source or ("recorded call" if from_call else origin),
            licence=licence or ("not for publication" if from_call else "not stated"),
        )
        row = add(folder, samples, origin, labels, intents)
    except IvrError as exc:
        raise fail(exc) from exc
    console.print(f"[green]{escape(row.file)}[/] «{escape(row.text)}» {row.intent} ({row.part})")


def _rows(folder: Path) -> tuple[FixtureRow, ...]:
    rows = read_manifest(folder)
    if not rows:
        raise SetupError("fixtures", f"{folder / MANIFEST} is missing or lists nothing")
    return rows


def _from_call(context: typer.Context, call_id: str, number: int) -> tuple[Samples, str]:
    """The caller's side of one turn of a recorded call."""
    url = settings_of(context).records.database

    async def read(store: CallStore) -> tuple[str, float, float]:
        call = await store.call(call_id)
        if call is None:
            raise SetupError("fixtures", f"there is no call {call_id}; `ivr calls` lists them")
        if not call.recording:
            raise SetupError("fixtures", f"call {call.call_id} has no recording")
        turns = [one for one in await store.turns(call.call_id) if one.speech_end_s is not None]
        if len(turns) < number:
            raise SetupError("fixtures", f"call {call.call_id} has {len(turns)} spoken turns")
        chosen = turns[number - 1]
        return call.recording, chosen.speech_start_s or 0.0, chosen.speech_end_s or 0.0

    path, start_s, end_s = run(_with_store(url, read))
    samples = caller_side(Path(path), start_s - AROUND_S, end_s + AROUND_S)
    return samples, f"turn {number} of call {call_id}"


async def _with_store(url: str, question: Callable[[CallStore], Awaitable[T]]) -> T:
    store = await SqlStore.open(url, create=False)
    try:
        async with asyncio.timeout(30.0):
            return await question(store)
    finally:
        await store.aclose()
