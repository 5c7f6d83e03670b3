"""What an earlier call was promised: told at once, kept, taken up again, or taken back."""

from dataclasses import replace

from ivr.dialogue.place_words import booked, calls_begin, due, later, position
from ivr.dialogue.queue_words import cancels_call, line_or_call
from ivr.dialogue.state import DialogueState, Phase, Question, Topic
from ivr.dialogue.turns import (
    ANYTHING_ELSE,
    OPEN,
    Context,
    Turn,
    answer,
    ask,
    cancel_promise,
    prompts,
    return_to_line,
    understood,
)
from ivr.queue.model import ContactKind, ContactState, Place
from ivr.speech.phrase import Phrase

CANCELLING = Question(Topic.CONFIRM_CANCELLING, prompts("promise.cancel"))
LOST_PLACE = Question(Topic.PLACE_FOUND, prompts("promise.lost"))


def found(promises: tuple[Place, ...]) -> Place | None:
    """The one to speak of: a call still to come before a line that was lost."""
    calls = [place for place in promises if place.kind is ContactKind.CALLBACK]
    lost = [place for place in promises if place.kind is ContactKind.CALL]
    return next(iter((*calls, *lost)), None)


def question_about(promise: Place, context: Context) -> Question:
    """What is asked of somebody who was promised something."""
    if promise.kind is not ContactKind.CALLBACK:
        return LOST_PLACE
    words = (*prompts("callback.exists"), *_when(promise, context))
    return Question(Topic.PROMISE_FOUND, (*words, *prompts("callback.stay_or_back")))


def _when(promise: Place, context: Context) -> Phrase:
    now = context.moment.now
    slot = due(promise, now)
    if slot is not None and slot > now:
        return booked(slot, context.settings.slot_minutes, now)
    begin = later(promise, now)
    if begin is not None:
        return calls_begin(begin, now)
    return position(promise.ahead) if promise.state is ContactState.WAITING else ()


def on_words(state: DialogueState, context: Context, text: str) -> Turn | None:
    """Stay, wait for the call, or no call at all; None when the words are something else."""
    if state.promise is None:
        return None
    if _is_call(state.promise) and cancels_call(text):
        return ask(understood(state), context, CANCELLING)
    if state.question.topic is not Topic.PROMISE_FOUND:
        return None
    match line_or_call(text):
        case True:
            return stay(state, context)
        case False:
            return keep(state, context)
    return None


def on_promise_key(state: DialogueState, context: Context, digit: str) -> Turn | None:
    """As `promise.keys` says them."""
    match digit:
        case "1" | "0":
            return stay(state, context)
        case "2":
            return keep(state, context)
        case "*":
            return ask(understood(state), context, CANCELLING)
    return None


def stay(state: DialogueState, context: Context) -> Turn:
    """Wait on the line, at the place that was promised."""
    if state.promise is None:
        return ask(state, context, ANYTHING_ELSE)
    return return_to_line(understood(state), state.promise.contact_id, prompts("ack.one_moment"))


def keep(state: DialogueState, context: Context) -> Turn:
    """The promise stands; the caller may ask for other things."""
    words = prompts("ack.ok", "queue.place_kept")
    if state.promise is not None and state.promise.due_at:
        words = prompts("ack.ok")
    return ask(understood(state), context, ANYTHING_ELSE, before=words)


def on_place_answered(state: DialogueState, context: Context, yes: bool) -> Turn:
    """«Вернуться в очередь?» after a line was lost."""
    if yes:
        return stay(state, context)
    state = replace(understood(state), promise=None)
    return ask(state, context, OPEN, before=prompts("ack.ok"))


def on_cancelling_answered(state: DialogueState, context: Context, yes: bool) -> Turn:
    """«Отменить обратный звонок?»."""
    if yes and state.promise is not None:
        return cancel_promise(understood(state), state.promise.contact_id)
    return keep(state, context)


def on_cancelled(state: DialogueState, context: Context) -> Turn:
    """The promise, or the place on the line, is taken back."""
    told = "ack.cancelled" if state.line is not None else "callback.cancelled"
    state = replace(state, line=None, promise=None)
    return answer(state, context, prompts(told))


def on_failed(state: DialogueState, context: Context) -> Turn:
    """The queue could not be reached: nothing has changed, and nothing else is claimed."""
    if state.phase is Phase.RETURNING:
        state = replace(state, promise=None)  # whoever wants an operator now gets in as usual
        return answer(state, context, prompts("promise.not_returned"))
    return answer(state, context, prompts("promise.not_cancelled"))


def _is_call(promise: Place) -> bool:
    return promise.kind is ContactKind.CALLBACK
