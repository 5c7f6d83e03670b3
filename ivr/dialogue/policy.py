"""The conversation: (state, what happened) -> (state, what to do). Pure and total.

The last action of every step is a question, a hang-up, or something that is answered by an input of
its own, so the session always knows whom to wait for.
"""

from dataclasses import replace

from ivr.dialogue import ladders, line, promise
from ivr.dialogue.actions import Ask, Say, ServiceCall
from ivr.dialogue.flows import FLOWS
from ivr.dialogue.flows.callback import offer_callback, on_refused, on_stored
from ivr.dialogue.flows.callback_time import callable_number
from ivr.dialogue.flows.flow import reply_fits
from ivr.dialogue.hearing import on_heard, on_words_only
from ivr.dialogue.inputs import (
    CallbackRefused,
    CallbackStored,
    CallStarted,
    Closed,
    Heard,
    Keyed,
    Moment,
    NluUnavailable,
    NoInput,
    OperatorReady,
    PromiseCancelled,
    Queued,
    ServiceFailed,
    ServiceReplied,
    TransferFailed,
    Unintelligible,
    UserInput,
)
from ivr.dialogue.intents import Move, Serve, treatment
from ivr.dialogue.keys import on_key
from ivr.dialogue.moves import make_move
from ivr.dialogue.state import DialogueState, Phase
from ivr.dialogue.turns import (
    CITY,
    LAST_RUNG,
    OPEN,
    Context,
    PolicySettings,
    Turn,
    answer,
    ask,
    hang_up,
    prompts,
    wait_on,
)
from ivr.dialogue.yes_no import wants_operator

__all__ = ["DialogueState", "Policy", "PolicySettings", "Turn"]

ORDER_REFUSED = {"denied": "promised.denied", "already_active": "promised.already"}
"""Codes of `ServiceError` that are answers to an order, not faults."""
KNOWN_CODES = ("unknown_subscriber",)
UNKNOWN_CALLER = CallStarted(caller_number="", recorded=False)

SpokenOrKeyed = Heard | Unintelligible | NluUnavailable | NoInput | Keyed


class Policy:
    """Decides what the bot does next. Holds settings only, so one serves all calls."""

    def __init__(self, settings: PolicySettings) -> None:
        self._settings = settings

    def step(self, state: DialogueState, user_input: UserInput, moment: Moment) -> Turn:
        """The next state and what to do now; never empty, never raises for any input."""
        if self._settings.zone is not None:
            moment = replace(moment, now=moment.now.astimezone(self._settings.zone))
        context = Context(self._settings, moment=moment)
        if state.phase is Phase.ENDED:
            return hang_up(state, state.end_reason)
        if state.phase is Phase.NEW:
            started = user_input if isinstance(user_input, CallStarted) else UNKNOWN_CALLER
            return _greet(state, context, started)
        match user_input:
            case CallStarted():
                return _listen_again(state, context)
            case ServiceReplied() | ServiceFailed() | TransferFailed():
                return _on_outcome(state, context, user_input)
            case Queued() | Closed() | OperatorReady():
                return _on_the_line(state, context, user_input)
            case CallbackStored() | CallbackRefused() | PromiseCancelled():
                return _on_promise(state, context, user_input)
            case _ if state.phase is not Phase.ASKING:
                return _while_busy(state, context, user_input)
            case _:
                return _on_caller(state, context, user_input)


def _greet(state: DialogueState, context: Context, started: CallStarted) -> Turn:
    number = started.caller_number if callable_number(started.caller_number) else ""
    owed = promise.found(started.promises)
    state = replace(state, caller_number=number, promise=owed)
    hello = prompts(_hello(context.moment.now.hour), "greet.assistant")
    first = OPEN if owed is None else promise.question_about(owed, context)
    state, question = ask(state, context, first)
    if not started.recorded:
        return state, (Say(phrase=hello), *question)
    # The caller has a right to hear this: it cannot be talked over.
    told = Say(phrase=(*hello, *prompts("greet.recording")), barge_in=False)
    return state, (told, *question)


def _hello(hour: int) -> str:
    if 5 <= hour < 12:
        return "greet.morning"
    if 12 <= hour < 18:
        return "greet.day"
    return "greet.evening" if 18 <= hour < 23 else "greet.night"


def _on_caller(state: DialogueState, context: Context, user_input: SpokenOrKeyed) -> Turn:
    match user_input:
        case Heard():
            return on_heard(state, context, user_input)
        case Keyed(digit=digit):
            return on_key(state, context, digit)
        case NoInput():
            return ladders.on_no_input(state, context)
        case Unintelligible() if line.hears_music(state):
            return wait_on(state)  # noises around somebody who waits
        case Unintelligible(cut=cut):
            return (ladders.on_too_long if cut else ladders.on_no_match)(state, context)
        case NluUnavailable():
            return on_words_only(state, context, user_input)


def _while_busy(state: DialogueState, context: Context, user_input: SpokenOrKeyed) -> Turn:
    """The back office or an operator is awaited: only «оператор» changes anything."""
    if state.phase is Phase.SERVICE and _asks_for_operator(user_input):
        return make_move(state, context, Move.OPERATOR)
    silences = state.no_inputs + isinstance(user_input, NoInput)
    if silences >= LAST_RUNG and state.line is None:
        return hang_up(state, "no_input", prompts("noinput.3"))
    filler = "filler.still" if state.phase is Phase.SERVICE else "ack.one_moment"
    no_input_s = context.settings.no_input_s
    state = replace(state, no_inputs=silences)
    return state, (Ask(phrase=prompts(filler), kind=state.question.kind, no_input_s=no_input_s),)


def _asks_for_operator(user_input: SpokenOrKeyed) -> bool:
    match user_input:
        case Heard(result=result):
            return result.intent.name == "operator" or wants_operator(result.text)
        case NluUnavailable(text=text):
            return wants_operator(text)
        case Keyed(digit=digit):
            return digit == "0"
        case _:
            return False


def _on_outcome(
    state: DialogueState,
    context: Context,
    outcome: ServiceReplied | ServiceFailed | TransferFailed,
) -> Turn:
    match outcome:
        case ServiceReplied():
            return _on_reply(state, context, outcome)
        case ServiceFailed():
            return _on_failure(state, context, outcome)
        case TransferFailed(reason=reason):
            closed = "operator.none" if reason == "closed" else "transfer.failed"
            state = replace(state, line=None, errand=None)
            return offer_callback(state, context, prompts(closed))


def _on_the_line(
    state: DialogueState, context: Context, outcome: Queued | Closed | OperatorReady
) -> Turn:
    match outcome:
        case Queued():
            return line.on_queued(state, context, outcome)
        case Closed():
            return line.on_closed(state, context, outcome)
        case OperatorReady():
            # Whoever has left the queue meanwhile is not to be surprised by a stranger.
            ready = state.line is not None
            return line.on_operator_ready(state) if ready else _listen_again(state, context)


def _on_promise(
    state: DialogueState,
    context: Context,
    outcome: CallbackStored | CallbackRefused | PromiseCancelled,
) -> Turn:
    match outcome:
        case CallbackStored():
            return on_stored(state, context, outcome)
        case CallbackRefused() if state.phase is Phase.STORING_CALLBACK:
            return on_refused(state, context, outcome)
        case PromiseCancelled() if state.phase is Phase.CANCELLING:
            return promise.on_cancelled(state, context)
        case _:
            return _listen_again(state, context)


def _on_reply(state: DialogueState, context: Context, replied: ServiceReplied) -> Turn:
    if state.phase is not Phase.SERVICE or replied.call is not state.pending_call:
        return _listen_again(state, context)
    known = treatment(state.errand.intent) if state.errand else None
    flow = FLOWS[known.flow] if isinstance(known, Serve) else None
    if flow is None or replied.call not in flow.calls or not reply_fits(replied):
        return ladders.on_service_failure(state, context, "wrong_reply")
    state = replace(state, no_inputs=0, service_failures=0)
    return flow.on_reply(state, context, replied)


def _on_failure(state: DialogueState, context: Context, failed: ServiceFailed) -> Turn:
    match state.phase:
        case Phase.STORING_CALLBACK:
            return answer(state, context, prompts("callback.failed"))
        case Phase.CANCELLING | Phase.RETURNING:
            return promise.on_failed(state, context)
        case Phase.TRANSFER:
            return offer_callback(state, context, prompts("transfer.failed"))
        case Phase.JOINING if state.line is not None:
            return wait_on(state, prompts("queue.not_answered"))
    if state.phase is not Phase.SERVICE or failed.call not in (None, state.pending_call):
        return _listen_again(state, context)
    if failed.code == "unknown_subscriber" and state.pending_call is ServiceCall.OUTAGE:
        return ask(replace(state, not_ours=True), context, CITY)
    if failed.code in ORDER_REFUSED:
        return answer(state, context, prompts(ORDER_REFUSED[failed.code]))
    if state.pending_call is ServiceCall.DISCONNECT_SERVICE and failed.code not in KNOWN_CODES:
        # Nobody knows whether the service is still on: somebody has to look.
        return ladders.give_up(state, context, "service_disconnect")
    ordering = state.pending_call is ServiceCall.CONNECT_PROMISED_PAYMENT
    if ordering and failed.code != "unknown_subscriber":
        # Nobody knows whether the order was carried out: neither yes nor no would be true.
        return answer(state, context, prompts("promised.unknown"))
    return ladders.on_service_failure(state, context, failed.code)


def _listen_again(state: DialogueState, context: Context) -> Turn:
    """Something came that belongs to no open wait: say nothing and go on with what is open."""
    if line.hears_music(state):
        return wait_on(state)
    no_input_s = context.settings.no_input_s
    return state, (Ask(phrase=(), kind=state.question.kind, no_input_s=no_input_s),)
