"""Voice activity on generated noise and on the real recordings."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.audio.pcm import FRAME_SAMPLES, LINE_RATE_HZ, PcmFrame
from ivr.errors import AudioError
from ivr.speech.endpointing import Endpointer, EndpointingProfile, SpeechEnded, SpeechStarted
from ivr.speech.vad import EnergyGate, SpeechDetector, level_db

pytestmark = pytest.mark.unit

FIXTURES = Path(__file__).parents[3] / "audio_fixtures"
Samples = np.ndarray[tuple[int], np.dtype[np.int16]]


def noise(seconds: float, db: float, seed: int = 0) -> Samples:
    values = np.random.default_rng(seed).normal(0, 32768 * 10 ** (db / 20), int(seconds * 8000))
    return np.clip(values, -32768, 32767).astype(np.int16)


def frames(samples: Samples) -> Iterator[PcmFrame]:
    for index in range(0, len(samples) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        yield PcmFrame(samples[index : index + FRAME_SAMPLES].tobytes(), LINE_RATE_HZ, index)


def events(samples: Samples) -> list[object]:
    detector, endpointer = SpeechDetector(2), Endpointer(EndpointingProfile())
    found = (endpointer.feed_frame(detector.is_speech(frame), frame) for frame in frames(samples))
    return [event for event in found if event is not None]


def fixture(name: str) -> Samples:
    samples, rate_hz = soundfile.read(FIXTURES / name, dtype="int16")
    assert rate_hz == LINE_RATE_HZ
    return np.asarray(samples, dtype=np.int16)


def test_another_rate_is_refused_loudly() -> None:
    with pytest.raises(AudioError, match="8000 Hz audio, this frame has 16000 Hz"):
        SpeechDetector().is_speech(PcmFrame(bytes(640), 16000, 0))


@pytest.mark.parametrize("size", [0, 160, 322])
def test_another_frame_length_is_refused_loudly(size: int) -> None:
    with pytest.raises(AudioError, match="frames of 320 bytes"):
        SpeechDetector().is_speech(PcmFrame(bytes(size), LINE_RATE_HZ, 0))


def test_an_aggressiveness_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="mode"):
        SpeechDetector(4)


@pytest.mark.parametrize("db", [-60, -50, -40, -30, -20])
def test_steady_noise_never_holds_an_utterance_open(db: float) -> None:
    found = events(noise(6.0, db))
    assert found == [] or isinstance(found[-1], SpeechEnded)
    assert len(found) <= 2


@pytest.mark.parametrize("name", ["tts/0002.flac", "tts/0015.flac", "human/0001.flac"])
@pytest.mark.parametrize("noise_db", [-90, -45])
def test_a_recorded_sentence_is_one_utterance(name: str, noise_db: float) -> None:
    speech = fixture(name)
    quiet = np.zeros(8000, dtype=np.int16)
    line = np.concatenate([quiet, speech, quiet])
    line = (line // 2 + noise(len(line) / 8000 + 0.1, noise_db)[: len(line)]).astype(np.int16)
    started, ended = events(line)
    assert isinstance(started, SpeechStarted)
    assert isinstance(ended, SpeechEnded)
    assert 0.95 <= started.at_s < 1.4
    assert 1.0 + len(speech) / 8000 - 0.5 < ended.at_s < 1.0 + len(speech) / 8000 + 0.1


def test_digital_silence_is_never_speech_and_leaves_the_floor_low() -> None:
    detector = SpeechDetector()
    assert not any(detector.is_speech(frame) for frame in frames(np.zeros(16000, dtype=np.int16)))
    assert detector.probability == 0.0
    assert detector.floor_db < -60


def test_probability_is_the_share_of_the_last_frames() -> None:
    detector = SpeechDetector()
    decisions = [detector.is_speech(frame) for frame in frames(fixture("tts/0003.flac"))]
    assert any(decisions)
    assert detector.probability == sum(decisions[-5:]) / 5


def test_the_gate_follows_a_rising_background_within_a_second_and_a_half() -> None:
    gate = EnergyGate()
    for _ in range(100):
        gate.passes(-60.0)
    decisions = [gate.passes(-35.0) for _ in range(100)]
    assert all(decisions[:74])
    assert not any(decisions[76:])


def test_a_full_scale_square_wave_is_zero_db() -> None:
    square = np.tile(np.array([32767, -32767], dtype=np.int16), 80)
    assert level_db(square.tobytes()) == pytest.approx(0.0, abs=0.01)
