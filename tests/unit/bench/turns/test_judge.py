"""Latency, cut-offs and missed ends, read off recordings whose truth is known."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ivr.audio.tones import tone
from ivr.bench.turns.judge import Trace, fault_of, outcome_of
from ivr.bench.turns.rows import Half, Kind, Profile, TurnRow
from ivr.events import CallId, TurnCompleted
from ivr.nlu.schema import Entity, EntityKind

pytestmark = pytest.mark.unit


def row(**changes: Any) -> TurnRow:
    values: dict[str, Any] = {
        "id": "t",
        "part": Half.DEV,
        "profile": Profile.OPEN,
        "kind": Kind.PAUSE,
        "pieces": ("a", "b"),
        "pauses_ms": (500,),
        "intent": "balance",
    }
    return TurnRow(**(values | changes))


def recorded(**changes: Any) -> TurnCompleted:
    values: dict[str, Any] = {
        "call_id": CallId("c"),
        "index": 1,
        "at": datetime(2026, 6, 10, tzinfo=UTC),
        "kind": "heard",
        "question": "open",
        "text": "баланс",
        "intent": "balance",
        "decision": "accept",
    }
    return TurnCompleted(**(values | changes))


def heard(silent_s: float, reply_s: float = 0.5) -> bytes:
    return bytes(round(silent_s * 8000) * 2) + tone(440, reply_s)


def test_latency_runs_from_the_last_sample_to_the_first_audible_one():
    outcome = outcome_of(row(), Trace(heard=heard(3.4), onset_s=1.0, ended_s=3.0), [recorded()])
    assert outcome.latency_ms == pytest.approx(400, abs=15)
    assert not outcome.cut_off
    assert not outcome.missed
    assert outcome.understood is True
    assert outcome.paused


def test_a_bot_that_speaks_before_the_end_has_cut_the_caller_off():
    outcome = outcome_of(row(), Trace(heard=heard(2.5), onset_s=1.0, ended_s=3.0), [recorded()])
    assert outcome.cut_off
    assert outcome.latency_ms is None
    assert not outcome.missed


def test_a_turn_recorded_in_two_was_cut_off_though_nothing_was_heard():
    parts = [recorded(text="мой номер", intent=""), recorded(text="девять")]
    outcome = outcome_of(row(), Trace(heard=heard(3.4), onset_s=1.0, ended_s=3.0), parts)
    assert outcome.cut_off
    assert outcome.heard == "мой номер / девять"


def test_keys_and_silence_in_the_records_are_no_part_of_a_turn():
    around = [recorded(kind="keyed"), recorded(), recorded(kind="no_input")]
    outcome = outcome_of(row(), Trace(heard=heard(3.4), onset_s=1.0, ended_s=3.0), around)
    assert not outcome.cut_off


@pytest.mark.parametrize(("silent_s", "latency_ms"), [(6.5, 3500), (20.0, None)])
def test_no_reply_within_three_seconds_is_a_missed_end(silent_s: float, latency_ms: float | None):
    track = heard(silent_s) if latency_ms else bytes(16000)
    outcome = outcome_of(row(), Trace(heard=track, onset_s=1.0, ended_s=3.0), [recorded()])
    assert outcome.missed
    assert outcome.latency_ms == (None if latency_ms is None else pytest.approx(latency_ms, abs=15))


@pytest.mark.parametrize(
    ("turn", "understood"),
    [
        (recorded(), True),
        (recorded(decision="reject"), False),
        (recorded(intent="tariff_info"), False),
    ],
)
def test_understood_is_the_expected_intent_acted_on(turn: TurnCompleted, understood: bool):
    trace = Trace(heard=heard(3.4), onset_s=1.0, ended_s=3.0)
    assert outcome_of(row(), trace, [turn]).understood is understood


def test_a_number_is_understood_by_its_digits():
    trace = Trace(heard=heard(3.4), onset_s=1.0, ended_s=3.0)
    number = row(profile=Profile.DIGITS, intent="", value="9031234567")
    entity = Entity(EntityKind.PHONE, "9031234567", "девятьсот три", 0, 13)
    assert outcome_of(number, trace, [recorded(entities=(entity,))]).understood is True
    assert outcome_of(number, trace, [recorded()]).understood is False


def test_nothing_expected_is_neither_understood_nor_not():
    trace = Trace(heard=heard(3.4), onset_s=1.0, ended_s=3.0)
    assert outcome_of(row(intent=""), trace, []).understood is None


def test_a_backchannel_taken_as_an_answer_is_a_false_stop():
    prompt = tone(440, 1.0) + tone(520, 6.0)
    over = row(profile=Profile.OVER_PROMPT, kind=Kind.BACKCHANNEL, intent="")
    trace = Trace(heard=prompt, onset_s=1.5, ended_s=1.8, undisturbed=prompt)
    assert outcome_of(over, trace, []).false_stop is False
    assert outcome_of(over, trace, [recorded()]).false_stop is True


def test_an_interruption_is_no_false_stop_however_the_bot_takes_it():
    prompt = tone(440, 1.0) + tone(520, 6.0)
    over = row(profile=Profile.OVER_PROMPT, kind=Kind.INTERRUPTION, intent="")
    silent_from_2 = prompt[: 2 * 16000] + bytes(5 * 16000)
    trace = Trace(heard=silent_from_2, onset_s=1.8, ended_s=2.5, undisturbed=prompt)
    outcome = outcome_of(over, trace, [])
    assert outcome.false_stop is None
    assert outcome.yield_ms == pytest.approx(200, abs=25)
    assert outcome.stop_ms == pytest.approx(200, abs=25)


def test_another_prompt_than_expected_cannot_be_measured():
    over = row(profile=Profile.OVER_PROMPT, kind=Kind.BACKCHANNEL)
    trace = Trace(heard=bytes(64000), onset_s=1.5, ended_s=1.8, undisturbed=tone(440, 6.0))
    assert outcome_of(over, trace, []).fault
    assert fault_of(row(), "why").fault == "why"
