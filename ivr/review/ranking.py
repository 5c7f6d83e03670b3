"""Which turns teach most: a score with its reasons for every turn of a call. Pure.

A turn's score is the sum of what its reasons weigh; confidence reasons weigh the more, the lower
the confidence. A trainer sees the reasons, never the bare number.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from rapidfuzz import fuzz

from ivr.dialogue.intents import Move, Talk, treatment
from ivr.dialogue.state import Topic
from ivr.dialogue.yes_no import yes_or_no
from ivr.events import TurnCompleted
from ivr.nlu.evaluation import OUT_OF_SCOPE


class Reason(StrEnum):
    """Why a turn is worth a trainer's time."""

    NO_MATCH = "no_match"
    NOTHING_HEARD = "nothing_heard"
    DENIED = "denied"
    REPEATED = "repeated"
    HANDED_OFF = "handed_off"
    LOW_INTENT = "low_intent"
    LOW_SPEECH = "low_speech"
    UNSTABLE = "unstable"


WEIGHTS: Final = {
    Reason.NO_MATCH: 4.0,  # the caller got no answer
    Reason.DENIED: 4.0,  # the caller says that it was understood wrongly
    Reason.HANDED_OFF: 3.0,  # cost an operator's time
    Reason.REPEATED: 3.0,
    Reason.LOW_INTENT: 3.0,  # times (1 - confidence)
    Reason.LOW_SPEECH: 2.0,  # times (1 - confidence)
    Reason.UNSTABLE: 1.5,
    Reason.NOTHING_HEARD: 1.0,  # mostly noise
}
SURE_INTENT: Final = 0.6
"""The threshold of acting at once by default."""
SURE_SPEECH: Final = 0.7
LIKE: Final = 70.0
"""rapidfuzz ratio under which the last partial and the beginning of the final text disagree."""
SHORT: Final = frozenset({"affirm", "deny"})
"""Intents of no value when they are understood: everybody says yes and no alike."""


@dataclass(frozen=True, slots=True)
class CallTurns:
    """A call as far as reviewing goes."""

    turns: tuple[TurnCompleted, ...]
    recording: str = ""
    """Path of the two-channel WAV, '' when the call was not recorded."""
    handoffs: tuple[datetime, ...] = ()
    """When the caller began to be handed to an operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedTurn:
    """A caller's turn with its value and its surroundings."""

    turn: TurnCompleted
    previous: TurnCompleted | None
    recording: str
    score: float
    reasons: tuple[Reason, ...]

    @property
    def key(self) -> str:
        """Call and turn, e.g. '20261122-101500-ab12:3'."""
        return key_of(self.turn.call_id, self.turn.index)


def key_of(call_id: str, index: int) -> str:
    """What names a turn in the journal and on the page."""
    return f"{call_id}:{index}"


def rank(call: CallTurns) -> Iterator[RankedTurn]:
    """The spoken turns of a call that teach anything, in the order of the call."""
    for place, turn in enumerate(call.turns):
        if turn.kind not in {"heard", "unintelligible"} or turn.speech_end_s is None:
            continue
        previous = call.turns[place - 1] if place else None
        if not (turn.text or call.recording):
            continue  # neither words nor sound: nothing to decide by
        weights = dict(_reasons(turn, previous, call.turns[place + 1 :], call.handoffs))
        if not weights and (turn.intent in SHORT or not turn.text):
            continue
        unsure = 1.0 - (turn.intent_confidence or 0.0)
        yield RankedTurn(
            turn=turn,
            previous=previous,
            recording=call.recording,
            # Among turns without a reason the less certain come first.
            score=round(sum(weights.values()) + 0.5 * unsure, 3),
            reasons=tuple(sorted(weights, key=lambda reason: -weights[reason])),
        )


def _reasons(
    turn: TurnCompleted,
    previous: TurnCompleted | None,
    following: Sequence[TurnCompleted],
    handoffs: Sequence[datetime],
) -> Iterator[tuple[Reason, float]]:
    # A yes or no on the way to the operator is not what led there.
    next_wish = next((one for one in following if one.intent and one.intent not in SHORT), None)
    flags = {
        Reason.NOTHING_HEARD: not turn.text,
        Reason.NO_MATCH: bool(turn.text)
        and (turn.decision in {"", "reject"} or turn.intent == OUT_OF_SCOPE),
        Reason.DENIED: turn.decision == "confirm" and any(map(_denies, following[:1])),
        Reason.REPEATED: previous is not None and _asks_again(previous, turn),
        Reason.HANDED_OFF: turn.intent not in SHORT
        and not _wanted_operator(turn)
        and any(_right_after(moment, turn, next_wish) for moment in handoffs),
        Reason.UNSTABLE: _unstable(turn),
    }
    yield from ((reason, WEIGHTS[reason]) for reason, is_so in flags.items() if is_so)
    if turn.intent and (sure := turn.intent_confidence or 0.0) < SURE_INTENT:
        yield Reason.LOW_INTENT, WEIGHTS[Reason.LOW_INTENT] * (1.0 - sure)
    heard = turn.asr_confidence
    if turn.text and heard is not None and heard < SURE_SPEECH:
        yield Reason.LOW_SPEECH, WEIGHTS[Reason.LOW_SPEECH] * (1.0 - heard)


def _denies(answer: TurnCompleted) -> bool:
    if answer.kind == "keyed":
        return answer.text == "2"
    return answer.intent == "deny" or yes_or_no(answer.text, Topic.CONFIRM_INTENT) is False


def _asks_again(previous: TurnCompleted, turn: TurnCompleted) -> bool:
    """The same question once more, and not because the caller was served and may go on."""
    kind = treatment(turn.intent)
    if turn.decision == "accept" or (isinstance(kind, Talk) and kind.move is Move.REPEAT):
        return False
    question = _question(turn.reply)
    return bool(question) and question == _question(previous.reply)


def _question(reply: str) -> str:
    """The last question of a reply, '' without one."""
    questions = re.findall(r"[^.?!]+\?", reply)
    return str(questions[-1]).strip().lower() if questions else ""


def _wanted_operator(turn: TurnCompleted) -> bool:
    kind = treatment(turn.intent)
    return isinstance(kind, Talk) and kind.move is Move.OPERATOR and turn.decision == "accept"


def _right_after(moment: datetime, turn: TurnCompleted, following: TurnCompleted | None) -> bool:
    return turn.at <= moment and (following is None or moment <= following.at)


def _unstable(turn: TurnCompleted) -> bool:
    """The last partial is no beginning of the final text: the recognizer changed its mind."""
    partial = turn.last_partial.split()
    if not partial or not turn.text:
        return False
    beginning = " ".join(turn.text.split()[: len(partial)])
    return fuzz.ratio(" ".join(partial), beginning) < LIKE
