"""A transfer from REFER to its outcome."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sip.leg import TransferProgress
from ivr.sip.refer import Refer, ReferOutcome, parse_refer_to, refer_to

pytestmark = pytest.mark.unit


def after(*progress: tuple[int, bool]) -> Refer:
    refer = Refer(deadline=6.0)
    for status, final in progress:
        refer = refer.on_progress(TransferProgress(status, "", final))
    return refer


@pytest.mark.parametrize(
    ("story", "outcome"),
    [
        ([(202, False), (100, False), (180, False), (200, True)], ReferOutcome.CONNECTED),
        ([(202, False), (486, True)], ReferOutcome.BUSY),
        ([(202, False), (480, True)], ReferOutcome.NO_ANSWER),
        ([(202, False), (503, True)], ReferOutcome.FAILED),
        ([(202, False), (180, True)], ReferOutcome.FAILED),
        ([(603, True)], ReferOutcome.REFUSED),
        ([(405, True)], ReferOutcome.REFUSED),
        ([(486, True)], ReferOutcome.REFUSED),
        ([(202, False), (180, False)], None),
        ([(202, False)], None),
    ],
)
def test_each_story_has_its_outcome(
    story: list[tuple[int, bool]], outcome: ReferOutcome | None
) -> None:
    assert after(*story).outcome is outcome


def test_nothing_final_in_time_is_a_time_out() -> None:
    refer = after((202, False))
    assert refer.next_deadline() == 6.0
    assert refer.on_deadline(5.9).outcome is None
    late = refer.on_deadline(6.0)
    assert late.outcome is ReferOutcome.TIMED_OUT
    assert late.next_deadline() is None


def test_what_comes_after_the_end_changes_nothing() -> None:
    done = after((202, False), (200, True))
    assert done.on_progress(TransferProgress(500, "", True)) is done
    assert done.on_deadline(100.0) is done


def test_headers_travel_in_refer_to() -> None:
    value = refer_to("sip:op@pbx;transport=tcp", {"User-to-User": "a b;encoding=hex"})
    assert value == "<sip:op@pbx;transport=tcp?User-to-User=a%20b%3Bencoding%3Dhex>"
    assert refer_to("<sip:op@pbx>") == "<sip:op@pbx>"


@given(st.dictionaries(st.sampled_from(["user-to-user", "x-id"]), st.text(max_size=20)))
def test_refer_to_is_read_as_it_was_written(headers: dict[str, str]) -> None:
    assert parse_refer_to(refer_to("sip:op@pbx", headers)) == ("sip:op@pbx", headers)
