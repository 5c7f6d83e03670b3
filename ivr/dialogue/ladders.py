"""What happens when the caller is silent or not understood: help that grows, then a way out.

The rungs: a short question, examples, keys, an operator (where there is none, a callback). Silence
from the very beginning ends in a goodbye instead: nobody is there. Both counters go back to zero as
soon as the caller is understood. A third way down is the loss of the intent engine: keys, then an
operator.
"""

from dataclasses import replace

from ivr.dialogue.flows.callback import offer_callback, on_number_finished
from ivr.dialogue.flows.callback_time import in_turn
from ivr.dialogue.line import hears_music, on_not_understood, on_unknown_place, tell
from ivr.dialogue.state import OPEN_TOPICS, YES_NO_TOPICS, DialogueState, Question, Topic
from ivr.dialogue.turns import (
    AFTER_ITEM,
    ANYTHING_ELSE,
    LAST_RUNG,
    MENU,
    OFFER_OPERATOR,
    OPEN,
    Context,
    Turn,
    answer,
    ask,
    hang_up,
    prompts,
    transfer,
    understood,
    wait_on,
)
from ivr.speech.phrase import Name, Phrase

OVERHEARD = 3
"""Things said to somebody else, while the caller is waited for, until the bot says it is there."""
AGAIN = 2
"""Rungs that are not gone through a second time after the way out has failed."""
_NUMBERS = ("один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь")
_EXAMPLES: dict[Topic, Phrase] = {
    **dict.fromkeys(YES_NO_TOPICS, prompts("confirm.yes_no")),
}
"""How closed questions are answered by voice; the others show it together with the keys."""
_KEYS_HELP: dict[Topic, Phrase] = {
    **dict.fromkeys(YES_NO_TOPICS, prompts("yes_no.keys")),
    Topic.CITY: prompts("city.keys"),
    Topic.CALLBACK_NUMBER: prompts("callback.key_number"),
    Topic.CALLBACK_WHEN: prompts("when.keys"),
    Topic.PROMISE_FOUND: prompts("promise.keys"),
}
"""How closed questions are answered by key."""


_NUMBER_KNOWN = frozenset({Topic.CALLBACK_CHECK, Topic.CALLBACK_WHEN, Topic.CALLBACK_SLOT})


def to_operator(
    state: DialogueState, context: Context, reason: str, *, before: Phrase = ()
) -> Turn:
    """An operator at once, who waits for one hears the place; without any, a callback."""
    if state.line is not None:
        return tell(state, context, before)
    if context.settings.operator_available:
        words = "ack.one_moment" if context.settings.queued else "transfer.to_operator"
        return transfer(state, reason, (*before, *prompts(words)))
    state = replace(state, transfer_reason=reason)
    return offer_callback(state, context, (*before, *prompts("operator.none")))


def give_up(state: DialogueState, context: Context, reason: str) -> Turn:
    """The bot cannot help: an operator, else a callback, else an honest goodbye."""
    if state.line is not None:  # an operator is on the way already, and nobody is hung up on
        return ask(understood(state), context, ANYTHING_ELSE)
    settings = context.settings
    if settings.operator_available and state.transfer_attempts < settings.transfer_attempts:
        return transfer(replace(state, no_matches=AGAIN), reason, prompts("nomatch.3"))
    if not state.callback_offered:
        state = replace(state, no_matches=AGAIN, transfer_reason=state.transfer_reason or reason)
        return offer_callback(state, context, prompts("operator.none"))
    words = prompts("nomatch.short", "error.try_later", "close.goodbye_short")
    return hang_up(state, reason, words)


def on_no_input(state: DialogueState, context: Context) -> Turn:
    """Nothing was said or keyed."""
    if hears_music(state):
        return on_unknown_place(state, context)
    if state.waiting:
        still = prompts("wait.still")
        state = replace(state, waiting=False)
        wait_s = context.settings.wait_s
        return ask(state, context, state.question, spoken=still, no_input_s=wait_s)
    topic = state.question.topic
    if topic is Topic.CALLBACK_NUMBER and state.callback_number:
        return on_number_finished(state, context)  # a pause ends the number
    state = replace(state, no_inputs=state.no_inputs + 1)
    if topic is Topic.CALLBACK_WHEN and state.no_inputs > 1:
        return in_turn(state, context)  # the call is wanted, the time does not matter
    if state.line is not None and state.no_inputs > 1:
        return ask(understood(state), context, ANYTHING_ELSE)
    if topic is Topic.PROMISE_FOUND and state.no_inputs > 2:
        return ask(state, context, OPEN)
    if topic is Topic.ANYTHING_ELSE and state.no_inputs > 1:
        return hang_up(state, "goodbye", prompts("close.goodbye"))
    if state.no_inputs >= LAST_RUNG:
        return _silent_to_the_end(state, context)
    if topic in OPEN_TOPICS:
        return _silence_at_open_question(state, context)
    return _closed_question_again(state, context, state.no_inputs, ())


def _silence_at_open_question(state: DialogueState, context: Context) -> Turn:
    if state.no_inputs == 1:
        return ask(state, context, state.question, spoken=prompts("noinput.1"))
    if state.no_inputs == 2:
        return ask(state, context, state.question, spoken=prompts("noinput.examples"))
    return ask(state, context, MENU, spoken=prompts("noinput.2"))


def _silent_to_the_end(state: DialogueState, context: Context) -> Turn:
    """Who was heard before may need a person; a line that was always silent needs nobody."""
    if state.history and context.settings.operator_available and not state.transfer_attempts:
        return give_up(state, context, "no_input")
    return hang_up(state, "no_input", prompts("noinput.3"))


def on_no_match(state: DialogueState, context: Context, *, off_topic: bool = False) -> Turn:
    """Something was said or keyed that means nothing here."""
    if hears_music(state):
        return on_not_understood(state)
    # The number that is being read back, or was confirmed, can still be used.
    number = state.callback_number if state.question.topic in _NUMBER_KNOWN else ""
    state = replace(state, no_matches=state.no_matches + 1, callback_number=number)
    if state.waiting:
        return _overheard(state, context)
    if state.no_matches >= LAST_RUNG:
        return give_up(state, context, "no_match")
    if state.question.topic not in OPEN_TOPICS:
        sorry = prompts("nomatch.short")
        return _closed_question_again(state, context, state.no_matches, sorry)
    if state.no_matches == 1:
        words = prompts("scope.how_to_ask" if off_topic else "nomatch.1")
        return ask(state, context, state.question, spoken=words)
    if state.no_matches == 2:
        return ask(state, context, state.question, spoken=prompts("nomatch.2"))
    return ask(state, context, MENU, before=prompts("nomatch.short"))


def on_too_long(state: DialogueState, context: Context) -> Turn:
    """Somebody, or a television, spoke for longer than is listened to: briefly, please."""
    if hears_music(state):
        return wait_on(state)
    if state.waiting or state.question.topic not in OPEN_TOPICS or state.no_matches:
        return on_no_match(state, context)
    state = replace(state, no_matches=1)
    return ask(state, context, state.question, spoken=prompts("nomatch.too_long"))


def _overheard(state: DialogueState, context: Context) -> Turn:
    """The caller asked for a minute and talks to somebody else: not a word, for a while."""
    wait_s = context.settings.wait_s
    if state.no_matches < OVERHEARD:
        return ask(state, context, state.question, spoken=(), no_input_s=wait_s)
    state = replace(state, no_matches=0, waiting=False)
    still = prompts("wait.still")
    return ask(state, context, state.question, spoken=still, no_input_s=wait_s)


def _closed_question_again(
    state: DialogueState, context: Context, rung: int, before: Phrase
) -> Turn:
    """First the question again, then how to answer it, then how to answer it by key."""
    question = state.question
    if rung == 1:
        return ask(state, context, question, before=before)
    if rung == 2 and (examples := _EXAMPLES.get(question.topic)):
        return ask(state, context, question, before=before, spoken=examples)
    return ask(state, context, question, before=before, spoken=_keys_of(question))


def _keys_of(question: Question) -> Phrase:
    """How the question is answered by key."""
    if not question.choices:
        return _KEYS_HELP.get(question.topic, question.phrase)
    how = "slot.keys" if question.topic is Topic.CALLBACK_SLOT else "choice.keys"
    named = zip(_NUMBERS, question.choices, strict=False)
    parts = (part for number, name in named for part in (Name(number), Name(name), AFTER_ITEM))
    return (*prompts(how), *parts)


def on_nlu_unavailable(state: DialogueState, context: Context) -> Turn:
    """Words were heard, and nothing could say what they mean: keys at once, then an operator."""
    if hears_music(state):
        return on_not_understood(state)
    state = replace(state, nlu_failures=state.nlu_failures + 1, waiting=False)
    if state.nlu_failures > 1:
        return give_up(state, context, "nlu_unavailable")
    sorry = prompts("nomatch.short")
    if state.question.topic in OPEN_TOPICS:
        return ask(state, context, MENU, before=sorry)
    return ask(state, context, state.question, before=sorry, spoken=_keys_of(state.question))


def on_service_failure(state: DialogueState, context: Context, code: str) -> Turn:
    """The back office failed or does not know the caller; the call goes on."""
    if code == "unknown_subscriber":
        return answer(state, context, prompts("auth.not_ours"), OFFER_OPERATOR)
    state = replace(state, service_failures=state.service_failures + 1)
    if state.service_failures > 1 or code == "timeout":  # who has waited gets a way on at once
        return answer(state, context, prompts("error.system"), OFFER_OPERATOR)
    return answer(state, context, prompts("error.system", "error.try_later"))
