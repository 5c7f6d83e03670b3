"""An operator asked first: every state meets every event, and each story is told once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.errors import SipError
from ivr.handoff.attended import WAITING, Attended, AttendedState
from ivr.handoff.transfer import TransferOutcome

pytestmark = pytest.mark.unit

S = AttendedState
T0 = 100.0
BEGUN = Attended.begun(T0, refer=True, dial_timeout_s=25.0, briefing_s=10.0, refer_timeout_s=5.0)
BRIEFING = BEGUN.on_answered(T0)
REFERRING = BRIEFING.on_briefed(T0)
LEFT = REFERRING.on_operator_left(T0, 200)
STATES = {
    "consulting": BEGUN,
    "briefing": BRIEFING,
    "referring": REFERRING,
    "left": LEFT,
    "connected": REFERRING.on_refer_progress(T0, 200, final=True),
    "bridged": REFERRING.on_refer_progress(T0, 603, final=True),
    "failed": BEGUN.on_operator_left(T0, 486),
}
NOW = T0 + 60.0
EVENTS = {
    "answered": lambda transfer: transfer.on_answered(NOW),
    "briefed": lambda transfer: transfer.on_briefed(NOW),
    "accepted": lambda transfer: transfer.on_refer_progress(NOW, 202, final=False),
    "replaced": lambda transfer: transfer.on_refer_progress(NOW, 200, final=True),
    "refused": lambda transfer: transfer.on_refer_progress(NOW, 603, final=True),
    "silent": lambda transfer: transfer.on_refer_progress(NOW, 180, final=True),
    "busy": lambda transfer: transfer.on_operator_left(NOW, 486),
    "no bridge": lambda transfer: transfer.on_bridge_failed(500),
    "late": lambda transfer: transfer.on_deadline(NOW),
    "early": lambda transfer: transfer.on_deadline(T0 + 1.0),
}
TABLE = {
    #              consulting briefing   referring    left         connected    bridged    failed
    "answered":  (S.BRIEFING, None,      None,        None,        None,        None,      None),
    "briefed":   (None,       S.REFERRING, None,      None,        None,        None,      None),
    "accepted":  (S.CONSULTING, S.BRIEFING, S.REFERRING, S.REFERRING, S.CONNECTED, S.BRIDGED,
                  S.FAILED),
    "replaced":  (S.CONSULTING, S.BRIEFING, S.CONNECTED, S.CONNECTED, S.CONNECTED, S.BRIDGED,
                  S.FAILED),
    "refused":   (S.CONSULTING, S.BRIEFING, S.BRIDGED,  S.FAILED,   S.CONNECTED, S.BRIDGED,
                  S.FAILED),
    "silent":    (S.CONSULTING, S.BRIEFING, S.BRIDGED,  S.FAILED,   S.CONNECTED, S.BRIDGED,
                  S.FAILED),
    "busy":      (S.FAILED,   S.FAILED,  S.REFERRING, S.REFERRING, S.CONNECTED, S.BRIDGED,
                  S.FAILED),
    "no bridge": (S.FAILED,   S.FAILED,  S.FAILED,    S.FAILED,    S.FAILED,    S.FAILED,
                  S.FAILED),
    "late":      (S.FAILED,   S.REFERRING, S.BRIDGED, S.FAILED,    S.CONNECTED, S.BRIDGED,
                  S.FAILED),
    "early":     (S.CONSULTING, S.BRIEFING, S.REFERRING, S.REFERRING, S.CONNECTED, S.BRIDGED,
                  S.FAILED),
}  # fmt: skip
"""Event -> state that follows each of `STATES`; None: the event is a fault there."""


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", STATES)
def test_every_state_meets_every_event(state: str, event: str):
    expected = TABLE[event][list(STATES).index(state)]
    if expected is None:
        with pytest.raises(SipError):
            EVENTS[event](STATES[state])
    else:
        assert EVENTS[event](STATES[state]).state is expected


@given(st.lists(st.tuples(st.sampled_from(sorted(EVENTS)), st.floats(0.0, 40.0)), max_size=20))
def test_whatever_happens_it_comes_to_an_end_and_stays_there(steps: list[tuple[str, float]]):
    transfer, now = BEGUN, T0
    for event, passed_s in steps:
        now += passed_s
        was = transfer
        try:
            transfer = EVENTS[event](transfer)
        except SipError:
            continue
        if was.state in (S.CONNECTED, S.FAILED) and event != "no bridge":
            assert transfer.state is was.state
        assert not (was.over and transfer.state in WAITING)
    while not transfer.over:
        transfer = transfer.on_deadline(transfer.deadline)
    assert transfer.outcome in TransferOutcome


def test_the_caller_never_counts_as_connected_with_an_operator_who_hung_up():
    assert LEFT.on_deadline(T0 + 5.0).outcome is TransferOutcome.NO_ANSWER
    assert BRIEFING.on_operator_left(T0, 200).outcome is TransferOutcome.NO_ANSWER


def test_an_operator_who_leaves_because_replaced_is_connected():
    assert LEFT.on_refer_progress(T0, 200, final=True).outcome is TransferOutcome.CONNECTED


@pytest.mark.parametrize(("talked_s", "connected"), [(0.3, False), (2.0, True)])
def test_an_operator_who_hangs_up_at_once_has_not_taken_the_call(talked_s: float, connected: bool):
    bridged = REFERRING.on_refer_progress(T0, 405, final=True)
    outcome = bridged.on_operator_left(T0 + talked_s, 200).outcome
    assert (outcome is TransferOutcome.CONNECTED) is connected


def test_without_refer_the_briefing_leads_to_the_bridge():
    begun = Attended.begun(
        T0, refer=False, dial_timeout_s=25.0, briefing_s=10.0, refer_timeout_s=5.0
    )
    assert begun.on_answered(T0).on_briefed(T0).state is S.BRIDGED


def test_each_part_has_its_own_time():
    assert [BEGUN.deadline, BRIEFING.deadline, REFERRING.deadline] == [T0 + 25, T0 + 10, T0 + 5]
