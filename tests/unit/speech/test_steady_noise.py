"""A street that begins and ends with the caller's words must not prolong them."""

from pathlib import Path

import numpy as np
import pytest

from ivr.audio.augment import add_noise
from ivr.audio.pcm import FRAME_BYTES, FRAME_SAMPLES, LINE_RATE_HZ, PcmFrame
from ivr.audio.resample import Samples, to_pcm
from ivr.audio.wav import load_samples
from ivr.speech.steady_noise import SteadyNoise, periodicity
from ivr.speech.vad import SpeechDetector, level_db

pytestmark = pytest.mark.unit

FIXTURES = Path(__file__).parents[3] / "audio_fixtures"
RECORDINGS = ("added/be9bdeb7ed7d", "human/0038", "tts/0014", "tts/0137", "tts/0190", "tts/0375")
"""Of part train; without the rule each ended 200 to 600 ms late."""
AROUND = np.zeros(round(0.7 * LINE_RATE_HZ), np.float32)
SILENCE = np.zeros(3 * LINE_RATE_HZ, np.float32)


def speech_in(samples: Samples) -> list[float]:
    """Ends of the frames that count as speech, seconds."""
    pcm, detector = to_pcm(samples), SpeechDetector()
    found = []
    for start in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES):
        frame = PcmFrame(pcm[start : start + FRAME_BYTES], LINE_RATE_HZ, start // 2)
        if detector.is_speech(frame):
            found.append(frame.end_s)
    return found


@pytest.mark.parametrize("name", RECORDINGS)
def test_street_noise_after_the_last_word_is_no_speech(name: str) -> None:
    said = load_samples(FIXTURES / f"{name}.flac")
    noisy = add_noise(np.concatenate((AROUND, said, AROUND)), 10.0, np.random.default_rng(1))
    found = speech_in(np.concatenate((SILENCE, noisy, SILENCE)))
    ends_s = (len(SILENCE) + len(AROUND) + len(said)) / LINE_RATE_HZ
    assert found[-1] - ends_s < 0.2


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_clean_voice_is_hardly_touched(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    line = np.concatenate((SILENCE, load_samples(FIXTURES / f"{name}.flac"), SILENCE))
    with_rule = speech_in(line)
    monkeypatch.setattr(SteadyNoise, "hears", lambda *_: False)
    without = speech_in(line)
    assert len(with_rule) >= 0.97 * len(without)
    assert with_rule[-1] == without[-1]


def tone(hertz: float, db: float, seconds: float) -> bytes:
    times = np.arange(round(seconds * LINE_RATE_HZ)) / LINE_RATE_HZ
    pulses = np.sin(2 * np.pi * hertz * times) + 0.5 * np.sin(4 * np.pi * hertz * times)
    return to_pcm((pulses * 10 ** (db / 20)).astype(np.float32))


def noise(db: float, seconds: float, seed: int = 0) -> bytes:
    drawn = np.random.default_rng(seed).standard_normal(round(seconds * LINE_RATE_HZ))
    return to_pcm((drawn * 10 ** (db / 20)).astype(np.float32))


def heard(rule: SteadyNoise, sound: bytes, loudest_db: float) -> list[bool]:
    frames = (sound[at : at + FRAME_BYTES] for at in range(0, len(sound), FRAME_BYTES))
    return [rule.hears(frame, level_db(frame), loudest_db) for frame in frames]


def test_noise_is_known_after_a_fifth_of_a_second_and_left_when_a_voice_stands_out() -> None:
    rule = SteadyNoise()
    assert heard(rule, noise(-40, 0.6), -20) == [False] * 9 + [True] * 21
    assert heard(rule, tone(150, -25, 0.4), -20) == [False] * 20
    assert heard(rule, noise(-40, 0.6), -20)[-1]
    assert not any(heard(rule, noise(-70, 0.1), -20))


def test_a_crackle_in_noise_is_not_noise_and_does_not_end_it() -> None:
    rule = SteadyNoise()
    heard(rule, noise(-40, 0.4), -20)
    assert heard(rule, noise(-20, 0.02), -20) == [False]
    assert heard(rule, noise(-40, 0.06), -20) == [True] * 3


def test_a_steady_vowel_and_noise_as_loud_as_the_voice_are_not_told_apart_from_speech() -> None:
    assert not any(heard(SteadyNoise(), tone(120, -30, 0.6), -20))
    assert not any(heard(SteadyNoise(), noise(-24, 0.6), -20))


def test_periodicity_of_tones_noise_and_silence() -> None:
    run = 10 * FRAME_SAMPLES / LINE_RATE_HZ
    assert periodicity(tone(120, -30, run)) > 0.9
    assert periodicity(noise(-30, run)) < 0.2
    assert periodicity(bytes(20)) == 0.0
    assert periodicity(bytes(10 * FRAME_BYTES)) == 0.0
