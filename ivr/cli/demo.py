"""`ivr demo`: a service of its own, a real SIP call to it, the conversation printed live."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.rule import Rule

from ivr import log
from ivr.app import running
from ivr.audio.pcm import LINE_RATE_HZ
from ivr.audio.wav import load_audio
from ivr.cli.call import converse
from ivr.cli.context import console, fail, run, settings_of
from ivr.cli.live import print_events
from ivr.config import BackOfficeSettings, Settings
from ivr.errors import IvrError
from ivr.softphone.phone import Softphone

FOLDER: Final = Path("var/demo")
QUESTIONS: Final = (
    Path("audio_fixtures/tts/0025.flac"),
    Path("audio_fixtures/tts/0166.flac"),
    Path("audio_fixtures/tts/0071.flac"),
)


def demo(
    context: typer.Context,
    recordings: Annotated[
        list[Path] | None,
        typer.Argument(help="Questions to play (WAV, FLAC); default: balance, tariff, goodbye."),
    ] = None,
    caller: Annotated[str, typer.Option("--as", help="Caller's number.")] = "9030000001",
) -> None:
    """Start a service on free ports, call it by SIP from a second user agent, print everything.

    Leaves a two-channel recording: left the caller, right the assistant.
    """
    settings = demo_settings(settings_of(context))
    log.configure(settings.log.model_copy(update={"level": "warning"}))
    try:
        spoken = [(path, load_audio(path, LINE_RATE_HZ)) for path in recordings or QUESTIONS]
    except IvrError as exc:
        raise fail(exc) from exc
    run(_demo(settings, spoken, caller))


def demo_settings(settings: Settings) -> Settings:
    """The same service beside a running one: free ports, own records, recording on."""
    return settings.model_copy(
        update={
            "sip": settings.sip.model_copy(
                update={
                    "address": "127.0.0.1",
                    "public_address": "127.0.0.1",
                    "port": 0,
                    "tls_port": 0,
                }
            ),
            "media": settings.media.model_copy(update={"workers": 1, "rtp_port": 24000}),
            "http": settings.http.model_copy(update={"port": 0}),
            "records": settings.records.model_copy(
                update={
                    "database": f"sqlite:///{FOLDER}/ivr.db",
                    "recordings": True,
                    "recordings_folder": str(FOLDER),
                }
            ),
            "back_office": settings.back_office.model_copy(
                update={"url": f"sqlite:///{FOLDER}/back_office.db"}
                if settings.back_office.factory == BackOfficeSettings().factory
                else {}
            ),
            "service": settings.service.model_copy(update={"runtime": str(FOLDER / "run")}),
        }
    )


async def _demo(settings: Settings, spoken: list[tuple[Path, bytes]], caller: str) -> None:
    async with running(settings, lambda step: console.print(f"[dim]- {step} ...[/]")) as app:
        console.print(Rule(f"{caller} dials {app.pool.uri}"))
        subscription = app.bus.subscribe("demo")
        printing = asyncio.create_task(print_events(subscription, console))
        async with (
            Softphone() as phone,
            await phone.call(app.pool.uri, caller=caller, recording=FOLDER / "call.wav") as call,
        ):
            await call.answered()
            await converse(call, spoken, "")
        await app.drain()
        app.bus.unsubscribe(subscription)
        await printing
    console.print(Rule())
    console.print(f"Recording: {FOLDER}/call.wav (left: caller, right: assistant)")
    console.print(f"Records:   IVR_RECORDS__DATABASE=sqlite:///{FOLDER}/ivr.db {sys.argv[0]} calls")
