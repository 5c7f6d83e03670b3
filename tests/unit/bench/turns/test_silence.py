"""Silence-only endpointing over turns made of recordings."""

import numpy as np
import pytest

from ivr.audio.resample import to_pcm
from ivr.audio.wav import load_samples
from ivr.bench.turns.rows import Half, Kind, Profile, TurnRow
from ivr.bench.turns.silence import TRAILING_MS, overhead_ms, silence_curve
from ivr.bench.turns.sounds import FIXTURES, SoundBank, SpokenTurn, made_sound
from ivr.errors import ConfigError

pytestmark = pytest.mark.unit


def turn(pause_ms: int, **changes: object) -> SpokenTurn:
    """«Какой у меня тариф», in two with a pause where one is asked for."""
    pieces = ("tts/0003.flac",)
    if pause_ms:
        pieces = ("tts/0003.flac@0.00-0.50", "tts/0003.flac@0.50-")
    row = TurnRow(
        id=f"pause {pause_ms}",
        part=Half.DEV,
        profile=Profile.OPEN,
        kind=Kind.PAUSE,
        pieces=pieces,
        pauses_ms=(pause_ms,) if pause_ms else (),
        **changes,  # type: ignore[arg-type]
    )
    return SoundBank().spoken(row)


def test_the_marks_of_a_turn_are_where_its_pieces_are():
    spoken = turn(800)
    (start, ended), (restart, end) = spoken.pieces
    samples = np.frombuffer(spoken.samples, dtype="<i2")
    assert start == 0
    assert restart - ended == 800 * 8
    assert end == len(samples)
    assert np.abs(samples[ended + 100 : restart - 100]).max() < 100 < np.abs(samples[:ended]).max()


def test_a_turn_sounds_the_same_in_every_run():
    assert turn(500, conditions=("noise=15",)) == turn(500, conditions=("noise=15",))


def test_noise_goes_on_around_what_is_said():
    clean, noisy = turn(0), turn(0, conditions=("noise=10",))
    assert noisy.starts == 700 * 8
    assert noisy.ends - noisy.starts == clean.ends
    assert any(noisy.samples[:2000])


def test_a_level_changes_loudness_only():
    soft, plain = turn(0, conditions=("level=-15",)), turn(0)
    ratio = (
        np.abs(np.frombuffer(soft.samples, "<i2")).max()
        / np.abs(np.frombuffer(plain.samples, "<i2")).max()
    )
    assert 20 * np.log10(ratio) == pytest.approx(-15, abs=0.3)
    assert soft.pieces == plain.pieces


def test_longer_silences_take_longer_and_cut_less():
    points = silence_curve([turn(0), turn(600), turn(900)])
    assert [point.trailing_ms for point in points] == list(TRAILING_MS)
    cuts = [point.cut_offs.value for point in points]
    delays = [point.p50_ms.value for point in points]
    assert cuts[0] == pytest.approx(2 / 3)
    assert cuts[-1] == 0.0
    assert cuts == sorted(cuts, reverse=True)
    assert delays == sorted(delays)
    assert delays[-1] == pytest.approx(1500, abs=100)


def test_the_overhead_is_what_the_line_adds():
    files = silence_curve([turn(0)])
    assert overhead_ms(files, files) == 0.0


@pytest.mark.parametrize("name", ["cough", "click", "rustle"])
def test_made_sounds_can_be_heard(name: str):
    sound = made_sound(name, np.random.default_rng(1))
    assert 0.01 < float(np.abs(sound).max()) < 1.0


def test_a_sound_nobody_makes_is_refused():
    with pytest.raises(ConfigError, match="cough"):
        made_sound("sneeze", np.random.default_rng(1))


def test_a_whole_recording_is_taken_without_its_silence():
    whole = len(to_pcm(load_samples(FIXTURES / "tts/0003.flac")))
    assert len(turn(0).samples) <= whole
