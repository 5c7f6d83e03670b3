"""Giving way, stopping and coming back, read off recordings whose truth is known."""

import numpy as np
import pytest

from ivr.bench.turns.tracks import aligned, begun, over_prompt

pytestmark = pytest.mark.unit

RATE = 8000


def voice(seconds: float, seed: int = 1) -> np.ndarray:
    """Noise in syllables: 180 ms loud, 60 ms a little softer, a pause of 0.6 s every 2 s."""
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal(round(seconds * RATE)) * 3000
    times = np.arange(len(samples)) / RATE
    samples[times % 0.24 > 0.18] *= 0.5
    samples[times % 2.0 > 1.4] = 0.0
    return samples


def pcm(samples: np.ndarray) -> bytes:
    return np.clip(samples, -32768, 32767).astype("<i2").tobytes()


def decibels(value: float) -> float:
    return 10 ** (value / 20)


PROMPT = voice(12.0)


def test_a_prompt_that_goes_on_is_not_stopped():
    found = over_prompt(pcm(PROMPT), pcm(PROMPT[RATE:]), 2.5)
    assert found is not None
    assert found.yielded_s is None
    assert found.stopped_s is None
    assert not found.is_false_stop(3.0)


def test_a_stop_is_dated_to_the_frame():
    heard = PROMPT.copy()
    heard[round(2.32 * RATE) :] = 0.0
    found = over_prompt(pcm(PROMPT), pcm(heard), 2.2)
    assert found is not None
    assert found.yielded_s == pytest.approx(2.32, abs=0.03)
    assert found.stopped_s == pytest.approx(2.32, abs=0.03)
    assert found.back_s is None


def test_softening_is_giving_way_and_not_silence():
    heard = PROMPT.copy()
    heard[round(2.34 * RATE) :] *= decibels(-18)
    heard[round(4.5 * RATE) :] = 0.0
    found = over_prompt(pcm(PROMPT), pcm(heard), 2.2)
    assert found is not None
    assert found.yielded_s == pytest.approx(2.34, abs=0.03)
    assert found.stopped_s == pytest.approx(4.5, abs=0.03)


def test_six_decibels_are_not_giving_way():
    heard = PROMPT.copy()
    heard[round(2.3 * RATE) :] *= decibels(-6)
    found = over_prompt(pcm(PROMPT), pcm(heard), 2.2)
    assert found is not None
    assert found.yielded_s is None


def test_a_pause_of_the_prompt_is_not_a_stop():
    found = over_prompt(pcm(PROMPT), pcm(PROMPT), 1.35)
    assert found is not None
    assert found.yielded_s is None


def test_a_stop_within_a_pause_is_dated_to_its_end():
    heard = PROMPT.copy()
    heard[round(1.5 * RATE) :] = 0.0
    found = over_prompt(pcm(PROMPT), pcm(heard), 1.3)
    assert found is not None
    assert found.yielded_s == pytest.approx(2.06, abs=0.08)


def test_a_jitter_buffer_may_move_the_prompt():
    heard = np.concatenate(
        (PROMPT[: round(2.6 * RATE)], np.zeros(320), PROMPT[round(2.6 * RATE) :])
    )
    found = over_prompt(pcm(PROMPT), pcm(heard), 2.3)
    assert found is not None
    assert found.yielded_s is None


def test_softer_for_less_than_a_second_is_not_a_false_stop():
    heard = PROMPT.copy()
    heard[round(2.3 * RATE) : round(3.0 * RATE)] *= decibels(-18)
    found = over_prompt(pcm(PROMPT), pcm(heard), 2.2)
    assert found is not None
    assert found.yielded_s == pytest.approx(2.3, abs=0.03)
    assert found.back_s == pytest.approx(3.0, abs=0.05)
    assert not found.is_false_stop(2.6)


def test_silence_for_longer_than_a_second_is_a_false_stop():
    heard = PROMPT.copy()
    heard[round(2.3 * RATE) : round(4.2 * RATE)] = 0.0
    found = over_prompt(pcm(PROMPT), pcm(heard), 2.2)
    assert found is not None
    assert found.back_s == pytest.approx(4.2, abs=0.05)
    assert found.is_false_stop(2.6)


def test_another_prompt_is_told_from_the_expected_one():
    assert over_prompt(pcm(PROMPT), pcm(voice(6.0, seed=2)), 2.5) is None
    assert over_prompt(pcm(PROMPT), bytes(4 * RATE), 1.0) is None


def test_the_place_in_the_prompt_is_found_to_the_sample():
    assert aligned(pcm(PROMPT), pcm(PROMPT[3000:]), 2.0) == 3000 + 2 * RATE


def test_the_prompt_that_the_turn_before_left_playing_is_not_the_one_that_keys_lead_to():
    recent = pcm(PROMPT[round(2.8 * RATE) : 4 * RATE])
    assert begun(pcm(PROMPT), recent, keyed_ago_s=0.2) is None
    assert begun(pcm(PROMPT), recent, keyed_ago_s=3.8) == 4 * RATE  # came sooner than undisturbed
    assert begun(pcm(PROMPT), recent, keyed_ago_s=4.6) == 4 * RATE
    assert begun(pcm(PROMPT), pcm(voice(1.2, seed=2)), keyed_ago_s=4.6) is None
