"""Answers to the bot's own closed questions: yes or no, and which city."""

from collections.abc import Callable
from dataclasses import replace

from ivr.dialogue import line, promise
from ivr.dialogue.errands import start_errand
from ivr.dialogue.flows import FLOWS
from ivr.dialogue.flows.callback import declined, on_checked, on_here
from ivr.dialogue.flows.callback_time import on_slot_named
from ivr.dialogue.flows.disconnecting import on_chosen
from ivr.dialogue.flows.disconnecting import on_confirmed as confirm_disconnecting
from ivr.dialogue.flows.promised_payment import on_confirmed
from ivr.dialogue.intents import Serve, treatment
from ivr.dialogue.ladders import on_no_match, to_operator
from ivr.dialogue.state import DialogueState, Errand, Topic
from ivr.dialogue.turns import (
    ANYTHING_ELSE,
    LAST_RUNG,
    OPEN,
    Context,
    Turn,
    ask,
    hang_up,
    prompts,
    understood,
)
from ivr.nlu.schema import Entity, EntityKind


def on_yes_no(state: DialogueState, context: Context, *, yes: bool) -> Turn:
    """A clear yes or no to whatever is open."""
    return _ANSWERS[state.question.topic](state, context, yes)


def on_choice(state: DialogueState, context: Context, choice: str) -> Turn:
    """One of the things that were named."""
    if state.question.topic is Topic.CALLBACK_SLOT:
        return on_slot_named(state, context, choice)
    return on_chosen(state, context, choice)


def farewell(state: DialogueState) -> Turn:
    """The caller has what was wanted."""
    return hang_up(state, "goodbye", prompts("close.goodbye"))


def on_city(state: DialogueState, context: Context, city: Entity) -> Turn:
    """«В каком вы городе?» was answered: the errand that needed it goes on."""
    errand = state.errand or Errand("outage")
    state = replace(understood(state), errand=Errand(errand.intent, (city,)))
    if isinstance(known := treatment(errand.intent), Serve):
        return FLOWS[known.flow].start(state, context)
    return start_errand(state, context, Errand("outage", (city,)))


def city(name: str) -> Entity:
    """A city that was chosen by key."""
    return Entity(EntityKind.CITY, name, name, 0, len(name))


def _at_open_question(state: DialogueState, context: Context, yes: bool) -> Turn:
    """«Да» to «чем я могу помочь?» is somebody who is there and about to speak."""
    if yes and state.no_matches == 0:
        state = replace(state, no_matches=1)
        return ask(state, context, state.question, spoken=prompts("hello.here"))
    return on_no_match(state, context)


def _at_anything_else(state: DialogueState, context: Context, yes: bool) -> Turn:
    if not yes:
        return farewell(state)
    return ask(understood(state), context, OPEN, spoken=prompts("hello.here"))


def _at_confirmed_intent(state: DialogueState, context: Context, yes: bool) -> Turn:
    if yes and state.errand is not None:
        return start_errand(state, context, state.errand)
    # The wish was guessed wrong, which is a rung of the same ladder as not understanding.
    return on_no_match(replace(state, errand=None, question=OPEN, no_inputs=0), context)


def _at_promised_payment(state: DialogueState, context: Context, yes: bool) -> Turn:
    return on_confirmed(understood(state), context, yes=yes)


def _at_disconnecting(state: DialogueState, context: Context, yes: bool) -> Turn:
    return confirm_disconnecting(understood(state), context, yes=yes)


def _at_choice(state: DialogueState, context: Context, yes: bool) -> Turn:
    """A yes while nothing was just named means none of them yet."""
    return on_no_match(state, context) if yes else _never_mind(state, context)


def _at_advice(state: DialogueState, context: Context, yes: bool) -> Turn:
    if yes:
        return _never_mind(state, context)
    reason = state.errand.intent if state.errand else "advice_failed"
    return to_operator(understood(state), context, reason)


def _at_operator_offer(state: DialogueState, context: Context, yes: bool) -> Turn:
    if not yes:
        return _never_mind(state, context)
    reason = state.errand.intent if state.errand else "operator"
    return to_operator(understood(state), context, reason)


def _at_callback_here(state: DialogueState, context: Context, yes: bool) -> Turn:
    return on_here(understood(state), context, yes=yes)


def _at_callback_number(state: DialogueState, context: Context, yes: bool) -> Turn:
    return on_no_match(state, context) if yes else declined(understood(state), context)


def _at_callback_check(state: DialogueState, context: Context, yes: bool) -> Turn:
    """A number misheard again and again is not understanding: this no costs a rung."""
    if yes:
        return on_checked(understood(state), context, yes=True)
    state = replace(state, no_inputs=0)
    if state.no_matches + 1 >= LAST_RUNG:
        return on_no_match(state, context)
    return on_checked(replace(state, no_matches=state.no_matches + 1), context, yes=False)


def _at_or_question(state: DialogueState, context: Context, _yes: bool) -> Turn:
    """A yes or a no to «это или то?» answers nothing."""
    return on_no_match(state, context)


def _at_music(state: DialogueState, context: Context, _yes: bool) -> Turn:
    return ask(understood(state), context, ANYTHING_ELSE)


def _never_mind(state: DialogueState, context: Context) -> Turn:
    state = replace(understood(state), errand=None)
    return ask(state, context, ANYTHING_ELSE, before=prompts("ack.ok"))


_ANSWERS: dict[Topic, Callable[[DialogueState, Context, bool], Turn]] = {
    Topic.OPEN: _at_open_question,
    Topic.MENU: _at_open_question,
    Topic.ANYTHING_ELSE: _at_anything_else,
    Topic.CONFIRM_INTENT: _at_confirmed_intent,
    Topic.CONFIRM_PROMISED_PAYMENT: _at_promised_payment,
    Topic.WHICH_SERVICE: _at_choice,
    Topic.CONFIRM_DISCONNECTING: _at_disconnecting,
    Topic.CITY: _at_choice,
    Topic.ADVICE_HELPED: _at_advice,
    Topic.OFFER_OPERATOR: _at_operator_offer,
    Topic.CALLBACK_HERE: _at_callback_here,
    Topic.CALLBACK_NUMBER: _at_callback_number,
    Topic.CALLBACK_CHECK: _at_callback_check,
    Topic.CALLBACK_WHEN: _at_or_question,
    Topic.CALLBACK_SLOT: _at_callback_number,
    Topic.IN_QUEUE: _at_music,
    Topic.QUEUE_OFFER: line.on_offer_answered,
    Topic.CLOSED_OFFER: line.on_closed_answered,
    Topic.CONFIRM_LEAVING: line.on_leaving_answered,
    Topic.PROMISE_FOUND: _at_or_question,
    Topic.PLACE_FOUND: promise.on_place_answered,
    Topic.CONFIRM_CANCELLING: promise.on_cancelling_answered,
}
