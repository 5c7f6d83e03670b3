"""How a voice moves at the end, on voices made of harmonics with a pitch that is known."""

from pathlib import Path

import numpy as np
import pytest

from ivr.audio.pcm import LINE_RATE_HZ
from ivr.audio.resample import to_pcm
from ivr.audio.wav import load_audio
from ivr.bench.turns.sounds import made_sound
from ivr.speech.melody import Melody, voice_of

pytestmark = pytest.mark.unit


def voice(hertz: np.ndarray) -> np.ndarray:
    """Ten harmonics of a pitch given for every sample, as far as a telephone carries them."""
    phase = 2 * np.pi * np.cumsum(hertz) / LINE_RATE_HZ
    harmonics = [
        np.sin(number * phase) / number * (number * hertz < 3400) for number in range(2, 12)
    ]
    return np.sum(harmonics, axis=0)


def steady(hertz: float, seconds: float) -> np.ndarray:
    return np.full(round(seconds * LINE_RATE_HZ), hertz)


def glide(first: float, last: float, seconds: float) -> np.ndarray:
    return np.geomspace(first, last, round(seconds * LINE_RATE_HZ))


def recorded(samples: np.ndarray, *, silence_s: float = 0.1, peak: float = 0.3) -> bytes:
    """The voice and a pause after it, as the ears have it when they look."""
    loud = samples / max(np.abs(samples).max(), 1e-9) * peak * 32767
    quiet = np.zeros(round(silence_s * LINE_RATE_HZ))
    return np.concatenate([loud, quiet]).astype(np.int16).tobytes()


def melody_of(samples: bytes) -> Melody | None:
    return voice_of(samples).melody


@pytest.mark.parametrize("pitch", [95.0, 140.0, 220.0, 300.0])
def test_a_voice_that_comes_down_is_told_from_one_that_stays(pitch: float) -> None:
    fallen = melody_of(
        recorded(voice(np.concatenate([steady(pitch, 1.0), glide(pitch, pitch * 0.72, 0.3)])))
    )
    held = melody_of(recorded(voice(steady(pitch, 1.3))))
    assert fallen is not None
    assert held is not None
    assert fallen.fall_st < -4
    assert abs(held.fall_st) < 0.3


def test_a_voice_that_is_held_a_little_higher_has_not_fallen() -> None:
    held = melody_of(recorded(voice(np.concatenate([steady(150, 1.0), glide(150, 165, 0.3)]))))
    assert held is not None
    assert held.fall_st > 0.5


def test_a_question_that_ends_high_says_nothing_of_its_end() -> None:
    assert (
        melody_of(recorded(voice(np.concatenate([steady(150, 1.0), glide(150, 210, 0.3)])))) is None
    )


def test_the_level_and_the_pause_after_it_make_no_difference() -> None:
    fallen = voice(np.concatenate([steady(180, 1.0), glide(180, 130, 0.3)]))
    usual = melody_of(recorded(fallen))
    faint = melody_of(recorded(fallen, peak=0.01))
    late = melody_of(recorded(fallen, silence_s=0.5))
    assert usual is not None
    assert faint is not None
    assert late is not None
    assert faint.fall_st == pytest.approx(usual.fall_st, abs=0.2)
    assert late.fall_st == pytest.approx(usual.fall_st, abs=0.2)


def test_only_the_end_of_a_long_utterance_is_listened_to() -> None:
    end = np.concatenate([steady(140, 6.0), glide(140, 100, 0.3)])
    long = melody_of(recorded(voice(np.concatenate([steady(300, 8.0), end]))))
    assert long is not None
    assert long.fall_st == pytest.approx(-4.5, abs=1.5)


@pytest.mark.parametrize("samples", [b"", b"\0\0", bytes(200), bytes(16000)])
def test_silence_has_no_melody(samples: bytes) -> None:
    assert melody_of(samples) is None


def test_noise_has_no_melody() -> None:
    rng = np.random.default_rng(5)
    assert melody_of(recorded(rng.standard_normal(LINE_RATE_HZ))) is None


def test_a_word_of_a_tenth_of_a_second_has_none() -> None:
    assert melody_of(recorded(voice(steady(150, 0.1)))) is None


def test_a_pitch_that_leaps_as_no_voice_does_is_not_believed() -> None:
    pieces = [steady(110.0 if number % 2 else 190.0, 0.12) for number in range(10)]
    assert melody_of(recorded(voice(np.concatenate(pieces)))) is None
    assert isinstance(melody_of(recorded(voice(steady(150, 1.2)))), Melody)


def test_every_word_has_a_voice_and_a_cough_has_none() -> None:
    for file in ("0168", "0014"):
        assert voice_of(load_audio(Path(f"audio_fixtures/tts/{file}.flac"))).voiced_s > 0.1
    for sound in ("cough", "breath", "sniff", "click", "rustle"):
        made = made_sound(sound, np.random.default_rng(5))
        assert voice_of(to_pcm(made)).voiced_s == 0.0, sound


def test_how_long_a_voice_was_heard_is_told() -> None:
    assert voice_of(recorded(voice(steady(150, 0.5)))).voiced_s == pytest.approx(0.5, abs=0.05)
