"""What a self-service flow is, and the parts most of them share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar, cast

from ivr.dialogue.actions import ServiceCall
from ivr.dialogue.inputs import ServiceReplied, ServiceReply
from ivr.dialogue.state import DialogueState
from ivr.dialogue.turns import Context, Turn, answer, call_service
from ivr.nlu.schema import EntityKind
from ivr.services.port import (
    Balance,
    Charge,
    ConnectedService,
    Outage,
    Payment,
    PromisedPaymentTerms,
    Tariff,
)
from ivr.speech.phrase import CalendarDate, Name, Part, Phrase

Reply = TypeVar("Reply", bound=ServiceReply)

Start = Callable[[DialogueState, Context], Turn]
OnReply = Callable[[DialogueState, Context, ServiceReplied], Turn]


@dataclass(frozen=True, slots=True)
class Flow:
    """One task: how it starts, and what it does with each reply of the back office."""

    start: Start
    on_reply: OnReply
    calls: frozenset[ServiceCall] = frozenset()
    """What it asks the back office; `on_reply` gets replies to these only."""
    needs_number: bool = True
    """True when nothing can be said to a caller whose number is unknown."""


def question_and_answer(
    call: ServiceCall, phrase: Callable[[DialogueState, Context, Reply], Phrase]
) -> Flow:
    """The simplest flow: one call to the back office, one answer."""

    def start(state: DialogueState, _context: Context) -> Turn:
        return call_service(state, call)

    def on_reply(state: DialogueState, context: Context, replied: ServiceReplied) -> Turn:
        return answer(state, context, phrase(state, context, cast(Reply, replied.reply)))

    return Flow(start, on_reply, frozenset({call}))


_ONE_OF: dict[ServiceCall, tuple[type, ...]] = {
    ServiceCall.BALANCE: (Balance,),
    ServiceCall.TARIFF: (Tariff,),
    ServiceCall.PROMISED_PAYMENT_TERMS: (PromisedPaymentTerms,),
    ServiceCall.CONNECT_PROMISED_PAYMENT: (PromisedPaymentTerms,),
    ServiceCall.LAST_PAYMENT: (Payment, type(None)),
    ServiceCall.OUTAGE: (Outage, type(None)),
}
_TUPLE_OF: dict[ServiceCall, type] = {
    ServiceCall.SERVICES: ConnectedService,
    ServiceCall.DISCONNECT_SERVICE: ConnectedService,
    ServiceCall.LAST_CHARGES: Charge,
}


def reply_fits(replied: ServiceReplied) -> bool:
    """Whether a back office answered with what the port promises; flows rely on it."""
    if (item := _TUPLE_OF.get(replied.call)) is not None:
        reply = replied.reply
        return isinstance(reply, tuple) and all(isinstance(part, item) for part in reply)
    return isinstance(replied.reply, _ONE_OF[replied.call])


def said_with(state: DialogueState, kind: EntityKind) -> str | None:
    """Value of the last entity of a kind that was said with the errand."""
    entities = state.errand.entities if state.errand else ()
    values = [entity.value for entity in entities if entity.kind is kind]
    return values[-1] if values else None


def listed(parts: tuple[Part, ...]) -> Phrase:
    """An enumeration as it is spoken: «Гудок, Погода и Музыка»."""
    if len(parts) < 2:
        return parts
    return (*parts[:-1], Name("и"), parts[-1])


def on_day(context: Context, day: date) -> CalendarDate:
    """A date as a part of a phrase."""
    return CalendarDate(day, today=context.moment.now.date())
