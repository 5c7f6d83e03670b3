"""Keys of the telephone -> what they mean in the question that is open (RFC 4733 events 0-11)."""

from dataclasses import replace
from typing import Final

from ivr.dialogue.choosing import numbered
from ivr.dialogue.errands import start_errand
from ivr.dialogue.flows.callback import on_digits
from ivr.dialogue.flows.callback_time import on_when_key
from ivr.dialogue.intents import KEYED_INTENTS, Move
from ivr.dialogue.ladders import on_no_match
from ivr.dialogue.line import hears_music, on_queue_key
from ivr.dialogue.moves import make_move
from ivr.dialogue.promise import on_promise_key
from ivr.dialogue.replies import city, on_choice, on_city
from ivr.dialogue.state import OPEN_TOPICS, YES_NO_TOPICS, DialogueState, Errand, Topic
from ivr.dialogue.turns import Context, Turn, ask, understood

_EVERYWHERE: Final = {"0": Move.OPERATOR, "9": Move.REPEAT, "*": Move.CANCEL}
_OF_A_NUMBER: Final = frozenset("0123456789#")
_YES_NO: Final = {"1": Move.YES, "2": Move.NO}
KEYED_CITIES: Final = {
    "1": "Москва",
    "2": "Санкт-Петербург",
    "3": "Новосибирск",
    "4": "Екатеринбург",
    "5": "Казань",
}
"""As `city.keys` says them."""


def on_key(state: DialogueState, context: Context, digit: str) -> Turn:
    """One key: digits of a number, else the same everywhere, else by the open question."""
    topic = state.question.topic
    state = replace(state, waiting=False)
    if topic is Topic.CALLBACK_NUMBER and digit and set(digit) <= _OF_A_NUMBER:
        return on_digits(replace(state, no_inputs=0), context, digit)
    if topic is Topic.CALLBACK_CHECK and digit == "#":
        return ask(state, context, state.question)  # typed after a number that was whole already
    if (special := _special(state, context, digit)) is not None:
        return special
    move = _EVERYWHERE.get(digit)
    if move is None and topic in YES_NO_TOPICS:
        move = _YES_NO.get(digit)
    if move is not None:
        return make_move(state, context, move)
    if topic is Topic.CITY and digit in KEYED_CITIES:
        return on_city(state, context, city(KEYED_CITIES[digit]))
    if digit.isdecimal() and (choice := numbered(state.question.choices, int(digit))):
        return on_choice(understood(state), context, choice)
    if topic in OPEN_TOPICS and digit in KEYED_INTENTS:
        return start_errand(state, context, Errand(KEYED_INTENTS[digit]))
    return on_no_match(state, context)


def _special(state: DialogueState, context: Context, digit: str) -> Turn | None:
    """Keys of the questions that have their own."""
    match state.question.topic:
        case Topic.IN_QUEUE if hears_music(state):
            return on_queue_key(state, context, digit)
        case Topic.PROMISE_FOUND:
            return on_promise_key(state, context, digit)
        case Topic.CALLBACK_WHEN:
            return on_when_key(state, context, digit)
        case _:
            return None
