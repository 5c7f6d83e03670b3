"""Known outages: in the subscriber's region, or in a city that was named."""

from ivr.dialogue.actions import ServiceCall
from ivr.dialogue.flows.flow import Flow, on_day, said_with
from ivr.dialogue.inputs import ServiceReplied
from ivr.dialogue.state import DialogueState
from ivr.dialogue.turns import CITY, Context, Turn, answer, ask, call_service
from ivr.nlu.schema import EntityKind
from ivr.services.port import Outage, OutageScope
from ivr.speech.phrase import ClockTime, Name, Phrase, Prompt

_AFFECTS: dict[OutageScope, Prompt] = {
    OutageScope.MOBILE: Prompt("outage.affects_mobile"),
    OutageScope.VOICE: Prompt("outage.affects_voice"),
    OutageScope.HOME: Prompt("outage.affects_home"),
}

OUTAGE_WORD = Name("авария")
"""«Казань, авария»: the recorded sentence says «в вашем районе», and this is somebody else's."""


def ask_outage(state: DialogueState, context: Context) -> Turn:
    """Look for an outage; without a city and a number, the city is asked first."""
    city = said_with(state, EntityKind.CITY)
    if city is not None:
        return call_service(state, ServiceCall.OUTAGE, city=city)
    if not state.caller_number or state.not_ours:
        return ask(state, context, CITY)
    return call_service(state, ServiceCall.OUTAGE)


def outage_of(replied: ServiceReplied) -> Outage | None:
    """The outage in a reply to `ServiceCall.OUTAGE`."""
    return replied.reply if isinstance(replied.reply, Outage) else None


def city_said(state: DialogueState) -> Phrase:
    """The city the caller named, as an echo before what is known about it."""
    city = said_with(state, EntityKind.CITY)
    return () if city is None else (Name(city),)


def no_outage_phrase(state: DialogueState) -> Phrase:
    """Nothing known."""
    return (*city_said(state), Prompt("outage.none"))


def outage_phrase(state: DialogueState, context: Context, outage: Outage) -> Phrase:
    """What does not work and until when."""
    affected = tuple(_AFFECTS[scope] for scope in OutageScope if scope in outage.scopes)
    city = city_said(state)
    known = (*city, OUTAGE_WORD, Prompt("outage.fixing")) if city else (Prompt("outage.known"),)
    return (*known, *affected, *_until(context, outage))


def _until(context: Context, outage: Outage) -> Phrase:
    """The estimated end; one that has passed is worth nothing and is not told."""
    now = context.moment.now
    if outage.until is None:
        return ()
    both_zoned = outage.until.tzinfo is not None and now.tzinfo is not None
    until = outage.until.astimezone(now.tzinfo) if both_zoned else outage.until
    if until.replace(tzinfo=None) <= now.replace(tzinfo=None):
        return ()
    clock = ClockTime(until.time().replace(tzinfo=None))
    if until.date() == now.date():
        return (Prompt("outage.until"), clock)
    return (Prompt("outage.until"), on_day(context, until.date()), clock)


def _on_reply(state: DialogueState, context: Context, replied: ServiceReplied) -> Turn:
    outage = outage_of(replied)
    if outage is None:
        return answer(state, context, no_outage_phrase(state))
    return answer(state, context, outage_phrase(state, context, outage))


OUTAGE = Flow(ask_outage, _on_reply, frozenset({ServiceCall.OUTAGE}), needs_number=False)
