"""Augmentations do what their figures say."""

from pathlib import Path

import numpy as np
import pytest

from ivr.audio import augment
from ivr.audio.conditions import apply, expand, is_augmentation
from ivr.audio.wav import load_samples
from ivr.errors import ConfigError

pytestmark = pytest.mark.unit

SPEECH = load_samples(Path("audio_fixtures/tts/0003.flac")) * np.float32(0.3)
VOICES = [load_samples(Path(f"audio_fixtures/tts/000{n}.flac")) for n in range(4, 8)]


def rms(samples) -> float:
    return float(np.sqrt(np.mean(np.asarray(samples, dtype=np.float64) ** 2)))


def ratio_db(one: float, other: float) -> float:
    return float(20 * np.log10(one / other))


@pytest.mark.parametrize("snr_db", [20.0, 10.0, 0.0])
@pytest.mark.parametrize("kind", ["noise", "babble"])
def test_noise_is_as_far_below_speech_as_asked(kind, snr_db):
    noisy = apply(f"{kind}={snr_db}", SPEECH, VOICES, "x")
    assert ratio_db(augment.speech_level(SPEECH), rms(noisy - SPEECH)) == pytest.approx(
        snr_db, abs=0.3
    )


@pytest.mark.parametrize("percent", [2.0, 10.0, 30.0])
def test_as_many_packets_are_lost_as_asked(percent):
    ones = np.ones(160 * 20000, dtype=np.float32)
    kept = augment.lose_packets(ones, percent, np.random.default_rng(1))
    packets = kept.reshape(-1, 160)
    assert set(packets.sum(axis=1)) <= {0.0, 160.0}
    assert 100 * np.mean(packets[:, 0] == 0) == pytest.approx(percent, rel=0.15)


@pytest.mark.parametrize(("codec", "least_db"), [("g711", 30.0), ("gsm", 5.0)])
def test_codecs_keep_length_and_resemble_the_original(codec, least_db):
    decoded = apply(codec, SPEECH, [], "x")
    assert len(decoded) == len(SPEECH)
    assert rms(decoded - SPEECH) > 0
    assert ratio_db(rms(SPEECH), rms(decoded - SPEECH)) > least_db


def test_level_speed_and_reverb():
    assert ratio_db(rms(apply("level=-20", SPEECH, [], "x")), rms(SPEECH)) == pytest.approx(-20)
    assert np.abs(apply("level=40", SPEECH, [], "x")).max() <= 1.0
    assert len(apply("speed=1.25", SPEECH, [], "x")) == pytest.approx(len(SPEECH) / 1.25, abs=2)
    click = np.zeros(8000, dtype=np.float32)
    click[100] = 0.5
    echo = apply("reverb=0.3", click, [], "x")
    assert len(echo) == len(click)
    assert rms(echo[200:1000]) > 10 * rms(echo[2600:]) > 0


def test_the_same_recording_sounds_the_same_in_every_run():
    one = apply("noise=10+gsm", SPEECH, [], "x")
    assert np.array_equal(one, apply("noise=10+gsm", SPEECH, [], "x"))
    assert not np.array_equal(one, apply("noise=10+gsm", SPEECH, [], "y"))


@pytest.mark.parametrize("spec", ["noise=10", "babble=10", "loss=5", "g711", "gsm", "reverb"])
def test_silence_stays_usable(spec):
    silent = np.zeros(800, dtype=np.float32)
    assert np.isfinite(apply(spec, silent, VOICES, "x")).all()


def test_words_of_the_command_line_become_conditions():
    assert expand(["noise=20,10 gsm", "loss=2", "gsm", "noise=20+gsm"]) == (
        "noise=20",
        "noise=10",
        "gsm",
        "loss=2",
        "noise=20+gsm",
    )
    assert is_augmentation("noise=20")
    assert is_augmentation("gsm+level=3")
    assert not is_augmentation("audio_fixtures")


@pytest.mark.parametrize("spec", ["noise", "hum=3", "noise=x", "noise=99", "gsm=3", "speed=9"])
def test_what_is_not_allowed_is_refused(spec):
    with pytest.raises(ConfigError, match="allowed"):
        expand([spec])
