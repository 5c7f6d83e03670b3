"""How much money there is, and whether it lasts."""

from ivr.dialogue.actions import ServiceCall
from ivr.dialogue.flows.flow import Flow, on_day, question_and_answer
from ivr.dialogue.state import DialogueState
from ivr.dialogue.turns import Context
from ivr.services.port import Balance
from ivr.speech.phrase import Money, Phrase, Prompt


def debt_phrase(balance: Balance) -> Phrase:
    """Why the number is blocked, and what helps."""
    if balance.amount >= 0:
        return (Prompt("balance.is"), Money(balance.amount), Prompt("debt.how_to"))
    return (Prompt("debt.is"), Money(-balance.amount), Prompt("debt.how_to"))


def balance_phrase(_state: DialogueState, context: Context, balance: Balance) -> Phrase:
    """The balance, a promised payment on it, and a warning when the next charge exceeds it."""
    if balance.amount < 0:
        phrase: Phrase = (Prompt("balance.minus"), Money(-balance.amount))
    else:
        phrase = (Prompt("balance.is"), Money(balance.amount))
    if balance.blocked:
        return (*phrase, Prompt("debt.how_to"))
    available = balance.amount + balance.promised_payment
    if balance.promised_payment > 0 and available > 0:
        phrase = (*phrase, Prompt("balance.credit"), Money(available))
    if available < balance.next_charge:
        phrase = (*phrase, *_low(context, balance))
    return phrase


def _low(context: Context, balance: Balance) -> Phrase:
    warning: Phrase = (Prompt("balance.low"),) if balance.amount >= 0 else ()
    if balance.next_charge_on <= context.moment.now.date():
        return warning
    return (*warning, Prompt("balance.pay_until"), on_day(context, balance.next_charge_on))


BALANCE: Flow = question_and_answer(ServiceCall.BALANCE, balance_phrase)
