"""Why a leg ended."""

import pytest

from ivr.sip.causes import HangupCause, HangupSide, q850_cause, reason_text

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("status", "disposition"),
    [(486, "BUSY"), (600, "BUSY"), (408, "NO ANSWER"), (480, "NO ANSWER"), (487, "CANCEL"),
     (503, "FAILED")],
)  # fmt: skip
def test_disposition_of_an_unanswered_leg(status: int, disposition: str) -> None:
    assert HangupCause(status, "", HangupSide.REMOTE).disposition == disposition


def test_reason_header_gives_its_text() -> None:
    assert reason_text('BYE sip:x SIP/2.0\r\nReason: Q.850;cause=16;text="done"\r\n') == "done"
    assert reason_text("BYE sip:x SIP/2.0\r\n\r\n") == ""


def test_the_networks_own_cause_is_found_among_other_reasons():
    both = 'SIP/2.0 480 x\r\nReason: SIP;cause=480\r\nReason: Q.850;cause=19;text="no"\r\n\r\n'
    assert q850_cause(both) == 19
    assert q850_cause("SIP/2.0 480 x\r\nReason: SIP ;cause=480, Q.850 ;cause=17\r\n\r\n") == 17
    assert q850_cause("SIP/2.0 480 x\r\nReason: SIP;cause=480\r\n\r\n") == 0
