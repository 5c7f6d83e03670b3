"""Paid services and subscriptions on the number, alone or after the tariff."""

from dataclasses import replace
from decimal import Decimal
from typing import cast

from ivr.dialogue.actions import Say, ServiceCall
from ivr.dialogue.flows.flow import Flow, listed, question_and_answer
from ivr.dialogue.flows.tariff import tariff_phrase
from ivr.dialogue.inputs import ServiceReplied
from ivr.dialogue.state import DialogueState
from ivr.dialogue.turns import Context, Turn, answer, call_service
from ivr.services.port import ConnectedService, Tariff
from ivr.speech.phrase import Money, Name, Phrase, Prompt

SERVICES_READ_OUT = 7
"""Longer lists are not remembered; the total covers all of them."""


def services_phrase(
    _state: DialogueState, _context: Context, services: tuple[ConnectedService, ...]
) -> Phrase:
    """The services by name and what they cost together."""
    if not services:
        return (Prompt("services.none"),)
    names = tuple(Name(service.name) for service in services[:SERVICES_READ_OUT])
    total = sum((service.fee_month for service in services), Decimal(0))
    phrase: Phrase = (Prompt("services.yours"), *listed(names))
    return (*phrase, Prompt("services.paid_total"), Money(total)) if total > 0 else phrase


def _start_with_tariff(state: DialogueState, _context: Context) -> Turn:
    return call_service(state, ServiceCall.TARIFF)


def _tariff_then_services(state: DialogueState, context: Context, replied: ServiceReplied) -> Turn:
    """The tariff is spoken while the services are looked up; «повторите» repeats both."""
    if replied.call is ServiceCall.TARIFF:
        phrase = tariff_phrase(state, context, cast(Tariff, replied.reply))
        state, actions = call_service(replace(state, said=phrase), ServiceCall.SERVICES)
        return state, (Say(phrase=phrase), *actions)
    tariff = state.said
    services = cast(tuple[ConnectedService, ...], replied.reply)
    state, actions = answer(state, context, services_phrase(state, context, services))
    return replace(state, said=(*tariff, *state.said)), actions


SERVICES: Flow = question_and_answer(ServiceCall.SERVICES, services_phrase)
TARIFF_AND_SERVICES = Flow(
    _start_with_tariff,
    _tariff_then_services,
    frozenset({ServiceCall.TARIFF, ServiceCall.SERVICES}),
)
