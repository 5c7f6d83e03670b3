"""The last payment, and «я заплатил, а денег нет»."""

from datetime import timedelta
from decimal import Decimal, InvalidOperation

from ivr.dialogue.actions import ServiceCall
from ivr.dialogue.flows.flow import Flow, on_day, question_and_answer, said_with
from ivr.dialogue.state import DialogueState
from ivr.dialogue.turns import Context
from ivr.nlu.schema import EntityKind
from ivr.services.port import Payment
from ivr.speech.phrase import Money, Phrase, Prompt

FRESH = timedelta(days=1)
"""A payment this recent may be the one that is missed: money arrives within a day."""


def payment_phrase(_state: DialogueState, context: Context, payment: Payment | None) -> Phrase:
    """How much came in last, and when."""
    if payment is None:
        return (Prompt("payment.none"),)
    return (Prompt("payment.last"), Money(payment.amount), on_day(context, payment.received_on))


def missing_phrase(state: DialogueState, context: Context, payment: Payment | None) -> Phrase:
    """The last payment, and that the missed one is not there when this cannot be it."""
    if payment is None:
        return (Prompt("payment.not_found"),)
    phrase = payment_phrase(state, context, payment)
    fresh = payment.received_on >= context.moment.now.date() - FRESH
    if fresh and _amount_said(state) in (None, payment.amount):
        return phrase
    return (*phrase, Prompt("payment.not_found"))


def _amount_said(state: DialogueState) -> Decimal | None:
    said = said_with(state, EntityKind.AMOUNT)
    try:
        return None if said is None else Decimal(said)
    except InvalidOperation:
        return None


LAST_PAYMENT: Flow = question_and_answer(ServiceCall.LAST_PAYMENT, payment_phrase)
PAYMENT_MISSING: Flow = question_and_answer(ServiceCall.LAST_PAYMENT, missing_phrase)
