"""Events of one call -> its call detail record. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from ivr.events import (
    CallAnswered,
    CallbackRequested,
    CallEnded,
    CallId,
    CallOffered,
    Event,
    HandoffStarted,
    TurnCompleted,
)
from ivr.sip.causes import HangupCause, HangupSide

NO_MATCH_KIND = "unintelligible"
NO_INPUT_KIND = "no_input"
REJECTED = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cdr:
    """One call. A call under way has no end, disposition or outcome yet."""

    call_id: CallId
    offered_at: datetime
    ani: str
    dnis: str
    sip_call_id: str
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: float | None = None
    """Offered to ended."""
    billsec: float | None = None
    """Answered to ended; 0 when never answered."""
    disposition: str = ""
    """'ANSWERED', 'NO ANSWER', 'BUSY', 'FAILED', 'CANCEL'."""
    hangup_status: int | None = None
    hangup_reason: str = ""
    hangup_side: str = ""
    outcome: str = ""
    codec: str = ""
    recording: str = ""
    turns: int = 0
    no_inputs: int = 0
    no_matches: int = 0
    barge_ins: int = 0
    handoffs: int = 0
    callbacks: int = 0
    dropped_frames: int = 0
    asr_audio_s: float = 0.0
    asr_busy_s: float = 0.0


def opened(event: CallOffered) -> Cdr:
    """The record of a call that was just offered."""
    return Cdr(
        call_id=event.call_id,
        offered_at=event.at,
        ani=event.ani,
        dnis=event.dnis,
        sip_call_id=event.sip_call_id,
    )


def updated(cdr: Cdr, event: Event) -> Cdr:
    """The record after one more event of the same call; the same object when nothing changed."""
    match event:
        case CallAnswered():
            return replace(cdr, answered_at=event.at, codec=event.codec, recording=event.recording)
        case TurnCompleted():
            return _with_turn(cdr, event)
        case HandoffStarted():
            return replace(cdr, handoffs=cdr.handoffs + 1)
        case CallbackRequested():
            return replace(cdr, callbacks=cdr.callbacks + 1)
        case CallEnded():
            return _closed(cdr, event)
        case _:
            return cdr


def is_no_match(turn: TurnCompleted) -> bool:
    """Speech that led to nothing: no words, or no intent worth acting on."""
    return turn.kind == NO_MATCH_KIND or turn.decision == REJECTED


def is_no_input(turn: TurnCompleted) -> bool:
    """The caller said and pressed nothing in time."""
    return turn.kind == NO_INPUT_KIND


def _with_turn(cdr: Cdr, turn: TurnCompleted) -> Cdr:
    return replace(
        cdr,
        turns=cdr.turns + 1,
        no_inputs=cdr.no_inputs + is_no_input(turn),
        no_matches=cdr.no_matches + is_no_match(turn),
        barge_ins=cdr.barge_ins + turn.barge_in,
    )


def _closed(cdr: Cdr, event: CallEnded) -> Cdr:
    answered = cdr.answered_at is not None
    cause = HangupCause(event.status, event.reason, HangupSide(event.side))
    return replace(
        cdr,
        ended_at=event.at,
        duration_s=(event.at - cdr.offered_at).total_seconds(),
        billsec=(event.at - cdr.answered_at).total_seconds() if cdr.answered_at else 0.0,
        disposition="ANSWERED" if answered else cause.disposition,
        hangup_status=event.status,
        hangup_reason=event.reason,
        hangup_side=event.side,
        outcome=event.outcome,
        dropped_frames=event.dropped_frames,
        asr_audio_s=event.asr_audio_s,
        asr_busy_s=event.asr_busy_s,
    )
