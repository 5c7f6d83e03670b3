"""What callers say about the conversation itself; every move works in every question."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ivr.dialogue import promise
from ivr.dialogue.flows.callback import declined
from ivr.dialogue.intents import Move
from ivr.dialogue.ladders import on_no_match, to_operator
from ivr.dialogue.line import QUEUE_MOVES, hears_music
from ivr.dialogue.replies import farewell, on_yes_no
from ivr.dialogue.state import (
    CALLBACK_TOPICS,
    OPEN_TOPICS,
    DialogueState,
    Errand,
    Topic,
)
from ivr.dialogue.turns import (
    ANYTHING_ELSE,
    MENU,
    OPEN,
    Context,
    Turn,
    ask,
    begin,
    prompts,
    understood,
)

_OFFERS = frozenset({Topic.QUEUE_OFFER, Topic.CLOSED_OFFER, Topic.CONFIRM_LEAVING})


def make_move(state: DialogueState, context: Context, move: Move) -> Turn:
    """Carry out one move; to somebody who hears music it may mean something else."""
    if hears_music(state):
        state = state if move is Move.OFF_TOPIC else understood(state)
        return QUEUE_MOVES[move](state, context)
    return _MOVES[move](state, context)


def repeat(state: DialogueState, context: Context) -> Turn:
    """The last answer and the question after it, once more."""
    state = replace(state, no_inputs=0, waiting=False)
    return ask(state, context, state.question, before=(*prompts("repeat.sorry"), *state.said))


def cancel(state: DialogueState, context: Context) -> Turn:
    """Leave what is open; from an open question back to the menu."""
    topic = state.question.topic
    state = replace(state, no_inputs=0, waiting=False)
    if topic in CALLBACK_TOPICS or topic in _OFFERS:
        return declined(state, context)
    if topic is Topic.PROMISE_FOUND:
        return ask(state, context, promise.CANCELLING)
    state = replace(state, errand=None)
    if topic in OPEN_TOPICS:
        return ask(state, context, MENU, before=prompts("ack.back"))
    return ask(state, context, ANYTHING_ELSE, before=prompts("ack.cancelled"))


def _greet_back(state: DialogueState, context: Context) -> Turn:
    """«Алло» is somebody checking the line: an open question is not read out again."""
    question = OPEN if state.question.topic in OPEN_TOPICS else state.question
    words = () if question is OPEN else question.phrase
    state = replace(state, no_inputs=0, waiting=False)
    return ask(state, context, question, before=prompts("hello.here"), spoken=words)


def _wait(state: DialogueState, context: Context) -> Turn:
    state = replace(state, waiting=True, no_inputs=0)
    wait_s = context.settings.wait_s
    return ask(state, context, state.question, spoken=prompts("wait.ok"), no_input_s=wait_s)


def _welcome(state: DialogueState, context: Context) -> Turn:
    """«Спасибо» after «чем ещё помочь» ends the call; in a closed question it answers nothing."""
    if state.question.topic is Topic.ANYTHING_ELSE:
        return farewell(state)
    question = ANYTHING_ELSE if state.question.topic in OPEN_TOPICS else state.question
    return ask(replace(state, no_inputs=0), context, question)


def _operator(state: DialogueState, context: Context) -> Turn:
    return to_operator(begin(state, Errand("operator")), context, "operator")


def _farewell(state: DialogueState, _context: Context) -> Turn:
    return farewell(state)


def _help(state: DialogueState, context: Context) -> Turn:
    return ask(state, context, MENU, before=prompts("greet.how_to_ask"))


_MOVES: dict[Move, Callable[[DialogueState, Context], Turn]] = {
    Move.YES: partial(on_yes_no, yes=True),
    Move.NO: partial(on_yes_no, yes=False),
    Move.OPERATOR: _operator,
    Move.REPEAT: repeat,
    Move.CANCEL: cancel,
    Move.GOODBYE: _farewell,
    Move.GREETING: _greet_back,
    Move.WAIT: _wait,
    Move.THANKS: _welcome,
    Move.HELP: _help,
    Move.OFF_TOPIC: partial(on_no_match, off_topic=True),
}
