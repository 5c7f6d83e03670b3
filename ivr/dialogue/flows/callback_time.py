"""When to call back: in turn, or at one of the times that may be booked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import groupby
from typing import Final

from ivr.dialogue.choosing import chosen
from ivr.dialogue.place_words import calls_begin, later, slot_words
from ivr.dialogue.queue_words import wants_turn
from ivr.dialogue.spoken_time import fitting, time_wish
from ivr.dialogue.state import DialogueState, Line, Question, Topic
from ivr.dialogue.turns import Context, Turn, ask, prompts, request_callback, understood
from ivr.speech.phrase import Phrase

WHEN = Question(Topic.CALLBACK_WHEN, prompts("callback.ask_time"))
NUMBER = Question(Topic.CALLBACK_NUMBER, prompts("callback.ask_number"))
TIME_TOPICS = frozenset({Topic.CALLBACK_WHEN, Topic.CALLBACK_SLOT})
NAMED: Final = 4
"""More than that nobody remembers."""
NAMED_A_DAY: Final = 2


def callable_number(number: str) -> bool:
    """Ten digits of the Russian plan: area codes 3xx, 4xx, 8xx, mobile codes 9xx."""
    return len(number) == 10 and number.isascii() and number.isdigit() and number[0] in "3489"


def ask_when(state: DialogueState, context: Context, number: str) -> Turn:
    """The number is settled; the time, where there is a choice."""
    state = replace(state, callback_number=number, slot=None)
    if not slots_of(state):
        return in_turn(state, context)
    if state.line is None:  # nobody answers now, so there is no turn to wait for
        return ask_slot(state, context)
    return ask(state, context, _when(state.line, number, context))


def _when(line: Line, number: str, context: Context) -> Question:
    """At an hour at which nobody may be called, the turn is not now either."""
    begin = later(line.place, context.moment.now) if number == line.place.number else None
    if begin is None:
        return WHEN
    words = (*calls_begin(begin, context.moment.now), *prompts("callback.then_or_other"))
    return Question(Topic.CALLBACK_WHEN, words)


def ask_slot(
    state: DialogueState,
    context: Context,
    slots: Sequence[datetime] = (),
    before: Phrase = (),
) -> Turn:
    """Name times: some of `slots`, else of all."""
    named = tuple(_name(slot, context) for slot in _spread(slots or slots_of(state), context))
    which, intro = prompts("callback.which_slot"), prompts("callback.slots")
    question = Question(Topic.CALLBACK_SLOT, which, (*before, *intro), named)
    return ask(replace(state, no_inputs=0), context, question)


def on_time_said(
    state: DialogueState, context: Context, text: str, item: int | None
) -> Turn | None:
    """An answer to either question; None when the words are something else."""
    now = context.moment.now
    wish = time_wish(text, now)
    if wish is not None:
        slots = fitting(slots_of(state), wish, now)
        if len(slots) == 1:
            return _request(replace(understood(state), slot=slots[0]), context)
        before = () if slots else prompts("callback.slot_gone")
        return ask_slot(understood(state), context, slots, before)
    if (choice := chosen(state.question.choices, text, item)) is not None:
        return on_slot_named(state, context, choice)
    match wants_turn(text):
        case True:
            return _soonest(understood(state), context)
        case False:
            return _others(understood(state), context)
    return None


def _soonest(state: DialogueState, context: Context) -> Turn:
    """In turn, where there is one; else the first time of all."""
    slots = slots_of(state)
    if state.line is None and slots:
        return _request(replace(state, slot=slots[0]), context)
    return in_turn(state, context)


def _others(state: DialogueState, context: Context) -> Turn:
    """Times after those that were named; when there are none, the first ones again."""
    named = state.question.choices
    slots = slots_of(state)
    last = max((at for at, slot in enumerate(slots) if _name(slot, context) in named), default=-1)
    before = () if slots[last + 1 :] else prompts("callback.slot_gone")
    return ask_slot(state, context, slots[last + 1 :], before)


def on_slot_named(state: DialogueState, context: Context, name: str) -> Turn:
    """One of the times that were named."""
    slot = next((slot for slot in slots_of(state) if _name(slot, context) == name), None)
    if slot is None:
        return ask_slot(state, context)
    return _request(replace(understood(state), slot=slot), context)


def on_when_key(state: DialogueState, context: Context, digit: str) -> Turn | None:
    """1: in turn. 2: at another time."""
    if digit == "1":
        return in_turn(understood(state), context)
    return ask_slot(understood(state), context) if digit == "2" else None


def in_turn(state: DialogueState, context: Context) -> Turn:
    """As soon as the place comes up."""
    return _request(replace(state, slot=None), context)


def slots_of(state: DialogueState) -> tuple[datetime, ...]:
    """What may be booked now."""
    return state.slots if state.line is None else state.line.slots


def with_slots(state: DialogueState, slots: tuple[datetime, ...]) -> DialogueState:
    """What may be booked has changed."""
    line = None if state.line is None else replace(state.line, slots=slots)
    return replace(state, slots=slots, line=line)


def _request(state: DialogueState, context: Context) -> Turn:
    if not callable_number(state.callback_number):
        return ask(replace(state, callback_number=""), context, NUMBER)
    return request_callback(state, state.callback_number)


def _name(slot: datetime, context: Context) -> str:
    return slot_words(slot, context.settings.slot_minutes, context.moment.now)


def _spread(slots: Sequence[datetime], context: Context) -> list[datetime]:
    """The soonest of each day, so that somebody who cannot today hears of tomorrow."""
    zone = context.moment.now.tzinfo

    def day(slot: datetime) -> date:
        return slot.astimezone(zone).date()

    days = [list(group) for _, group in groupby(slots, key=day)]
    a_day = NAMED if len(days) == 1 else NAMED_A_DAY
    return [slot for group in days for slot in group[:a_day]][:NAMED]
