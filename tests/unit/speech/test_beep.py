"""An answering machine's beep is told from voices, keys and noise."""

from collections.abc import Iterator

import numpy as np
import pytest

from ivr.audio.augment import through_codec
from ivr.audio.pcm import FRAME_BYTES, LINE_RATE_HZ
from ivr.audio.resample import from_pcm, to_pcm
from ivr.audio.tones import tone
from ivr.softphone.bank import FixtureBank
from ivr.speech.beep import BeepDetector

pytestmark = pytest.mark.unit

NOISE = (np.random.default_rng(1).normal(0, 1000, LINE_RATE_HZ)).astype("<i2").tobytes()


def frames(samples: bytes) -> Iterator[bytes]:
    for start in range(0, len(samples) - FRAME_BYTES + 1, FRAME_BYTES):
        yield samples[start : start + FRAME_BYTES]


def heard_in(samples: bytes) -> bool:
    beep = BeepDetector()
    return any(beep.hears(frame) for frame in frames(samples))


def together(one: bytes, other: bytes) -> bytes:
    summed = np.frombuffer(one, "<i2").astype(np.int32) + np.frombuffer(other, "<i2")
    return summed.astype("<i2").tobytes()


@pytest.mark.parametrize("frequency_hz", [425, 440, 800, 1000, 1400, 2000])
@pytest.mark.parametrize("codec", [("WAV", "ALAW"), ("WAV", "GSM610")], ids=["alaw", "gsm"])
def test_a_beep_is_heard_through_codecs(frequency_hz: int, codec: tuple[str, str]):
    beep = through_codec(from_pcm(tone(frequency_hz, 0.6)), *codec)
    assert heard_in(to_pcm(beep))


def test_a_short_pip_keys_and_noise_are_none():
    assert not heard_in(tone(1000, 0.2) + bytes(3200) + tone(1000, 0.2))
    assert not heard_in(together(tone(770, 0.8), tone(1336, 0.8)))
    assert not heard_in(NOISE)
    assert not heard_in(bytes(32000))


def test_no_recorded_voice_holds_a_tone():
    assert [one.text for one in FixtureBank().fixtures if heard_in(one.samples())] == []
