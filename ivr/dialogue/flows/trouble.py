"""Something does not work: outage first, then the account, then the data package, then advice."""

from typing import cast

from ivr.dialogue.actions import ServiceCall
from ivr.dialogue.flows.balance import debt_phrase
from ivr.dialogue.flows.flow import Flow, OnReply
from ivr.dialogue.flows.outage import ask_outage, no_outage_phrase, outage_of, outage_phrase
from ivr.dialogue.flows.tariff import data_used_up
from ivr.dialogue.inputs import ServiceReplied
from ivr.dialogue.state import DialogueState, Question, Topic
from ivr.dialogue.turns import (
    OFFER_OPERATOR,
    Context,
    Turn,
    answer,
    ask,
    call_service,
    prompts,
)
from ivr.services.port import Balance, OutageScope, Tariff
from ivr.speech.phrase import Phrase, Prompt

HELPED = Question(Topic.ADVICE_HELPED, (Prompt("net.helped"),))
ADVICE_S = 75.0
"""Time to carry out advice such as restarting a router before the bot asks, seconds."""


def _relevant_outage(
    state: DialogueState, context: Context, replied: ServiceReplied, scopes: frozenset[OutageScope]
) -> Turn | None:
    outage = outage_of(replied)
    if outage is None or not scopes.intersection(outage.scopes):
        return None
    return answer(state, context, outage_phrase(state, context, outage))


def _mobile_internet(state: DialogueState, context: Context, replied: ServiceReplied) -> Turn:
    if replied.call is ServiceCall.OUTAGE:
        told = _relevant_outage(state, context, replied, frozenset({OutageScope.MOBILE}))
        return told or _account_or_operator(state, context)
    if replied.call is ServiceCall.BALANCE:
        balance = cast(Balance, replied.reply)
        if balance.blocked:
            return answer(state, context, debt_phrase(balance))
        return call_service(state, ServiceCall.TARIFF)
    if data_used_up(cast(Tariff, replied.reply)):
        return answer(state, context, prompts("net.slow_used_up"))
    return answer(state, context, prompts("net.ok", "net.reboot"))


def _calls(state: DialogueState, context: Context, replied: ServiceReplied) -> Turn:
    if replied.call is ServiceCall.OUTAGE:
        told = _relevant_outage(state, context, replied, frozenset({OutageScope.VOICE}))
        return told or _account_or_operator(state, context)
    balance = cast(Balance, replied.reply)
    if balance.blocked:
        return answer(state, context, debt_phrase(balance))
    return answer(state, context, prompts("net.ok"), OFFER_OPERATOR)


def _account_or_operator(state: DialogueState, context: Context) -> Turn:
    """No outage: the account may explain it; without a number only an operator can tell."""
    if state.caller_number and not state.not_ours:
        return call_service(state, ServiceCall.BALANCE)
    return answer(state, context, no_outage_phrase(state), OFFER_OPERATOR)


def _at_home(advice: str) -> OnReply:
    def on_reply(state: DialogueState, context: Context, replied: ServiceReplied) -> Turn:
        told = _relevant_outage(state, context, replied, frozenset({OutageScope.HOME}))
        if told is not None:
            return told
        known_none: Phrase = no_outage_phrase(state) if outage_of(replied) is None else ()
        state, actions = answer(state, context, (*known_none, Prompt(advice)), HELPED)
        state, question = ask(state, context, HELPED, spoken=(), no_input_s=ADVICE_S)
        return state, (actions[0], *question)

    return on_reply


_AT_HOME = frozenset({ServiceCall.OUTAGE})
_OUTSIDE = _AT_HOME | {ServiceCall.BALANCE}

MOBILE_INTERNET = Flow(
    ask_outage, _mobile_internet, _OUTSIDE | {ServiceCall.TARIFF}, needs_number=False
)
CALLS = Flow(ask_outage, _calls, _OUTSIDE, needs_number=False)
HOME_INTERNET = Flow(ask_outage, _at_home("home.reboot"), _AT_HOME, needs_number=False)
TELEVISION = Flow(ask_outage, _at_home("tv.check"), _AT_HOME, needs_number=False)
