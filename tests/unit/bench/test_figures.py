"""Percentiles, and the softphone's two tracks they are read from."""

import math

import pytest

from ivr.audio.tones import tone
from ivr.bench.figures import Sample, percentile
from ivr.softphone.listening import Listening

pytestmark = pytest.mark.unit

FRAME = 320


def frames(samples: bytes) -> list[bytes]:
    return [samples[start : start + FRAME] for start in range(0, len(samples), FRAME)]


def silence(seconds: float) -> bytes:
    return bytes(round(seconds * 8000) * 2)


def test_percentiles_of_nothing_are_not_a_number():
    assert math.isnan(percentile([], 50))


def test_a_row_names_count_and_percentiles_in_milliseconds():
    sample = Sample("reply")
    for seconds in (0.1, 0.2, 0.3):
        sample.add(seconds)
    assert sample.row() == ("reply", "3", "200", "290", "298")


def test_reply_latency_is_read_off_one_clock():
    listening = Listening()
    said = silence(1.0) + tone(440, 0.5) + silence(1.5)
    heard = silence(2.2) + tone(600, 0.8)
    for own, other in zip(frames(said), frames(heard), strict=True):
        listening.frame(other, own)
    spoken_s = listening.last_spoken_before(listening.now_s)
    assert spoken_s == pytest.approx(1.5, abs=0.02)
    assert listening.first_audible_after(1.5) == pytest.approx(2.2, abs=0.02)


def test_quiet_time_starts_over_with_every_sound():
    listening = Listening()
    for other in frames(tone(600, 0.2) + silence(0.4)):
        listening.frame(other, bytes(FRAME))
    assert listening.heard_anything
    assert listening.quiet_s == pytest.approx(0.4, abs=0.03)
