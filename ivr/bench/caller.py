"""Bench calls: what a caller can measure with both directions on one clock."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ivr.bench.figures import Sample
from ivr.errors import SipError
from ivr.softphone.caller import PhoneCall
from ivr.softphone.phone import Softphone

LISTEN_S: Final = 2.5
"""How much of a reply is listened to before the next question interrupts it."""
REPLY_S: Final = 10.0
AFTER_BARGE_IN_S: Final = 0.05
"""The interrupted reply has long been silent when the question ends; its echo is not searched."""


@dataclass(slots=True)
class CallFigures:
    """What the calls of one run measured."""

    greeting: Sample = field(default_factory=lambda: Sample("answer -> greeting"))
    reply: Sample = field(default_factory=lambda: Sample("end of speech -> reply"))
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
