"""«Почему номер заблокирован»: the debt, and at once the promised payment that lifts the block."""

from dataclasses import replace
from typing import cast

from ivr.dialogue.actions import Say, ServiceCall
from ivr.dialogue.flows.balance import balance_phrase, debt_phrase
from ivr.dialogue.flows.flow import Flow
from ivr.dialogue.flows.promised_payment import CALLS as PROMISED_CALLS
from ivr.dialogue.flows.promised_payment import offer
from ivr.dialogue.flows.promised_payment import on_reply as on_promised_reply
from ivr.dialogue.inputs import ServiceReplied
from ivr.dialogue.state import DialogueState
from ivr.dialogue.turns import ANYTHING_ELSE, Context, Turn, answer, ask, call_service
from ivr.services.port import Balance, PromisedPaymentTerms
from ivr.speech.phrase import Prompt


def _start(state: DialogueState, _context: Context) -> Turn:
    return call_service(state, ServiceCall.BALANCE)


def _on_reply(state: DialogueState, context: Context, replied: ServiceReplied) -> Turn:
    match replied.call:
        case ServiceCall.BALANCE:
            return _on_balance(state, context, cast(Balance, replied.reply))
        case ServiceCall.PROMISED_PAYMENT_TERMS:
            terms = cast(PromisedPaymentTerms, replied.reply)
            if terms.available and not terms.already_active:
                return offer(state, context, terms)
            return ask(replace(state, errand=None), context, ANYTHING_ELSE)
        case _:
            return on_promised_reply(state, context, replied)


def _on_balance(state: DialogueState, context: Context, balance: Balance) -> Turn:
    if not balance.blocked:
        phrase = (*balance_phrase(state, context, balance), Prompt("net.ok"))
        return answer(state, context, phrase)
    phrase = debt_phrase(balance)
    told = replace(state, said=phrase)
    state, actions = call_service(told, ServiceCall.PROMISED_PAYMENT_TERMS)
    return state, (Say(phrase=phrase), *actions)


DEBT = Flow(_start, _on_reply, PROMISED_CALLS | {ServiceCall.BALANCE})
