"""The bot's own voice is known again, and a caller's voice is not taken for it."""

from pathlib import Path

import numpy as np
import pytest

from ivr.audio.pcm import FRAME_BYTES, FRAME_SAMPLES, LINE_RATE_HZ, PcmFrame
from ivr.audio.wav import load_audio
from ivr.call.echo import COMPARED_S, EchoDetector, EchoGuard
from ivr.sip.leg import LegFrame

pytestmark = pytest.mark.unit

VOICE = Path("models/voice-elena")
FIXTURES = Path("audio_fixtures/tts")
PROMPT = load_audio(VOICE / "06d94670c9a512a4.flac", LINE_RATE_HZ)
CALLERS = [load_audio(FIXTURES / f"{number}.flac", LINE_RATE_HZ) for number in ("0091", "0114")]
# The bot's own voice, in which the same person says something else.
CALLERS.append(load_audio(VOICE / "e501a4ed645feb90.flac", LINE_RATE_HZ))


def values(samples: bytes) -> np.ndarray:
    return np.frombuffer(samples, dtype="<i2").astype(np.float64)


def shares(received: np.ndarray, played: np.ndarray) -> list[bool]:
    """The detector's opinion on every frame in which something is heard."""
    detector = EchoDetector()
    opinions = []
    settled = round(COMPARED_S * LINE_RATE_HZ)
    for start in range(0, min(len(received), len(played)) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        piece = received[start : start + FRAME_SAMPLES]
        detector.frame(
            np.clip(piece, -32768, 32767).astype("<i2").tobytes(),
            played[start : start + FRAME_SAMPLES].astype("<i2").tobytes(),
        )
        heard = received[max(0, start - settled) : start + FRAME_SAMPLES]
        if start > settled and np.sqrt(np.mean(heard**2)) > 100:
            opinions.append(detector.is_echo())
    return opinions


@pytest.mark.parametrize("loss_db", [12, 20, 26])
@pytest.mark.parametrize("delay_s", [0.05, 0.2, 0.4])
def test_the_prompt_that_comes_back_is_known(loss_db, delay_s):
    played = values(PROMPT)
    received = np.roll(played, round(delay_s * LINE_RATE_HZ)) * 10 ** (-loss_db / 20)
    received[: round(delay_s * LINE_RATE_HZ)] = 0
    received += np.random.default_rng(1).normal(0, 8, len(received))
    assert np.mean(shares(received, played)) > 0.95


@pytest.mark.parametrize("number", range(len(CALLERS)))
@pytest.mark.parametrize("begin_s", [0.0, 1.0, 3.0])
def test_a_callers_voice_over_the_prompt_is_none(number, begin_s):
    played = values(PROMPT)[round(begin_s * LINE_RATE_HZ) :]
    assert np.mean(shares(values(CALLERS[number]), played)) < 0.05


def test_a_caller_who_speaks_into_the_echo_is_heard():
    played = values(PROMPT)
    caller = values(CALLERS[0])[: len(played)]
    received = np.roll(played, 1600)[: len(caller)] * 0.1 + caller
    loud = [
        start
        for start in range(1920, len(caller) - 1920, 160)
        if np.sqrt(np.mean(caller[start - 1920 : start] ** 2)) > 800
    ]
    assert loud
    assert np.mean(shares(received, played)) < 0.5


def test_silence_is_no_echo():
    assert not EchoDetector().is_echo()


class Line:
    """Takes everything."""

    queued_samples = 0

    def __init__(self) -> None:
        self.told: list[object] = []

    def play(self, samples: bytes) -> None:
        self.told.append(len(samples))

    def stop_playback(self) -> None:
        self.told.append("stop")

    def set_playback_gain(self, gain: float) -> None:
        self.told.append(gain)


def test_the_guard_passes_everything_on_and_follows_what_was_heard():
    line = Line()
    guard = EchoGuard(line)
    guard.play(PROMPT)
    guard.set_playback_gain(0.1)
    echo = np.roll(values(PROMPT), 1600)
    echo[:1600] = 0
    opinions = []
    for index in range(100):
        start = index * FRAME_SAMPLES
        sent = (echo[start : start + FRAME_SAMPLES] * 0.06).astype("<i2").tobytes()
        frame = PcmFrame(sent.ljust(FRAME_BYTES, b"\0"), LINE_RATE_HZ, start)
        guard.on_frame(LegFrame(frame, start + FRAME_SAMPLES))
        opinions.append(guard.is_echo())
    assert sum(opinions[30:]) > 50
    guard.stop_playback()
    assert line.told == [len(PROMPT), 0.1, "stop"]
