"""REFER first, a bridge when that fails: the machine's stories and its table."""

import pytest

from ivr.errors import SipError
from ivr.handoff.transfer import Transfer, TransferOutcome, TransferState, outcome_of_status

pytestmark = pytest.mark.unit


def begun(*, refer: bool = True) -> Transfer:
    return Transfer.begun(100.0, refer=refer, refer_timeout_s=6.0, dial_timeout_s=25.0)


def test_refer_accepted_and_answered_connects():
    transfer = begun()
    for status, final in ((202, False), (100, False), (180, False), (200, True)):
        assert not transfer.over
        transfer = transfer.on_refer_progress(101.0, status, final=final)
    assert transfer.state is TransferState.CONNECTED
    assert transfer.outcome is TransferOutcome.CONNECTED


@pytest.mark.parametrize("status", [405, 486, 503, 603])
def test_refer_refused_or_failed_falls_back_to_dialling(status: int):
    transfer = begun().on_refer_progress(102.0, status, final=True)
    assert transfer.state is TransferState.DIALLING
    assert transfer.deadline == 102.0 + 25.0


def test_refer_without_any_answer_falls_back_after_its_deadline():
    transfer = begun()
    assert transfer.on_deadline(105.9) is transfer
    assert transfer.on_deadline(106.0).state is TransferState.DIALLING


def test_a_ringing_operator_gets_the_time_of_a_dialled_one():
    transfer = begun().on_refer_progress(103.0, 180, final=False)
    assert transfer.deadline == 103.0 + 25.0


def test_a_subscription_that_ends_while_ringing_falls_back_to_dialling():
    transfer = begun().on_refer_progress(101.0, 180, final=True)
    assert transfer.state is TransferState.DIALLING


def test_an_answered_leg_is_bridged():
    transfer = begun(refer=False).on_answered(101.0)
    assert transfer.state is TransferState.BRIDGED
    assert transfer.outcome is TransferOutcome.CONNECTED


@pytest.mark.parametrize(("talked_s", "connected"), [(0.3, False), (2.0, True)])
def test_an_operator_who_hangs_up_at_once_has_not_taken_the_call(talked_s: float, connected: bool):
    transfer = begun(refer=False).on_answered(101.0).on_operator_left(101.0 + talked_s)
    expected = TransferOutcome.CONNECTED if connected else TransferOutcome.NO_ANSWER
    assert transfer.outcome is expected


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (486, TransferOutcome.BUSY),
        (600, TransferOutcome.BUSY),
        (480, TransferOutcome.NO_ANSWER),
        (408, TransferOutcome.NO_ANSWER),
        (404, TransferOutcome.FAILED),
        (503, TransferOutcome.FAILED),
    ],
)
def test_a_failed_leg_ends_with_its_meaning(status: int, outcome: TransferOutcome):
    transfer = begun(refer=False).on_dial_failed(status)
    assert transfer.state is TransferState.FAILED
    assert transfer.outcome is outcome


def test_dialling_ends_at_its_deadline_as_no_answer():
    transfer = begun(refer=False).on_deadline(125.0)
    assert transfer.outcome is TransferOutcome.NO_ANSWER


def test_a_late_notify_of_an_attempt_given_up_changes_nothing():
    transfer = begun().on_deadline(106.0)
    assert transfer.on_refer_progress(107.0, 200, final=True) is transfer


def test_illegal_events_are_faults():
    with pytest.raises(SipError):
        begun().on_answered(101.0)
    with pytest.raises(SipError):
        begun().on_dial_failed(486)


def test_2xx_is_connected():
    assert outcome_of_status(200) is TransferOutcome.CONNECTED
