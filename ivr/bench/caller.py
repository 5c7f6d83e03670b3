"""Bench calls: what a caller can measure with both directions on one clock."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ivr.audio.pcm import LINE_RATE_HZ, SAMPLE_BYTES
from ivr.bench.figures import Sample
from ivr.errors import SipError
from ivr.softphone.caller import PhoneCall
from ivr.softphone.listening import audible
from ivr.softphone.phone import Softphone

SILENT_S: Final = 0.3
"""A bot that is not heard for this long has stopped."""
HOP_S: Final = 0.01
LISTEN_S: Final = 2.5
"""How much of a reply is listened to before the next question interrupts it."""
REPLY_S: Final = 10.0
AFTER_BARGE_IN_S: Final = 0.05
"""The interrupted reply has long been silent when the question ends; its echo is not searched."""
INTO_PROMPT_S: Final = 1.2
"""How far into the bot's reply the caller interrupts."""


@dataclass(slots=True)
class CallFigures:
    """What the calls of one run measured."""

    greeting: Sample = field(default_factory=lambda: Sample("answer -> greeting"))
    reply: Sample = field(default_factory=lambda: Sample("end of speech -> reply"))
    barge_in: Sample = field(default_factory=lambda: Sample("barge-in -> bot silent"))
    unanswered: int = 0
    """Turns without a reply in time."""


async def ask_questions(
    phone: Softphone, target: str, caller: str, questions: Sequence[bytes], figures: CallFigures
) -> None:
    """One call: wait for the greeting, ask everything, measure each reply."""
    async with await phone.call(target, caller=caller) as call:
        await call.answered(30.0)
        await call.prompt_heard()
        first = call.listening.first_audible_after(0.0)
        if first is not None:
            figures.greeting.add(first)
        for question in questions:
            if call.cause is not None:
                figures.unanswered += 1
                break
            await _ask(call, question, figures)


async def _ask(call: PhoneCall, question: bytes, figures: CallFigures) -> None:
    """Ask, and let the reply be heard for a while only: the next question interrupts it."""
    ended_s = await call.say(question)
    spoken_s = call.listening.last_spoken_before(ended_s)
    if spoken_s is None:
        return

    def replied() -> bool:
        return call.listening.first_audible_after(spoken_s + AFTER_BARGE_IN_S) is not None

    try:
        await call.until(lambda: replied() or call.cause is not None, REPLY_S, "a reply")
    except SipError:
        figures.unanswered += 1
        return
    reply_s = call.listening.first_audible_after(spoken_s + AFTER_BARGE_IN_S)
    if reply_s is None:
        figures.unanswered += 1
        return
    figures.reply.add(reply_s - spoken_s)
    await call.passed(LISTEN_S)


async def interrupt(
    phone: Softphone, target: str, caller: str, speech: bytes, figures: CallFigures
) -> None:
    """One call: talk over the greeting, measure how soon the bot falls silent."""
    async with await phone.call(target, caller=caller) as call:
        await call.answered(30.0)
        with contextlib.suppress(SipError):
            await call.until(lambda: call.listening.heard_anything, 10.0, "the greeting")
            await call.passed(INTO_PROMPT_S)
            began_s = call.listening.now_s
            await call.say(speech)
            await call.passed(1.0)
            onset_s = _onset(call, began_s)
            silent_s = _silent_from(call, onset_s)
            if silent_s is not None:
                figures.barge_in.add(silent_s - onset_s)


def _onset(call: PhoneCall, began_s: float) -> float:
    """Audio time of the first audible 10 ms of our own speech."""
    position_s = began_s
    while position_s < call.listening.now_s:
        if audible(_piece(call.listening.spoken, position_s)):
            return position_s
        position_s += HOP_S
    return began_s


def _silent_from(call: PhoneCall, start_s: float) -> float | None:
    """Audio time from which the bot was silent for `SILENT_S`."""
    quiet_since_s = start_s
    position_s = start_s
    while position_s < call.listening.now_s:
        if audible(_piece(call.listening.heard, position_s)):
            quiet_since_s = position_s + HOP_S
        elif position_s - quiet_since_s >= SILENT_S:
            return quiet_since_s
        position_s += HOP_S
    return None


def _piece(track: bytearray, start_s: float) -> bytes:
    start = round(start_s * LINE_RATE_HZ) * SAMPLE_BYTES
    return bytes(track[start : start + round(HOP_S * LINE_RATE_HZ) * SAMPLE_BYTES])
