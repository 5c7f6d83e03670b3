"""Paid services: which one, a confirmation, the order. Nothing is disconnected without a yes."""

from dataclasses import replace
from typing import cast

from ivr.dialogue.actions import ServiceCall
from ivr.dialogue.flows.flow import Flow, said_with
from ivr.dialogue.flows.services import SERVICES_READ_OUT
from ivr.dialogue.inputs import ServiceReplied
from ivr.dialogue.state import DialogueState, Errand, Question, Topic
from ivr.dialogue.turns import Context, Turn, answer, ask, call_service, prompts
from ivr.nlu.schema import Entity, EntityKind
from ivr.services.port import ConnectedService
from ivr.speech.phrase import Name, Prompt

INTENT = "service_disconnect"


def start(state: DialogueState, _context: Context) -> Turn:
    """What is connected comes first: only that can be disconnected."""
    return call_service(state, ServiceCall.SERVICES)


def on_reply(state: DialogueState, context: Context, replied: ServiceReplied) -> Turn:
    """The services -> which one; an order -> done."""
    if replied.call is ServiceCall.DISCONNECT_SERVICE:
        return answer(state, context, prompts("services.off_done"))
    services = cast(tuple[ConnectedService, ...], replied.reply)
    names = tuple(service.name for service in services[:SERVICES_READ_OUT])
    if not names:
        return answer(state, context, prompts("services.none"))
    named = said_with(state, EntityKind.SERVICE)
    if named is not None and named in {service.name for service in services}:
        return on_chosen(state, context, named)
    if len(names) == 1:
        return on_chosen(state, context, names[0])
    question = Question(
        Topic.WHICH_SERVICE, prompts("services.which"), prompts("services.yours"), names
    )
    return ask(state, context, question)


def on_chosen(state: DialogueState, context: Context, name: str) -> Turn:
    """One is meant: read it back."""
    chosen = Errand(INTENT, (Entity(EntityKind.SERVICE, name, name, 0, len(name)),))
    question = Question(Topic.CONFIRM_DISCONNECTING, (Prompt("services.off_one"), Name(name)))
    return ask(replace(state, errand=chosen, said=()), context, question)


def on_confirmed(state: DialogueState, context: Context, *, yes: bool) -> Turn:
    """The caller answered «Отключить услугу …?»."""
    name = said_with(state, EntityKind.SERVICE)
    if yes and name is not None:
        return call_service(state, ServiceCall.DISCONNECT_SERVICE, name=name)
    return answer(state, context, prompts("ack.ok"))


DISCONNECTING = Flow(
    start, on_reply, frozenset({ServiceCall.SERVICES, ServiceCall.DISCONNECT_SERVICE})
)
