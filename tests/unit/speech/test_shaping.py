"""Clips get short faded edges, one level and the telephone's band."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.audio.resample import Samples
from ivr.speech.shaping import (
    LEAD_MS,
    SPEECH_DBFS,
    TAIL_MS,
    band_limited,
    levelled,
    samples_of,
    speech_level,
    trimmed,
)

pytestmark = pytest.mark.unit


def tone(seconds: float, hertz: float = 500.0, peak: float = 0.3) -> Samples:
    times = np.arange(int(8000 * seconds)) / 8000
    return (peak * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(int(8000 * seconds), np.float32)


def test_silence_at_both_ends_is_cut_to_short_edges() -> None:
    clip = trimmed(np.concatenate([silence(0.5), tone(0.4), silence(1.0)]))
    expected = samples_of(400 + LEAD_MS + TAIL_MS)
    assert len(clip) == pytest.approx(expected, abs=samples_of(8))


def test_pauses_inside_are_kept() -> None:
    clip = trimmed(np.concatenate([tone(0.2), silence(0.3), tone(0.2)]))
    assert len(clip) == pytest.approx(samples_of(700), abs=samples_of(8))


def test_edges_begin_and_end_at_zero() -> None:
    clip = trimmed(tone(0.3, peak=0.9))
    assert abs(float(clip[0])) < 1e-3
    assert abs(float(clip[-1])) < 1e-3


@pytest.mark.parametrize("clip", [silence(0.5), silence(0.0), silence(0.001)])
def test_silence_trims_to_nothing(clip: Samples) -> None:
    assert len(trimmed(clip)) == 0


@pytest.mark.parametrize("peak", [0.001, 0.05, 0.2])
def test_speech_is_brought_to_one_level_whatever_its_pauses(peak: float) -> None:
    clip = levelled(np.concatenate([tone(0.5, peak=peak), silence(2.0), tone(0.5, peak=peak)]))
    assert 20 * np.log10(speech_level(clip)) == pytest.approx(SPEECH_DBFS, abs=0.5)


def test_peaks_are_never_clipped_for_level() -> None:
    clip = tone(1.0, peak=0.001)
    clip[4000] = 0.5
    assert np.abs(levelled(clip)).max() <= 0.9


def test_silence_stays_silence() -> None:
    assert not levelled(silence(0.5)).any()
    assert speech_level(silence(0.0)) == 0.0


@pytest.mark.parametrize(("hertz", "gain"), [(50, 0.0), (300, 1.0), (1000, 1.0), (3900, 0.0)])
def test_the_telephone_band_passes_speech_only(hertz: float, gain: float) -> None:
    clip = tone(1.0, hertz)
    middle = slice(2000, 6000)
    passed = np.sqrt((band_limited(clip)[middle] ** 2).mean() / (clip[middle] ** 2).mean())
    assert passed == pytest.approx(gain, abs=0.02)


@given(st.lists(st.floats(-1, 1, width=32), max_size=400))
def test_any_clip_survives_all_stages(values: list[float]) -> None:
    clip = trimmed(levelled(band_limited(np.array(values, np.float32))))
    assert np.isfinite(clip).all()
    assert np.abs(clip).max(initial=0.0) <= 1.0
