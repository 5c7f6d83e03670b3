"""A call back: which number, read back, when, stored. Promises exactly what the queue has noted."""

from dataclasses import replace

from ivr.dialogue.flows.callback_time import (
    NUMBER,
    ask_slot,
    ask_when,
    callable_number,
    with_slots,
)
from ivr.dialogue.flows.flow import Flow, said_with
from ivr.dialogue.inputs import CallbackRefused, CallbackStored, Refusal, ServiceReplied
from ivr.dialogue.place_words import booked, calls_begin, position
from ivr.dialogue.state import DialogueState, Question, Topic
from ivr.dialogue.turns import (
    ANYTHING_ELSE,
    LAST_RUNG,
    Context,
    Turn,
    answer,
    ask,
    hang_up,
    prompts,
)
from ivr.nlu.schema import EntityKind
from ivr.speech.phrase import PhoneNumber, Phrase, Prompt

HERE = Question(Topic.CALLBACK_HERE, (Prompt("callback.to_this_number"),))

INTENT = "callback"
"""Errand of a caller who has said that a call back is wanted; then a no means another number."""

DIALLED_DIGITS = 11
"""A number with the trunk prefix 8 or country code 7 before its ten digits."""


def offer_callback(state: DialogueState, context: Context, before: Phrase = ()) -> Turn:
    """To this number? or, when the caller's number is unknown: to which?"""
    state = replace(state, callback_offered=True, callback_number="")
    return ask(state, context, HERE if state.caller_number else NUMBER, before=before)


def start(state: DialogueState, context: Context) -> Turn:
    """The caller asked for it, perhaps naming a number at once."""
    state = replace(state, transfer_reason=state.transfer_reason or "callback")
    phone = said_with(state, EntityKind.PHONE)
    return offer_callback(state, context) if phone is None else check(state, context, phone)


def check(state: DialogueState, context: Context, number: str) -> Turn:
    """Read a number back; one that cannot be called is refused."""
    if not callable_number(number):
        return _refused(state, context)
    words = (Prompt("callback.read_back"), PhoneNumber(number), Prompt("confirm.right"))
    state = replace(state, callback_number=number, callback_offered=True)
    return ask(state, context, Question(Topic.CALLBACK_CHECK, words))


def _refused(state: DialogueState, context: Context) -> Turn:
    """Another number, please; each that cannot be called costs a rung of the ladder."""
    state = replace(state, callback_number="", no_matches=state.no_matches + 1)
    if state.no_matches >= LAST_RUNG:
        if state.line is not None:
            return ask(state, context, ANYTHING_ELSE)
        return hang_up(state, "no_match", prompts("error.try_later", "close.goodbye_short"))
    return ask(state, context, NUMBER, spoken=prompts("callback.bad_number"))


def on_here(state: DialogueState, context: Context, *, yes: bool) -> Turn:
    """The caller answered «Перезвонить на номер, с которого вы звоните?»."""
    wanted = state.errand is not None and state.errand.intent == INTENT
    if not yes and not wanted:
        return declined(state, context)
    if not yes or not callable_number(state.caller_number):
        return ask(state, context, NUMBER)
    return ask_when(state, context, state.caller_number)


def on_checked(state: DialogueState, context: Context, *, yes: bool) -> Turn:
    """The caller answered whether the number read back is right."""
    if yes and callable_number(state.callback_number):
        return ask_when(state, context, state.callback_number)
    return ask(replace(state, callback_number=""), context, NUMBER)


def declined(state: DialogueState, context: Context) -> Turn:
    """No callback wanted."""
    state = replace(state, callback_number="", errand=None)
    return ask(state, context, ANYTHING_ELSE, before=prompts("ack.ok"))


def on_digits(state: DialogueState, context: Context, digits: str) -> Turn:
    """More of the number, keyed or said, in the order in which it came.

    It is complete at ten digits, at eleven after 7 or 8, or at '#'; what follows is not looked at.
    """
    more, ended, _ = digits.partition("#")
    keyed = state.callback_number + more
    full = DIALLED_DIGITS if keyed[:1] in ("7", "8") else DIALLED_DIGITS - 1
    if ended or len(keyed) >= full:
        return on_number_finished(replace(state, callback_number=keyed[:full]), context)
    gap_s = context.settings.key_gap_s
    return ask(replace(state, callback_number=keyed), context, NUMBER, spoken=(), no_input_s=gap_s)


def on_number_finished(state: DialogueState, context: Context) -> Turn:
    """The caller stopped keying or dictating."""
    keyed = state.callback_number
    prefixed = len(keyed) == DIALLED_DIGITS and keyed[0] in "78"
    return check(state, context, keyed[1:] if prefixed else keyed)


def on_stored(state: DialogueState, context: Context, stored: CallbackStored) -> Turn:
    """The promise is on disk: say what will happen, no more than that, and end the call."""
    phrase: Phrase = (Prompt("callback.read_back"), PhoneNumber(stored.number))
    now, length = context.moment.now, context.settings.slot_minutes
    if stored.slot is not None:
        phrase += booked(stored.slot, length, now)
    elif stored.calls_from is not None and stored.calls_from > now:
        phrase += (*calls_begin(stored.calls_from, now), *prompts("queue.place_kept"))
    else:
        phrase += prompts("queue.place_kept") if state.line is not None else ()
        phrase += () if stored.ahead is None else position(stored.ahead)
        phrase += prompts("callback.in_turn" if stored.ahead else "callback.promised")
    return hang_up(state, "callback", (*phrase, Prompt("close.goodbye_short")))


def on_refused(state: DialogueState, context: Context, refused: CallbackRefused) -> Turn:
    """It cannot be promised; whoever waits on the line goes on waiting."""
    match refused.reason:
        case Refusal.NUMBER:
            return _refused(state, context)
        case Refusal.SLOT if refused.slots:
            state = with_slots(state, refused.slots)
            return ask_slot(state, context, before=prompts("callback.slot_gone"))
        case Refusal.SLOT:
            return answer(with_slots(state, ()), context, prompts("callback.slot_gone"))
        case Refusal.LIMIT:
            return answer(state, context, prompts("callback.limit"))


def _on_reply(state: DialogueState, context: Context, _replied: ServiceReplied) -> Turn:
    return offer_callback(state, context)


CALLBACK = Flow(start, _on_reply, needs_number=False)
