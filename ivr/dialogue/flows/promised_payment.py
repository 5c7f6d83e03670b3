"""Promised payment: terms, a confirmation, the order. Nothing is ordered without a clear yes."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import cast

from ivr.dialogue.actions import ServiceCall
from ivr.dialogue.flows.flow import Flow, on_day
from ivr.dialogue.inputs import ServiceReplied
from ivr.dialogue.state import DialogueState, Question, Topic
from ivr.dialogue.turns import Context, Turn, answer, ask, call_service, prompts
from ivr.services.port import PromisedPaymentTerms
from ivr.speech.phrase import Money, Phrase, Prompt, Quantity, Unit


def offer_phrase(terms: PromisedPaymentTerms) -> Phrase:
    """Sum, term and price, and the question."""
    fee: Phrase = (Prompt("promised.fee"), Money(terms.fee)) if terms.fee > 0 else ()
    return (
        Prompt("promised.offer"),
        Money(terms.amount),
        Prompt("promised.for_days"),
        Quantity(Decimal(terms.days), Unit.DAY),
        *fee,
        Prompt("promised.confirm"),
    )


def offer(state: DialogueState, context: Context, terms: PromisedPaymentTerms) -> Turn:
    """What the caller can have, or why not."""
    if terms.already_active:
        return answer(state, context, prompts("promised.already"))
    if not terms.available:
        return answer(state, context, prompts("promised.denied"))
    question = Question(Topic.CONFIRM_PROMISED_PAYMENT, offer_phrase(terms))
    return ask(replace(state, said=()), context, question)


def _connected(state: DialogueState, context: Context, terms: PromisedPaymentTerms) -> Turn:
    pay_on = context.moment.now.date() + timedelta(days=terms.days)
    until: Phrase = (Prompt("balance.pay_until"), on_day(context, pay_on)) if terms.days > 0 else ()
    return answer(state, context, (Prompt("promised.done"), *until))


def on_confirmed(state: DialogueState, context: Context, *, yes: bool) -> Turn:
    """The caller answered «Подключаем?»."""
    if yes:
        return call_service(state, ServiceCall.CONNECT_PROMISED_PAYMENT)
    return answer(state, context, prompts("ack.ok"))


def start(state: DialogueState, _context: Context) -> Turn:
    """Terms first: an order is never placed unseen."""
    return call_service(state, ServiceCall.PROMISED_PAYMENT_TERMS)


def on_reply(state: DialogueState, context: Context, replied: ServiceReplied) -> Turn:
    """Terms -> the offer; an order -> done."""
    terms = cast(PromisedPaymentTerms, replied.reply)
    if replied.call is ServiceCall.PROMISED_PAYMENT_TERMS:
        return offer(state, context, terms)
    return _connected(state, context, terms)


CALLS = frozenset({ServiceCall.PROMISED_PAYMENT_TERMS, ServiceCall.CONNECT_PROMISED_PAYMENT})

PROMISED_PAYMENT = Flow(start, on_reply, CALLS)
