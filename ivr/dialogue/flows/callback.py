"""A callback request: which number, read back, stored. Promises a call, not a place in a queue."""

from dataclasses import replace

from ivr.dialogue.flows.flow import Flow, said_with
from ivr.dialogue.inputs import CallbackStored, ServiceReplied
from ivr.dialogue.state import DialogueState, Question, Topic
from ivr.dialogue.turns import (
    ANYTHING_ELSE,
    LAST_RUNG,
    Context,
    Turn,
    ask,
    hang_up,
    prompts,
    request_callback,
)
from ivr.nlu.schema import EntityKind
from ivr.speech.phrase import PhoneNumber, Phrase, Prompt

HERE = Question(Topic.CALLBACK_HERE, (Prompt("callback.to_this_number"),))
NUMBER = Question(Topic.CALLBACK_NUMBER, (Prompt("callback.ask_number"),))

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
        return hang_up(state, "no_match", prompts("error.try_later", "close.goodbye_short"))
    return ask(state, context, NUMBER, spoken=prompts("callback.bad_number"))


def callable_number(number: str) -> bool:
    """Ten digits of the Russian plan: area codes 3xx, 4xx, 8xx, mobile codes 9xx."""
    return len(number) == 10 and number.isascii() and number.isdigit() and number[0] in "3489"


def on_here(state: DialogueState, context: Context, *, yes: bool) -> Turn:
    """The caller answered «Перезвонить на номер, с которого вы звоните?»."""
    if not yes:
        return declined(state, context)
    if not callable_number(state.caller_number):
        return ask(state, context, NUMBER)
    return request_callback(state, state.caller_number)


def on_checked(state: DialogueState, context: Context, *, yes: bool) -> Turn:
    """The caller answered whether the number read back is right."""
    if yes and callable_number(state.callback_number):
        return request_callback(state, state.callback_number)
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


def on_stored(state: DialogueState, stored: CallbackStored) -> Turn:
    """The request is on disk: say what will happen, no more than that, and end the call."""
    phrase = (
        Prompt("callback.read_back"),
        PhoneNumber(stored.number),
        Prompt("callback.promised"),
        Prompt("close.goodbye_short"),
    )
    return hang_up(state, "callback", phrase)


def _on_reply(state: DialogueState, context: Context, _replied: ServiceReplied) -> Turn:
    return offer_callback(state, context)


CALLBACK = Flow(start, _on_reply, needs_number=False)
