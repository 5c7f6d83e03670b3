"""Events of a call, folded into its record."""

from datetime import UTC, datetime, timedelta

import pytest

from ivr.analytics.cdr import Cdr, opened, updated
from ivr.events import (
    CallAnswered,
    CallbackRequested,
    CallEnded,
    CallId,
    CallOffered,
    Event,
    HandoffStarted,
    PartialHeard,
    TurnCompleted,
)

pytestmark = pytest.mark.unit

CALL = CallId("c1")
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


OFFERED = CallOffered(call_id=CALL, at=START, ani="9031234567", dnis="0611", sip_call_id="x@y")
ANSWERED = CallAnswered(call_id=CALL, at=after(0.5), codec="PCMA", recording="r.wav")


def ended(status: int = 200, at: float = 30.5) -> CallEnded:
    return CallEnded(
        call_id=CALL,
        at=after(at),
        status=status,
        reason="",
        side="remote",
        outcome="contained",
        dropped_frames=3,
        asr_audio_s=10.0,
        asr_busy_s=0.5,
    )


def turn(kind: str, decision: str = "", *, barge_in: bool = False) -> TurnCompleted:
    return TurnCompleted(
        call_id=CALL,
        index=0,
        at=START,
        kind=kind,
        question="open",
        decision=decision,
        barge_in=barge_in,
    )


def folded(*events: Event) -> Cdr:
    cdr = opened(OFFERED)
    for event in events:
        cdr = updated(cdr, event)
    return cdr


def test_an_answered_call_has_duration_billsec_and_what_ended_it() -> None:
    cdr = folded(ANSWERED, ended())
    assert cdr.disposition == "ANSWERED"
    assert cdr.duration_s == 30.5
    assert cdr.billsec == 30.0
    assert (cdr.hangup_status, cdr.hangup_side, cdr.outcome) == (200, "remote", "contained")
    assert (cdr.codec, cdr.recording, cdr.dropped_frames) == ("PCMA", "r.wav", 3)
    assert (cdr.asr_audio_s, cdr.asr_busy_s) == (10.0, 0.5)


@pytest.mark.parametrize(
    ("status", "disposition"),
    [(487, "CANCEL"), (486, "BUSY"), (480, "NO ANSWER"), (503, "FAILED")],
)
def test_a_call_never_answered_says_why(status: int, disposition: str) -> None:
    cdr = folded(ended(status))
    assert cdr.disposition == disposition
    assert cdr.billsec == 0.0


def test_turns_handoffs_and_callbacks_are_counted() -> None:
    handoff = HandoffStarted(
        call_id=CALL, at=START, handoff_id="h", mode="refer", target="sip:o@p", reason="operator"
    )
    callback = CallbackRequested(
        call_id=CALL, at=START, request_id="r", number="9031234567", reason="closed"
    )
    cdr = folded(
        turn("heard", "accept", barge_in=True),
        turn("heard", "reject"),
        turn("unintelligible"),
        turn("no_input"),
        handoff,
        callback,
    )
    assert (cdr.turns, cdr.no_matches, cdr.no_inputs, cdr.barge_ins) == (4, 2, 1, 1)
    assert (cdr.handoffs, cdr.callbacks) == (1, 1)


def test_events_of_no_consequence_leave_the_same_record() -> None:
    cdr = opened(OFFERED)
    assert updated(cdr, PartialHeard(call_id=CALL, audio_s=1.0, text="да")) is cdr
