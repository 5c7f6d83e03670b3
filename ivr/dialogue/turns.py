"""What every reply is built from: questions, answers, hand-offs, goodbyes.

A turn is the next state and the actions that lead to it; the last action always says who acts next.
"""

from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Any

from ivr.dialogue.actions import (
    Action,
    Ask,
    CallService,
    CancelCallback,
    HangUp,
    Join,
    RequestCallback,
    ReturnToLine,
    Say,
    ServiceCall,
    Transfer,
)
from ivr.dialogue.inputs import Moment
from ivr.dialogue.place_words import reminder
from ivr.dialogue.state import (
    HISTORY_LENGTH,
    OPEN_TOPICS,
    DialogueState,
    Errand,
    Phase,
    Question,
    Topic,
)
from ivr.queue.model import ContactId
from ivr.speech.phrase import Name, Pause, Phrase, Prompt

Turn = tuple[DialogueState, tuple[Action, ...]]

LAST_RUNG = 4
"""Silences or misunderstandings in a row after which the bot stops asking."""

AFTER_ITEM = Pause(400)
"""Time to say «этот» before the next choice is named."""

ANYTHING_ELSE = Question(Topic.ANYTHING_ELSE, (Prompt("close.anything_else"),))
OPEN = Question(Topic.OPEN, (Prompt("greet.open"),))
MENU = Question(Topic.MENU, (Prompt("menu.main"),))
OFFER_OPERATOR = Question(Topic.OFFER_OPERATOR, (Prompt("operator.offer"),))
CITY = Question(Topic.CITY, (Prompt("office.city"),))
IN_QUEUE = Question(Topic.IN_QUEUE, (Prompt("queue.still"),))
_LEADING_BACK = OPEN_TOPICS | {Topic.OFFER_OPERATOR, Topic.IN_QUEUE}
"""Questions that nobody needs who waits for an operator: the music goes on instead."""

REFRESH_S = 20.0
"""Music between two looks at the place, seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """What can be set about the conversation."""

    accept: float = 0.6
    """Confidence from which an intent is acted on, 0..1."""
    confirm: float = 0.3
    """Confidence from which an intent is confirmed first, 0..1; below it nothing was understood."""
    no_input_s: float = 6.0
    """Silence after a question that counts as no input, seconds."""
    wait_s: float = 60.0
    """The same after «подождите», seconds."""
    key_gap_s: float = 5.0
    """Pause between keys after which a keyed number is taken for finished, seconds."""
    operator_available: bool = True
    """False when no operator is configured: callers are offered a callback instead."""
    queued: bool = False
    """Operators are reached by a place in the queue: whether one is there, and when, is told after
    that place is known."""
    transfer_attempts: int = 2
    """Hand-offs the bot tries of its own accord in one call; the caller may ask for more."""
    slot_minutes: int = 60
    """Length of the times that may be booked for a call back."""
    zone: tzinfo | None = None
    """Where the clock stands that callers hear the time of; None: the zone that `Moment` has."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a turn may look at besides the state and the input."""

    settings: PolicySettings = field(default_factory=PolicySettings)
    moment: Moment = field(kw_only=True)


def ask(
    state: DialogueState,
    context: Context,
    question: Question,
    *,
    before: Phrase = (),
    no_input_s: float | None = None,
    spoken: Phrase | None = None,
) -> Turn:
    """Put a question, after `before`; `spoken` replaces its words when it is put again.

    Who waits on the line hears music instead of «чем ещё помочь?».
    """
    if state.line is not None and question.topic in _LEADING_BACK:
        words = reminder(state.line, context.moment.now) if spoken is None else spoken
        return wait_on(state, (*before, *words))
    listed: tuple[Action, ...] = ()
    if question.choices and spoken is None:
        before, listed = (), _listed(question, before)
    words = question.phrase if spoken is None else spoken
    action = Ask(
        phrase=(*before, *words),
        kind=question.kind,
        no_input_s=context.settings.no_input_s if no_input_s is None else no_input_s,
        takes_row=question.topic is Topic.CALLBACK_NUMBER,
        droppable=question.topic is Topic.QUEUE_OFFER,
    )
    return replace(state, phase=Phase.ASKING, question=question, pending_call=None), (
        *listed,
        action,
    )


def wait_on(state: DialogueState, phrase: Phrase = (), *, refresh_s: float = REFRESH_S) -> Turn:
    """Back to the music, after `phrase`; what was open is dropped."""
    state = replace(
        state,
        phase=Phase.ASKING,
        question=IN_QUEUE,
        errand=None,
        pending_call=None,
        callback_number="",
        slot=None,
        waiting=False,
    )
    return state, (Ask(phrase=phrase, no_input_s=refresh_s, music=True, droppable=True),)


def _listed(question: Question, before: Phrase) -> tuple[Action, ...]:
    """The choices, each a phrase of its own: so it is known which one the caller hears."""
    names = tuple(
        Say(phrase=(Name(name), AFTER_ITEM), item=number)
        for number, name in enumerate(question.choices, start=1)
    )
    return (Say(phrase=(*before, *question.intro)), *names)


def answer(
    state: DialogueState, context: Context, phrase: Phrase, then: Question = ANYTHING_ELSE
) -> Turn:
    """Tell something, remember it for «повторите», and go on with a question."""
    told = replace(state, said=phrase, errand=None if then is ANYTHING_ELSE else state.errand)
    state, actions = ask(told, context, then)
    return state, (Say(phrase=phrase), *actions)


def call_service(state: DialogueState, call: ServiceCall, **arguments: Any) -> Turn:
    """Ask the back office; the errand stays, so that its flow gets the reply."""
    action = CallService(call=call, arguments=tuple(arguments.items()))
    return replace(state, phase=Phase.SERVICE, pending_call=call), (action,)


def transfer(state: DialogueState, reason: str, phrase: Phrase) -> Turn:
    """Hand the caller to an operator after `phrase`: at the place they have, if they have one."""
    state = replace(
        state,
        pending_call=None,
        transfer_attempts=state.transfer_attempts + 1,
        transfer_reason=reason,
    )
    if state.promise is not None:
        return return_to_line(state, state.promise.contact_id, phrase)
    return replace(state, phase=Phase.TRANSFER), (Say(phrase=phrase), Transfer(reason=reason))


def return_to_line(state: DialogueState, contact_id: ContactId, phrase: Phrase) -> Turn:
    """Wait on this line, at the place of an earlier call."""
    state = replace(state, phase=Phase.RETURNING, pending_call=None)
    return state, (Say(phrase=phrase), ReturnToLine(contact_id=contact_id))


def join(state: DialogueState, phrase: Phrase) -> Turn:
    """Connect with the operator who is ready."""
    state = replace(state, phase=Phase.JOINING, pending_call=None)
    return state, (Say(phrase=phrase, barge_in=False), Join())


def cancel_promise(state: DialogueState, contact_id: ContactId) -> Turn:
    """Take back a promised call, or the place on the line."""
    state = replace(state, phase=Phase.CANCELLING, pending_call=None)
    return state, (CancelCallback(contact_id=contact_id),)


def request_callback(state: DialogueState, number: str) -> Turn:
    """Promise a call to `number`, ten digits, at `state.slot` or in turn."""
    state = replace(state, phase=Phase.STORING_CALLBACK, pending_call=None, callback_number=number)
    reason = state.transfer_reason or "callback"
    return state, (RequestCallback(number=number, reason=reason, slot=state.slot),)


def hang_up(state: DialogueState, reason: str, phrase: Phrase = ()) -> Turn:
    """Say the last words and end the call."""
    state = replace(state, phase=Phase.ENDED, pending_call=None, end_reason=reason)
    said: tuple[Action, ...] = (Say(phrase=phrase),) if phrase else ()
    return state, (*said, HangUp(reason=reason))


def understood(state: DialogueState) -> DialogueState:
    """The caller was understood: both ladders start from the bottom again."""
    return replace(state, no_inputs=0, no_matches=0)


def begin(state: DialogueState, errand: Errand) -> DialogueState:
    """An errand starts: remember it and reset what belonged to the last one."""
    history = (*state.history, errand.intent)[-HISTORY_LENGTH:]
    return replace(understood(state), errand=errand, history=history)


def prompts(*prompt_ids: str) -> Phrase:
    """A phrase of recorded prompts only."""
    return tuple(Prompt(prompt_id) for prompt_id in prompt_ids)
