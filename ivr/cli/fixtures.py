"""`ivr fixtures`: check labelled recordings, add one from a file or from a recorded call."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.markup import escape

from ivr.asr_eval.corpus import Recording
from ivr.asr_eval.run import recognize_all
from ivr.audio.resample import Samples
from ivr.cli.context import console, fail, run, settings_of
from ivr.errors import IvrError, SetupError
from ivr.files import write_whole
from ivr.fixtures.adding import Labels, add, caller_side, clipping, read_manifest, with_parts
from ivr.fixtures.checking import check_files, check_rows
from ivr.fixtures.coverage import Coverage, coverage_of, shortfalls
from ivr.fixtures.manifest import MANIFEST, FixtureRow, render
from ivr.nlu.phrases import read_intents, spelling
from ivr.regress.cases import read_recording
from ivr.speech.models import in_use
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
    context: typer.Context,
    folder: FolderOption = FOLDER,
    parts: Annotated[
        bool, typer.Option("--fill-parts", help="Write the part column before checking.")
    ] = False,
    small: Annotated[
        bool, typer.Option("--small", help="Labels and audio only, however few there are.")
    ] = False,
) -> None:
    """Check labels, audio and what the collection has; exit code 1 when anything is wrong.

    A collection needs 400 recordings, every intent, three voices and all three parts; smaller ones
    of your own are checked with --small.
    """
    try:
        rows = _rows(folder)
        if parts:
            rows = with_parts(rows)
            write_whole(folder / MANIFEST, render(rows))
        intents = read_intents(Path(settings_of(context).nlu.data) / "domain.yml")
    except IvrError as exc:
        raise fail(exc) from exc
    findings = [*check_rows(rows, intents), *check_files(folder, rows)]
    for finding in findings:
        console.print(f"[red]{escape(finding.file)}[/]: {escape(finding.fault)}")
    coverage = coverage_of(rows, intents)
    _print_coverage(coverage)
    lacks = [] if small else list(shortfalls(coverage))
    for lack in lacks:
        console.print(f"[red]{MANIFEST}[/]: {escape(lack)}")
    console.print(f"{len(rows)} recordings, {len(findings) + len(lacks)} faults")
    if findings or lacks:
        raise typer.Exit(1)


def _print_coverage(coverage: Coverage) -> None:
    for name, counts in (
        ("parts", coverage.parts),
        ("voices", coverage.voices),
        ("licences", coverage.licences),
    ):
        told = ", ".join(f"{value or 'none'}: {count}" for value, count in counts.most_common())
        console.print(f"- {name}: {escape(told)}", soft_wrap=True)
    fewest = ", ".join(f"{name}: {count}" for name, count in coverage.intents.most_common()[:-4:-1])
    covered = f"{len(coverage.intents)}, {len(coverage.missing)} missing; fewest {fewest}"
    console.print(f"- intents: {escape(covered)}", soft_wrap=True)


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
    """Trim, level, convert to 8 kHz FLAC, label, check and add to the manifest.

    Example: ivr fixtures add --from-call 261122-1512 --text "какой баланс" --intent balance
    """
    if (recording is None) == (not from_call):
        raise fail(SetupError("fixtures", "name either a file or --from-call, one of both"))
    try:
        intents = read_intents(Path(settings_of(context).nlu.data) / "domain.yml")
        if recording is not None:
            samples, origin = read_recording(recording).samples, recording.name
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
    added = f"[green]{escape(row.file)}[/] «{escape(row.text)}» {row.intent} ({row.part})"
    console.print(added, soft_wrap=True)
    for doubt in filter(None, (clipping(samples), _misheard(context, folder / row.file, text))):
        console.print(f"[yellow]listen again[/]: {escape(doubt)}", soft_wrap=True)


def _misheard(context: typer.Context, path: Path, text: str) -> str:
    """What the recognizer makes of a new recording, where that is not its text."""
    try:
        model = in_use(settings_of(context).speech).path
        engine = asyncio.run(recognize_all(model, [Recording(path, text)]))
    except IvrError as exc:
        return f"the recognizer could not check the text: {exc.message}"
    heard = engine.heard[0].text
    same = spelling(heard) == spelling(text)
    return "" if same else f"the recognizer hears «{heard}», not «{text}»"


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
            said = "".join(f"\n  {place}: «{one.text}»" for place, one in enumerate(turns, 1))
            raise SetupError("fixtures", f"call {call.call_id} has {len(turns)} spoken turns{said}")
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
