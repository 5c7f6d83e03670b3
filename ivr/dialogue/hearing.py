"""Words with intents and entities -> what they mean in the question that is open."""

import re
from collections.abc import Iterator
from dataclasses import replace

from ivr.dialogue import line, promise
from ivr.dialogue.actions import ServiceCall
from ivr.dialogue.choosing import chosen
from ivr.dialogue.errands import start_errand
from ivr.dialogue.flows import FLOWS
from ivr.dialogue.flows.callback import check, on_digits
from ivr.dialogue.flows.callback_time import NUMBER, TIME_TOPICS, on_time_said
from ivr.dialogue.inputs import Heard, NluUnavailable
from ivr.dialogue.intents import TREATMENTS, Move, Serve, Talk, treatment
from ivr.dialogue.ladders import on_nlu_unavailable, on_no_match, on_too_long
from ivr.dialogue.moves import make_move
from ivr.dialogue.queue_words import leaves, stays
from ivr.dialogue.replies import on_choice, on_city, on_yes_no
from ivr.dialogue.small_talk import asks_to_wait, checks_line, is_back
from ivr.dialogue.state import (
    CALLBACK_TOPICS,
    YES_NO_TOPICS,
    DialogueState,
    Errand,
    Question,
    Topic,
)
from ivr.dialogue.turns import ANYTHING_ELSE, Context, Turn, ask
from ivr.dialogue.yes_no import wants_operator, yes_or_no
from ivr.nlu.normalise import words_of
from ivr.nlu.phone import said_digits
from ivr.nlu.schema import Entity, EntityKind, NluResult
from ivr.nlu.thresholds import Decision, decide
from ivr.speech.phrase import Name, Phrase, Prompt

OFF_TOPIC = Talk(Move.OFF_TOPIC)
_YES_NO_HERE = YES_NO_TOPICS | {
    Topic.ANYTHING_ELSE,
    Topic.CALLBACK_NUMBER,
    Topic.CALLBACK_SLOT,
    Topic.WHICH_SERVICE,
}
_OTHER_NUMBER = re.compile(r"\bдруг(?:ой|ому|ом)\b")
_HARMLESS = frozenset({Move.REPEAT, Move.CANCEL, Move.GREETING, Move.WAIT, Move.HELP})
"""Moves that are made even when NLU is only half sure: a mistake costs one sentence."""
_FAREWELLS = frozenset({Move.GOODBYE, Move.THANKS})
_NEEDS_SURENESS = frozenset(
    {
        Topic.CONFIRM_PROMISED_PAYMENT,
        Topic.CONFIRM_DISCONNECTING,
        Topic.ANYTHING_ELSE,
        Topic.CONFIRM_LEAVING,
        Topic.CONFIRM_CANCELLING,
    }
)
"""A half sure yes would order something here or give it up, a half sure no would end the call."""


def on_heard(state: DialogueState, context: Context, heard: Heard) -> Turn:
    """Understanding in the light of the open question, then by the thresholds."""
    result = heard.result
    settings = context.settings
    decision = decide(result, accept=settings.accept, confirm=settings.confirm)
    if (turn := _about_waiting(state, context, heard)) is not None:
        return turn
    if (move := _about_the_line(state, result.text)) is not None:
        return make_move(replace(state, nlu_failures=0), context, move)
    unclear = decision is not Decision.ACCEPT or treatment(result.intent.name) == OFF_TOPIC
    if heard.cut and unclear:
        return on_too_long(state, context)
    if decision is Decision.REJECT and state.waiting:
        return on_no_match(state, context)  # somebody else is being talked to
    state = replace(state, nlu_failures=0, waiting=False)
    if (choice := chosen(state.question.choices, result.text, heard.item)) is not None:
        return on_choice(replace(state, no_inputs=0, no_matches=0), context, choice)
    understood = _answer_to_question(state, context, result, decision)
    if understood is None and unclear:
        understood = _follow_up(state, context, result)
    if understood is not None:
        return understood
    if decision is Decision.ACCEPT:
        return _act(state, context, result)
    if decision is Decision.CONFIRM:
        return _confirm(state, context, result)
    return on_no_match(state, context)


def _about_waiting(state: DialogueState, context: Context, heard: Heard) -> Turn | None:
    """What is said about a place, a promise or a time is known by its words."""
    text = heard.result.text
    state = replace(state, nlu_failures=0)
    return _waiting_words(state, context, text, heard.item, heard.result.entities)


def _waiting_words(
    state: DialogueState,
    context: Context,
    text: str,
    item: int | None = None,
    entities: tuple[Entity, ...] = (),
) -> Turn | None:
    topic = state.question.topic
    if topic in TIME_TOPICS and (turn := on_time_said(state, context, text, item)) is not None:
        return turn
    if state.promise is not None and (turn := promise.on_words(state, context, text)) is not None:
        return turn
    if state.line is None:
        return None
    if topic is Topic.IN_QUEUE:
        return line.on_words(state, context, text, entities)
    if topic is Topic.QUEUE_OFFER and (stays(text) or asks_to_wait(text)):
        return on_yes_no(state, context, yes=False)
    if topic is Topic.CONFIRM_LEAVING and (stays(text) or leaves(text)):
        return on_yes_no(state, context, yes=leaves(text))
    return None


def _about_the_line(state: DialogueState, text: str) -> Move | None:
    """«Алло?», «минутку» and, after that, «я готова»: their words are enough."""
    back = state.waiting and state.question.topic not in YES_NO_TOPICS and is_back(text)
    if back or checks_line(text):
        return Move.GREETING
    return Move.WAIT if asks_to_wait(text) else None


def on_words_only(state: DialogueState, context: Context, unavailable: NluUnavailable) -> Turn:
    """Without the intent engine a yes, a no and «оператор» are still understood."""
    if (turn := _waiting_words(state, context, unavailable.text)) is not None:
        return turn
    if wants_operator(unavailable.text):
        return make_move(state, context, Move.OPERATOR)
    if (move := _about_the_line(state, unavailable.text)) is not None:
        return make_move(state, context, move)
    yes = yes_or_no(unavailable.text, state.question.topic)
    if yes is not None and state.question.topic in YES_NO_TOPICS | {Topic.ANYTHING_ELSE}:
        return on_yes_no(replace(state, waiting=False), context, yes=yes)
    return on_nlu_unavailable(state, context)


def _answer_to_question(
    state: DialogueState, context: Context, result: NluResult, decision: Decision
) -> Turn | None:
    """A direct answer to a closed question, None when the words are something else."""
    topic = state.question.topic
    if topic is Topic.CITY and (named := _last(result, EntityKind.CITY)):
        return on_city(state, context, named)
    if topic in CALLBACK_TOPICS and (phone := _last(result, EntityKind.PHONE)):
        return check(replace(state, no_inputs=0), context, phone.value)
    if topic is Topic.CALLBACK_NUMBER and (digits := _digits_of(result.text)):
        return on_digits(replace(state, no_inputs=0), context, digits)
    if topic is Topic.CALLBACK_HERE and _OTHER_NUMBER.search(result.text.lower()):
        return ask(replace(state, no_inputs=0), context, NUMBER)
    yes = yes_or_no(result.text, topic)
    if yes is None or (yes and topic is Topic.ANYTHING_ELSE):  # «хорошо» ends more than it asks
        yes = _yes_no_by_intent(topic, result, decision)
    if yes is not None and topic in _YES_NO_HERE:
        return on_yes_no(state, context, yes=yes)
    return None


def _follow_up(state: DialogueState, context: Context, result: NluResult) -> Turn | None:
    """«А в Казани?» after an answer about an outage is the same question about another city."""
    last = state.history[-1] if state.history else ""
    city = _last(result, EntityKind.CITY)
    if state.question.topic is not Topic.ANYTHING_ELSE or city is None:
        return None
    known = treatment(last)
    if not (isinstance(known, Serve) and ServiceCall.OUTAGE in FLOWS[known.flow].calls):
        return None
    return start_errand(state, context, Errand(last, (city,)))


def _yes_no_by_intent(topic: Topic, result: NluResult, decision: Decision) -> bool | None:
    """NLU's opinion, as sure as the question needs it."""
    sure = decision is Decision.ACCEPT
    if sure and topic is Topic.CALLBACK_HERE and result.intent.name == "callback":
        return True
    half_sure = decision is Decision.CONFIRM and topic not in _NEEDS_SURENESS
    if not (sure or half_sure):
        return None
    match treatment(result.intent.name):
        case Talk(move=Move.YES):
            return True
        case Talk(move=Move.NO):
            return False
        case _:
            return None


def _act(state: DialogueState, context: Context, result: NluResult) -> Turn:
    known = treatment(result.intent.name)
    if isinstance(known, Talk):
        return make_move(state, context, known.move)
    return start_errand(state, context, Errand(result.intent.name, result.entities))


def _confirm(state: DialogueState, context: Context, result: NluResult) -> Turn:
    """Half sure: harmless moves are made, a goodbye is asked about, a wish is read back."""
    known = treatment(result.intent.name)
    move = known.move if isinstance(known, Talk) else None
    named_operator = move is Move.OPERATOR and wants_operator(result.text)
    if move is not None and (move in _HARMLESS or named_operator):
        return make_move(state, context, move)
    if line.hears_music(state) and move is not None:
        return on_no_match(state, context)  # half heard is no reason to leave a queue
    if move in _FAREWELLS and state.question.topic in (Topic.OPEN, Topic.MENU):
        return ask(state, context, ANYTHING_ELSE)
    if not known.wish or state.question.topic in YES_NO_TOPICS:
        return on_no_match(state, context)
    words = _read_back(known.wish)
    errand = Errand(result.intent.name, result.entities)
    question = Question(Topic.CONFIRM_INTENT, words)
    return ask(replace(state, errand=errand, no_inputs=0), context, question)


def readings_back() -> Iterator[Phrase]:
    """Every wish as it is read back: what is synthesized while a caller waits is a late answer."""
    return (_read_back(known.wish) for known in TREATMENTS.values() if known.wish)


def _read_back(wish: str) -> Phrase:
    return Prompt("confirm.did_i_get"), Name(wish)


def _digits_of(text: str) -> str:
    """A part of a telephone number that was said; the rest may be said or keyed."""
    return said_digits([word.text for word in words_of(text)])


def _last(result: NluResult, kind: EntityKind) -> Entity | None:
    found = [entity for entity in result.entities if entity.kind is kind]
    return found[-1] if found else None
