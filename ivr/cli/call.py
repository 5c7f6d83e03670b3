"""`ivr call`: place a call and play recordings into it."""

from pathlib import Path
from typing import Annotated

import typer

from ivr.audio.pcm import LINE_RATE_HZ
from ivr.audio.wav import load_audio
from ivr.cli.context import console, fail, run, settings_of
from ivr.config import SipSettings
from ivr.errors import IvrError, SipError
from ivr.media.addresses import public_address
from ivr.softphone.caller import PhoneCall
from ivr.softphone.phone import Softphone


def call(
    context: typer.Context,
    recordings: Annotated[
        list[Path] | None,
        typer.Argument(help="Audio files (WAV, FLAC, any rate) said one after the other."),
    ] = None,
    to: Annotated[str, typer.Option(help="SIP URI to dial; default: the configured service.")] = "",
    caller: Annotated[
        str, typer.Option("--as", help="Caller's number, decides whose data is heard.")
    ] = "9030000001",
    record: Annotated[
        Path, typer.Option(help="Two-channel WAV: left what was said, right what was heard.")
    ] = Path("var/call.wav"),
    keys: Annotated[str, typer.Option(help="Keys pressed after the recordings, one by one.")] = "",
) -> None:
    """Dial 0611, wait for each prompt to end, play a recording; leaves a two-channel WAV.

    Examples: ivr call audio_fixtures/tts/0003.flac --as 9030000002; ivr call --keys 12
    """
    settings = settings_of(context)
    target = (
        to or f"sip:{settings.sip.numbers[0]}@{public_address(settings.sip)}:{settings.sip.port}"
    )
    try:
        spoken = [(path, load_audio(path, LINE_RATE_HZ)) for path in recordings or []]
    except IvrError as exc:
        raise fail(exc) from exc
    run(_call(target, caller, spoken, keys, record))


async def _call(
    target: str, caller: str, spoken: list[tuple[Path, bytes]], keys: str, record: Path
) -> None:
    async with Softphone(address=_own_address(target)) as phone:
        console.print(f"- dialling {target} as {caller}")
        async with await phone.call(target, caller=caller, recording=record) as phone_call:
            await phone_call.answered()
            await converse(phone_call, spoken, keys)
    console.print(f"- recording: {record} (left: said, right: heard)")


async def converse(phone_call: PhoneCall, spoken: list[tuple[Path, bytes]], keys: str) -> None:
    """Wait for the bot, say or press the next thing, until all is said or the bot hangs up."""
    listening = phone_call.listening
    await phone_call.prompt_heard()
    steps = [*spoken, *((key, b"") for key in keys)]
    for what, samples in steps:
        if phone_call.cause is not None:
            break
        if samples:
            ended_s = await phone_call.say(samples)
        else:
            ended_s = listening.now_s
            await phone_call.press(str(what))
        try:
            await phone_call.prompt_heard()
        except SipError as exc:
            console.print(f"[yellow]- {exc.message}[/]")
            continue
        reply_s = listening.first_audible_after(ended_s)
        spoken_s = listening.last_spoken_before(ended_s)
        if reply_s is not None and spoken_s is not None and samples:
            console.print(f"- {what}: heard a reply after {(reply_s - spoken_s) * 1000:.0f} ms")
    if phone_call.cause is not None:
        console.print(f"- the far end hung up: {phone_call.cause.status} {phone_call.cause.reason}")


def _own_address(target: str) -> str:
    """Loopback for a service on this machine, else the address that reaches others."""
    if "@127." in target or "@localhost" in target:
        return "127.0.0.1"
    return public_address(SipSettings())
