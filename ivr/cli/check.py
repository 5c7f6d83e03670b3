"""`ivr check`: what is configured, and whether each part works on this machine."""

import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path

import typer
from rich.table import Table

from ivr import log
from ivr.app import open_back_office, open_prompts
from ivr.app_queue_rules import operator_rules, queue_rules
from ivr.audio.pcm import duration_s
from ivr.cli.context import console, run, settings_of
from ivr.config import Settings
from ivr.errors import IvrError, SetupError
from ivr.media.addresses import public_address
from ivr.media.kamailio import find_binary
from ivr.nlu.engine import open_engine
from ivr.speech.live import LiveRecognizers
from ivr.speech.phrase import Money, Prompt
from ivr.storage.queue_store import SqlQueueStore
from ivr.storage.sql import SqlStore

SECRETS = {"password", "token"}


def check(context: typer.Context) -> None:
    """Print the effective configuration and try each part; exit code 1 when a needed one fails."""
    settings = settings_of(context)
    log.configure(settings.log.model_copy(update={"level": "error"}))
    _print_settings(settings)
    if not run(_try_parts(settings)):
        raise typer.Exit(1)


def _print_settings(settings: Settings) -> None:
    table = Table("key", "value", box=None, pad_edge=False)
    for section, values in settings.model_dump(mode="json").items():
        for key, value in values.items():
            shown = "********" if key in SECRETS and value else repr(value)
            table.add_row(f"{section}.{key}", shown)
    console.print(table)
    console.print()


async def _try_parts(settings: Settings) -> bool:
    parts: tuple[tuple[str, Callable[[Settings], Awaitable[str]], bool], ...] = (
        ("SIP port", _sip_port, True),
        ("Kamailio", _kamailio, settings.sip.kamailio == "required"),
        ("recognition model", _recognizer, True),
        ("intent engine", _intents, True),
        ("prompts", _prompts, True),
        ("back office", _back_office, True),
        ("records", _records, True),
        ("queue", _queue, True),
        ("operator", _operator, False),
    )
    good = True
    for name, part, required in parts:
        try:
            console.print(f"[green]ok  [/] {name}: {await part(settings)}", soft_wrap=True)
        except IvrError as exc:
            mark = "[red]FAIL[/]" if required else "[yellow]note[/]"
            console.print(f"{mark} {name}: {exc.message}", soft_wrap=True)
            good = good and not required
    return good


async def _sip_port(settings: Settings) -> str:
    sip = settings.sip
    for kind, name in ((socket.SOCK_DGRAM, "UDP"), (socket.SOCK_STREAM, "TCP")):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
            try:
                probe.bind((sip.address, sip.port))
            except OSError as exc:
                raise SetupError(
                    "port", f"{name} {sip.address}:{sip.port} is not free ({exc.strerror})"
                ) from exc
    return f"{sip.address}:{sip.port} is free, callers reach {public_address(sip)}"


async def _kamailio(settings: Settings) -> str:
    binary = find_binary()
    if settings.sip.kamailio == "off":
        return "switched off: one media worker on the SIP port, no TLS"
    if binary is None:
        raise SetupError(
            "kamailio",
            "not installed (apt install kamailio kamailio-tls-modules): "
            "one media worker takes the SIP port, no TLS",
        )
    return binary


async def _recognizer(settings: Settings) -> str:
    recognizers = await LiveRecognizers.open(settings.speech)
    await recognizers.aclose()
    if recognizers.fault:
        raise SetupError("model", recognizers.description)
    return recognizers.description


async def _intents(settings: Settings) -> str:
    engine = await open_engine(settings.nlu, Path(settings.service.runtime))
    try:
        result = await engine.client.parse("сколько у меня денег на счету")
    finally:
        await engine.aclose()
    best = result.intent
    return f"{engine.description}; «сколько у меня денег» is {best.name} {best.confidence:.2f}"


async def _prompts(settings: Settings) -> str:
    async with AsyncExitStack() as stack:
        bank = open_prompts(stack, settings)
        rendered = await bank.render((Prompt("balance.is"), Money(Decimal("123.45"))))
    return f"{settings.voice.prompts}: «{rendered.text}» in {duration_s(rendered.pcm):.1f} s"


async def _back_office(settings: Settings) -> str:
    office = open_back_office(settings)
    try:
        return await office.check()
    finally:
        await office.aclose()


async def _records(settings: Settings) -> str:
    store = await SqlStore.open(settings.records.database)
    try:
        calls = await store.calls(limit=1)
    finally:
        await store.aclose()
    folder = Path(settings.records.recordings_folder)
    recordings = f"recordings in {folder}" if settings.records.recordings else "no recordings"
    return f"{settings.records.database}, {'has calls' if calls else 'empty'}; {recordings}"


async def _queue(settings: Settings) -> str:
    store = await SqlQueueStore.open(settings.queue.database, queue_rules(settings))
    try:
        now = await store.snapshot()
    finally:
        await store.aclose()
    calls = settings.callback.customer_uri or "calls back are promised and left to people"
    return (
        f"{settings.queue.database}: {len(now.operators)} operators, {now.waiting_count} waiting, "
        f"{len(now.nodes)} nodes; {calls}"
    )


async def _operator(settings: Settings) -> str:
    if not settings.handoff.operator:
        raise SetupError("operator", "handoff.operator is empty: callback requests are offered")
    operator_rules(settings)
    return settings.handoff.operator
