"""Events as lines for people."""

from datetime import UTC, datetime

import pytest

from ivr.cli.live import lines
from ivr.events import CallEnded, CallId, HandoffProgressed, PartialHeard, TurnCompleted

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CALL = CallId("call")


def test_a_turn_shows_caller_intent_reply_and_latency():
    turn = TurnCompleted(
        call_id=CALL,
        index=1,
        at=NOW,
        kind="heard",
        question="open",
        text="мой баланс",
        intent="balance",
        intent_confidence=0.97,
        decision="accept",
        reply="На вашем счёте сто рублей.",
        response_ms=612.4,
        asr_ms=17.0,
        nlu_ms=9.0,
    )
    text = "\n".join(lines(turn))
    for part in ("мой баланс", "balance 0.97 accept", "сто рублей", "612 ms"):
        assert part in text


@pytest.mark.parametrize(
    ("event", "part"),
    [
        (PartialHeard(call_id=CALL, audio_s=1.5, text="мой"), "мой"),
        (
            HandoffProgressed(
                call_id=CALL, at=NOW, handoff_id="1", mode="refer", status=180, reason="Ringing"
            ),
            "180 Ringing",
        ),
        (
            CallEnded(
                call_id=CALL, at=NOW, status=200, reason="", side="remote", outcome="contained"
            ),
            "contained",
        ),
    ],
)
def test_other_events_are_one_line(event, part: str):
    (line,) = lines(event)
    assert part in line
