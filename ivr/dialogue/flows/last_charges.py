"""What money was taken for lately."""

from ivr.dialogue.actions import ServiceCall
from ivr.dialogue.flows.flow import Flow, on_day, question_and_answer
from ivr.dialogue.state import DialogueState
from ivr.dialogue.turns import Context
from ivr.services.port import Charge
from ivr.speech.phrase import Money, Part, Pause, Phrase, Prompt

CHARGES_READ_OUT = 4
"""Newest first; more than this is not remembered by ear."""

BETWEEN_ITEMS = Pause(350)
"""Without it the day of one charge runs into the kind of the next."""


def charges_phrase(_state: DialogueState, context: Context, charges: tuple[Charge, ...]) -> Phrase:
    """«Последние списания: абонентская плата, триста рублей, вчера»."""
    if not charges:
        return (Prompt("charges.none"),)
    newest = sorted(charges, key=lambda charge: charge.charged_on, reverse=True)
    parts: list[Part] = [Prompt("charges.last")]
    for charge in newest[:CHARGES_READ_OUT]:
        parts += [BETWEEN_ITEMS] if len(parts) > 1 else []
        day = on_day(context, charge.charged_on)
        parts += [Prompt(f"charges.{charge.kind.value}"), Money(charge.amount), day]
    return tuple(parts)


LAST_CHARGES: Flow = question_and_answer(ServiceCall.LAST_CHARGES, charges_phrase)
