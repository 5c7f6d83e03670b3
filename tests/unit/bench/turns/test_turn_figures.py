"""Shares, percentiles, intervals and targets over known outcomes."""

import math
from typing import Any

import pytest

from ivr.bench.turns.figures import (
    CROWDED,
    TARGETS,
    TurnOutcome,
    judged,
    percentile_of,
    share,
    summarize,
)
from ivr.bench.turns.rows import Kind, Profile

pytestmark = pytest.mark.unit


def answer(**changes: Any) -> TurnOutcome:
    values: dict[str, Any] = {
        "id": "t",
        "profile": Profile.OPEN,
        "kind": Kind.PLAIN,
        "paused": False,
        "latency_ms": 400.0,
    }
    return TurnOutcome(**(values | changes))


def over(kind: Kind, **changes: Any) -> TurnOutcome:
    return answer(profile=Profile.OVER_PROMPT, kind=kind, latency_ms=None, **changes)


GOOD = (
    *(answer() for _ in range(20)),
    *(answer(profile=Profile.YES_NO, latency_ms=250.0) for _ in range(5)),
    *(answer(profile=Profile.CITY, latency_ms=250.0) for _ in range(5)),
    *(over(Kind.INTERRUPTION, yield_ms=150.0, stop_ms=600.0) for _ in range(5)),
    *(over(Kind.BACKCHANNEL, false_stop=False) for _ in range(5)),
)


def test_shares_carry_an_interval_even_when_nothing_happened():
    none = share([False] * 50)
    assert none.value == 0.0
    assert none.low == 0.0
    assert 0.05 < none.high < 0.09
    assert share([True, False]).value == 0.5


def test_nothing_has_no_share():
    assert math.isnan(share([]).value)
    assert percentile_of([], 50).count == 0


def test_the_interval_of_a_percentile_lies_around_it():
    estimate = percentile_of([float(value) for value in range(101)], 50)
    assert estimate.value == 50.0
    assert 35 < estimate.low < 50 < estimate.high < 65


def test_turns_that_could_not_be_measured_count_nowhere_and_are_told():
    figures = summarize([answer(), answer(id="broken", latency_ms=None, fault="refused")])
    assert figures.groups[0].turns == 1
    assert figures.faults == ("broken: refused",)


def test_cut_offs_are_counted_apart_for_turns_with_a_pause():
    outcomes = [
        answer(),
        answer(),
        answer(paused=True),
        answer(paused=True, latency_ms=None, cut_off=True),
    ]
    group = summarize(outcomes).groups[0]
    assert group.cut_offs.value == 0.25
    assert group.cut_offs_paused.value == 0.5
    assert group.p50_ms.count == 3


def test_what_is_said_over_prompts_is_no_answer():
    figures = summarize(GOOD)
    assert figures.groups[0].turns == 30
    assert [group.name for group in figures.groups] == ["all", "open", "yes_no", "city"]
    assert figures.interrupting.yield_p95_ms.value == 150.0
    assert figures.interrupting.stop_p50_ms.value == 600.0


def test_backchannels_and_noises_are_counted_apart():
    outcomes = [
        over(Kind.BACKCHANNEL, false_stop=True),
        over(Kind.BACKCHANNEL, false_stop=False),
        over(Kind.COUGH, false_stop=False),
        over(Kind.ECHO, false_stop=False),
    ]
    found = summarize(outcomes).interrupting
    assert (found.backchannels.value, found.backchannels.count) == (0.5, 2)
    assert (found.noises.value, found.noises.count) == (0.0, 2)


def test_an_interruption_without_effect_is_counted():
    found = summarize([over(Kind.INTERRUPTION), over(Kind.INTERRUPTION, yield_ms=90.0)])
    assert found.interrupting.not_yielded == 1


def test_good_figures_meet_every_target():
    items = judged(summarize(GOOD), calls=1)
    assert [item.target for item in items] == list(TARGETS)
    assert all(item.met for item in items)


def test_one_figure_too_high_misses_one_target():
    slow = [*GOOD, *(answer(profile=Profile.YES_NO, latency_ms=900.0) for _ in range(9))]
    missed = [item.target.name for item in judged(summarize(slow), calls=1) if not item.met]
    assert missed == ["yes or no, P50"]


def test_what_was_not_measured_is_not_met():
    missed = [item.target.name for item in judged(summarize([answer()]), calls=1) if not item.met]
    assert "backchannels that stop it" in missed


def test_many_calls_at_once_have_a_target_of_their_own():
    items = judged(summarize(GOOD), calls=8)
    assert [item.target for item in items] == list(CROWDED)
    assert all(item.met for item in items)
