"""`ivr calls`: what was recorded of calls, for people and, with --json, for programs.

A local operator's tool: numbers are shown in full unless --mask is given.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ivr import config
from ivr.analytics.cdr import Cdr
from ivr.cli.context import config_path
from ivr.errors import IvrError
from ivr.events import TurnCompleted
from ivr.log import mask_digits
from ivr.storage.ports import CallStore, HandoffAttempt
from ivr.storage.sql import SqlStore

T = TypeVar("T")

app = typer.Typer(help="Records of calls.", invoke_without_command=True)

ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="Configuration file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
MaskOption = Annotated[bool, typer.Option("--mask", help="Hide all but two digits of numbers.")]


@app.callback()
def list_calls(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000)] = 20,
    number: Annotated[str, typer.Option(help="Only calls from this number.")] = "",
    as_json: JsonOption = False,
    mask: MaskOption = False,
    config_file: ConfigOption = None,
) -> None:
    """The last calls; `ivr calls show ID` for one of them."""
    if context.invoked_subcommand is not None:
        return

    async def read(store: CallStore) -> list[tuple[Cdr, tuple[TurnCompleted, ...]]]:
        calls = await store.calls(limit, ani=number)
        turns = await store.turns_of([call.call_id for call in calls])
        return [(call, turns[call.call_id]) for call in calls]

    rows = _ask(config_path(context, config_file), read)
    if as_json:
        _print_json([{**_plain(call, mask), "intents": _intents(turns)} for call, turns in rows])
    elif rows:
        Console().print(_calls_table(rows, mask))
    else:
        Console().print("no calls yet")


@app.command()
def show(
    context: typer.Context,
    call_id: Annotated[str, typer.Argument(help="The call's id or its beginning.")],
    as_json: JsonOption = False,
    mask: MaskOption = False,
    config_file: ConfigOption = None,
) -> None:
    """One call from beginning to end."""

    async def read(
        store: CallStore,
    ) -> tuple[Cdr, tuple[TurnCompleted, ...], tuple[HandoffAttempt, ...]] | None:
        call = await store.call(call_id)
        if call is None:
            return None
        return call, await store.turns(call.call_id), await store.handoff_attempts(call.call_id)

    found = _ask(config_path(context, config_file), read)
    if found is None:
        Console().print(f"[red]no call {escape(repr(call_id))}[/red]")
        raise typer.Exit(1)
    call, turns, handoffs = found
    if as_json:
        parts = {"turns": [asdict(t) for t in turns], "handoffs": [asdict(h) for h in handoffs]}
        _print_json(_plain(call, mask) | parts)
    else:
        Console().print(Group(_heading(call, mask), _turns_table(call, turns), *_ways(handoffs)))


def _ask(config_file: Path | None, question: Callable[[CallStore], Awaitable[T]]) -> T:
    async def answer() -> T:
        url = config.load(config_file).records.database
        store = await SqlStore.open(url, create=False)
        try:
            return await question(store)
        finally:
            await store.aclose()

    try:
        return asyncio.run(answer())
    except IvrError as exc:
        Console(stderr=True).print(f"[red]{escape(exc.message)}[/red]", highlight=False)
        raise typer.Exit(1) from exc


def _calls_table(rows: Sequence[tuple[Cdr, tuple[TurnCompleted, ...]]], mask: bool) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    # The id begins with date and time, and `ivr calls show` wants it whole: never shortened.
    for name, width in (("id", 22), ("number", 10), ("length", 6), ("outcome", 11), ("turns", 5)):
        table.add_column(name, no_wrap=True, min_width=width)
    table.add_column("intents", overflow="fold")
    table.add_column("P50", no_wrap=True)
    for call, turns in rows:
        table.add_row(
            call.call_id,
            _number(call.ani, mask),
            _length(call.billsec),
            call.outcome or ("under way" if call.ended_at is None else call.disposition),
            str(len(turns)),
            ", ".join(_intents(turns)),
            _milliseconds(_median_response(turns)),
        )
    return table


def _heading(call: Cdr, mask: bool) -> Text:
    ended = f"{call.hangup_side} {call.hangup_status} {call.hangup_reason}".strip()
    facts = (
        ("call", call.call_id),
        ("from", f"{_number(call.ani, mask) or 'unknown'} to {call.dnis}"),
        ("offered", f"{call.offered_at:%Y-%m-%d %H:%M:%S}"),
        ("answered", f"{_length(call.billsec)} {call.codec} {call.disposition}".strip()),
        ("ended", f"{call.outcome}, by {ended}" if call.ended_at else "under way"),
        ("recording", call.recording or "none"),
    )
    return Text("\n".join(f"{name:<10} {value}" for name, value in facts))


def _turns_table(call: Cdr, turns: Sequence[TurnCompleted]) -> Table:
    table = Table("time", "caller", "understood", "answer", "ms", show_lines=True)
    for turn in turns:
        offset_s = (turn.at - call.offered_at).total_seconds()
        table.add_row(
            f"{offset_s:6.1f} s",
            Text(_heard(turn)),
            Text(_understood(turn)),
            Text(turn.reply),
            _latencies(turn),
        )
    return table


def _heard(turn: TurnCompleted) -> str:
    said = turn.text or f"({turn.kind})"
    confidence = "" if turn.asr_confidence is None else f"  {turn.asr_confidence:.2f}"
    spoke_into = ""
    if turn.barge_in:
        spoke_into = "\nspoke into the reply"
        if turn.played_s is not None:
            spoke_into += f" after {turn.played_s:.1f} s"
        if turn.played_item is not None:
            spoke_into += f", at choice {turn.played_item}"
    return f"{said}{confidence}{spoke_into}"


def _understood(turn: TurnCompleted) -> str:
    if not turn.intent:
        return turn.decision
    confidence = "" if turn.intent_confidence is None else f" {turn.intent_confidence:.2f}"
    found = "".join(f"\n{entity.kind.value}={entity.value}" for entity in turn.entities)
    return f"{turn.intent}{confidence} {turn.decision}{found}"


def _latencies(turn: TurnCompleted) -> str:
    named = (("reply", turn.response_ms), ("asr", turn.asr_ms), ("nlu", turn.nlu_ms))
    lines = [f"{name} {value:.0f}" for name, value in named if value is not None]
    if turn.endpoint:
        waited = "" if turn.patience_ms is None else f" {turn.patience_ms}"
        lines.append(f"ended{waited}: {turn.endpoint}")
    return "\n".join(lines)


def _ways(handoffs: Sequence[HandoffAttempt]) -> list[Text]:
    lines = []
    for attempt in handoffs:
        statuses = " ".join(str(step.status) for step in attempt.steps)
        lines.append(
            Text(
                f"hand-off   {attempt.mode} to {attempt.target} ({attempt.reason}): "
                f"{statuses} {attempt.outcome or 'under way'}, id {attempt.handoff_id}".replace(
                    "  ", " "
                )
            )
        )
    return lines


def _intents(turns: Sequence[TurnCompleted]) -> list[str]:
    """Each intent once, in the order it came up."""
    return list(dict.fromkeys(turn.intent for turn in turns if turn.intent))


def _median_response(turns: Sequence[TurnCompleted]) -> float | None:
    responses = [turn.response_ms for turn in turns if turn.response_ms is not None]
    return median(responses) if responses else None


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} ms"


def _length(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _number(number: str, mask: bool) -> str:
    return mask_digits(number) if mask else number


def _plain(call: Cdr, mask: bool) -> dict[str, Any]:
    return asdict(call) | {"ani": _number(call.ani, mask)}


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
