"""Clips and silences become one stretch of PCM."""

import pytest

from ivr.audio.pcm import SAMPLE_BYTES
from ivr.speech.joining import Clip, joined
from ivr.speech.phrase import Pause
from ivr.speech.shaping import LEAD_MS, TAIL_MS, samples_of

pytestmark = pytest.mark.unit

SOUND = b"\1\0" * 800


def length_ms(pcm: bytes) -> float:
    return len(pcm) / SAMPLE_BYTES / 8


def test_a_gap_counts_the_quiet_edges_of_its_neighbours() -> None:
    rendered = joined([Clip("а", SOUND, 120), Clip("б", SOUND, 0)], "а, б")
    assert length_ms(rendered.pcm) == 200 + 120 - LEAD_MS - TAIL_MS
    assert rendered.marks == ((0, "а"), (800 + samples_of(120 - LEAD_MS - TAIL_MS), "б"))


def test_a_gap_shorter_than_the_edges_adds_nothing() -> None:
    assert joined([Clip("а", SOUND, 20), Clip("б", SOUND, 0)], "").pcm == SOUND * 2


def test_a_gap_and_a_pause_count_once() -> None:
    rendered = joined([Clip("а", SOUND, 250), Pause(500), Pause(300), Clip("б", SOUND, 0)], "")
    assert length_ms(rendered.pcm) == 200 + 500 - LEAD_MS - TAIL_MS


def test_pauses_at_the_ends_are_heard() -> None:
    rendered = joined([Pause(100), Clip("а", SOUND, 0), Pause(200)], "")
    assert length_ms(rendered.pcm) == 100 - LEAD_MS + 100 + 200 - TAIL_MS
    assert rendered.duration_s == length_ms(rendered.pcm) / 1000


def test_pauses_alone_are_silence_and_nothing_is_nothing() -> None:
    assert joined([Pause(100)], "").pcm == bytes(1600)
    assert joined([], "").pcm == b""
