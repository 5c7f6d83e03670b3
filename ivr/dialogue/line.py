"""Somebody waits on the line: what they are told and when, and what they may say meanwhile."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from ivr.dialogue.flows import callback
from ivr.dialogue.inputs import Closed, Queued
from ivr.dialogue.intents import Move
from ivr.dialogue.place_words import calls_begin, later, position, told_of, wait
from ivr.dialogue.queue_words import asks_how_long, leaves, says_goodbye, stays, wants_call
from ivr.dialogue.small_talk import asks_to_wait
from ivr.dialogue.state import DialogueState, Errand, Line, Phase, Question, Topic
from ivr.dialogue.turns import (
    ANYTHING_ELSE,
    IN_QUEUE,
    Context,
    Turn,
    ask,
    begin,
    cancel_promise,
    hang_up,
    join,
    prompts,
    understood,
    wait_on,
)
from ivr.nlu.schema import Entity
from ivr.speech.phrase import CalendarDate, ClockTime, Phrase, Prompt

OFFER = Question(Topic.QUEUE_OFFER, prompts("queue.offer_callback"))
CLOSED_OFFER = Question(Topic.CLOSED_OFFER, prompts("closed.offer"))
LEAVING = Question(Topic.CONFIRM_LEAVING, prompts("queue.leave"))

GAPS_S: Final = (30.0, 45.0, 60.0, 90.0, 120.0)
"""At least so long between two announcements, growing; then always the last."""
UNCHANGED_S: Final = 150.0
"""Nothing has changed for so long: a word of thanks, so that nobody thinks the line is dead."""
MINUTES_CHANGED: Final = 2
SOON_S: Final = 15.0
"""A wait of which nine in ten are shorter is not worth a sentence at first."""
SOON_REFRESH_S: Final = 8.0


def hears_music(state: DialogueState) -> bool:
    """Nothing is asked: the caller waits."""
    return state.line is not None and state.question.topic is Topic.IN_QUEUE


def on_queued(state: DialogueState, context: Context, queued: Queued) -> Turn:
    """A place, for the first time or again."""
    before: Phrase = ()
    if state.phase is Phase.JOINING:  # the caller was told that somebody is coming
        before = prompts("queue.not_answered")
    elif state.phase is Phase.STORING_CALLBACK:
        before = prompts("queue.found")
    line = _seen(state.line, queued, context.moment.now)
    state = replace(state, line=line, promise=None, no_inputs=0)
    if before:
        return wait_on(state, before)
    if line.told_at is not None:
        return _update(state, context, line)
    bound_s = line.place.wait_bound_s
    next_one = line.place.ahead == 0 and bound_s is not None and bound_s < SOON_S
    if line.ringing or next_one:
        return wait_on(state, refresh_s=SOON_REFRESH_S)
    return tell(state, context)


def _seen(line: Line | None, queued: Queued, now: datetime) -> Line:
    return replace(
        line or Line(place=queued.place, seen_at=now),
        place=queued.place,
        seen_at=now,
        callback=queued.callback,
        slots=queued.slots,
        ringing=queued.ringing,
    )


def tell(state: DialogueState, context: Context, before: Phrase = ()) -> Turn:
    """Where the caller stands, then an offer of a call back or, once, what to do meanwhile."""
    line = state.line
    if line is None:
        return ask(state, context, ANYTHING_ELSE, before=before)
    words = (*before, *position(line.place.ahead), *wait(line.place, bound=not line.tellings))
    state = replace(
        state,
        line=replace(
            line,
            told=told_of(line.place),
            told_at=context.moment.now,
            tellings=line.tellings + 1,
        ),
    )
    if line.callback and not line.offered and not line.ringing:
        return _offer(state, context, words)
    return _explain(state, context, words)


def _explain(state: DialogueState, context: Context, before: Phrase) -> Turn:
    line = state.line
    if line is None or line.explained:
        return ask(state, context, IN_QUEUE, before=before, spoken=())
    state = replace(state, line=replace(line, explained=True))
    return wait_on(state, (*before, *prompts("queue.still_can_ask", "queue.keys")))


def _offer(state: DialogueState, context: Context, before: Phrase = ()) -> Turn:
    line = None if state.line is None else replace(state.line, offered=True)
    return ask(replace(state, line=line), context, _offer_of(line, context), before=before)


def _offer_of(line: Line | None, context: Context) -> Question:
    """Says when, where it is no hour for a call."""
    begin = None if line is None else later(line.place, context.moment.now)
    if begin is None:
        return OFFER
    when = calls_begin(begin, context.moment.now)
    words = (*prompts("queue.no_need_to_wait"), *when, *prompts("callback.shall_we"))
    return Question(Topic.QUEUE_OFFER, words)


def on_unknown_place(state: DialogueState, context: Context) -> Turn:
    """The queue did not answer: the music goes on, and nothing is claimed."""
    if state.line is None:
        return ask(state, context, ANYTHING_ELSE)
    return _comfort(state, context, state.line)


def _update(state: DialogueState, context: Context, line: Line) -> Turn:
    """Speak only when there is news, and less and less often."""
    gap_s = GAPS_S[min(line.tellings - 1, len(GAPS_S) - 1)]
    if _silent_s(line, context) < gap_s or line.ringing:
        return wait_on(state)
    if _changed(line) or (line.callback and not line.offered):
        return tell(state, context)
    return _comfort(state, context, line)


def _comfort(state: DialogueState, context: Context, line: Line) -> Turn:
    if _silent_s(line, context) < UNCHANGED_S:
        return wait_on(state)
    state = replace(state, line=replace(line, told_at=context.moment.now))
    return wait_on(state, prompts("queue.thanks"))


def _silent_s(line: Line, context: Context) -> float:
    since = line.told_at or line.seen_at
    return (context.moment.now - since).total_seconds()


def _changed(line: Line) -> bool:
    ahead, minutes = told_of(line.place)
    if line.told is None or line.told[0] != ahead:
        return True
    before = line.told[1]
    if minutes is None or before is None:
        return minutes is not None
    return abs(minutes - before) >= MINUTES_CHANGED


def on_operator_ready(state: DialogueState) -> Turn:
    """Somebody is there: everything else can wait."""
    return join(state, prompts("queue.operator_joining"))


def on_closed(state: DialogueState, context: Context, closed: Closed) -> Turn:
    """Nobody works now: when somebody does, and a call back then."""
    state = replace(
        state,
        line=None,
        promise=None,
        slots=closed.slots,
        errand=None,
        callback_offered=True,
        callback_number="",
    )
    return ask(state, context, CLOSED_OFFER, before=_opening(closed.opens_at, context))


def _opening(opens_at: datetime | None, context: Context) -> Phrase:
    now = context.moment.now
    if opens_at is None:
        return prompts("closed.now")
    at = opens_at.astimezone(now.tzinfo)
    return (Prompt("closed.until"), CalendarDate(at.date(), now.date()), ClockTime(at.time()))


# ---- what the caller says and keys while the music plays


def on_words(
    state: DialogueState, context: Context, text: str, entities: tuple[Entity, ...] = ()
) -> Turn | None:
    """Words about the waiting itself; None when they are about something else."""
    if asks_how_long(text):
        return tell(understood(state), context)
    if stays(text) or asks_to_wait(text):
        return _explain(understood(state), context, prompts("ack.ok"))
    if wants_call(text):
        return call_back(state, context, entities)
    if leaves(text):
        return _on_leaving(understood(state), context)
    if says_goodbye(text):
        return hang_up(state, "goodbye", prompts("close.goodbye"))
    return None


def call_back(state: DialogueState, context: Context, entities: tuple[Entity, ...] = ()) -> Turn:
    """Instead of waiting, as asked for or agreed."""
    return callback.start(begin(state, Errand(callback.INTENT, entities)), context)


def on_queue_key(state: DialogueState, context: Context, digit: str) -> Turn:
    """1: call back. *: leave. 0, 9: where do I stand. Others mean nothing here."""
    if digit == "1":
        return call_back(state, context)
    if digit == "*":
        return ask(understood(state), context, LEAVING)
    if digit in ("0", "9"):
        return tell(understood(state), context)
    return on_not_understood(state)


def on_not_understood(state: DialogueState) -> Turn:
    """Once an excuse and the keys; then it is somebody else's talk, and the music goes on."""
    state = replace(state, no_matches=state.no_matches + 1)
    if state.no_matches > 1:
        return wait_on(state)
    return wait_on(state, prompts("nomatch.short", "queue.keys"))


def _on_leaving(state: DialogueState, context: Context) -> Turn:
    """Who is tired of waiting is offered a call first, then asked whether to leave."""
    if state.line is not None and not state.line.offered:
        return _offer(state, context)
    return ask(state, context, LEAVING)


def _greet_back(state: DialogueState, _context: Context) -> Turn:
    return wait_on(state, prompts("hello.here"))


def _go_on(state: DialogueState, _context: Context) -> Turn:
    return wait_on(state)


def _ask_to_leave(state: DialogueState, context: Context) -> Turn:
    return ask(state, context, LEAVING)


def _again(state: DialogueState, context: Context) -> Turn:
    return tell(state, context, (*prompts("repeat.sorry"), *state.said))


def _help(state: DialogueState, _context: Context) -> Turn:
    return wait_on(state, prompts("greet.how_to_ask", "queue.keys"))


def _off_topic(state: DialogueState, _context: Context) -> Turn:
    return on_not_understood(state)


QUEUE_MOVES: Final[dict[Move, Callable[[DialogueState, Context], Turn]]] = {
    Move.YES: _go_on,
    Move.NO: _go_on,
    Move.OPERATOR: tell,
    Move.REPEAT: _again,
    Move.CANCEL: _on_leaving,
    Move.GOODBYE: _ask_to_leave,
    Move.GREETING: _greet_back,
    Move.WAIT: _go_on,
    Move.THANKS: _go_on,
    Move.HELP: _help,
    Move.OFF_TOPIC: _off_topic,
}
"""What a move means to somebody who hears music."""


# ---- answers


def on_offer_answered(state: DialogueState, context: Context, yes: bool) -> Turn:
    """«Вам не нужно ждать на линии … Перезвонить?»."""
    if yes:
        return call_back(state, context)
    return _explain(understood(state), context, prompts("ack.ok"))


def on_closed_answered(state: DialogueState, context: Context, yes: bool) -> Turn:
    """«Перезвонить вам в рабочее время?»."""
    return call_back(state, context) if yes else callback.declined(understood(state), context)


def on_leaving_answered(state: DialogueState, context: Context, yes: bool) -> Turn:
    """«Уйти из очереди?»."""
    if yes and state.line is not None:
        return cancel_promise(understood(state), state.line.place.contact_id)
    return ask(understood(state), context, ANYTHING_ELSE, before=prompts("ack.ok"))
