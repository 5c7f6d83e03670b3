"""The bot's channel as the far end heard it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.audio.pcm import FRAME_BYTES, FRAME_SAMPLES
from ivr.audio.playout import PlayoutTrack

pytestmark = pytest.mark.unit

SILENCE = bytes(FRAME_BYTES)


def counting(samples: int, start: int = 1) -> bytes:
    return np.arange(start, start + samples, dtype="<i2").tobytes()


def test_without_playback_silence_is_heard() -> None:
    assert PlayoutTrack().frame(0) == SILENCE


def test_audio_is_heard_as_it_goes_out_not_as_it_is_handed_over() -> None:
    track = PlayoutTrack()
    track.appended(counting(400))
    assert track.frame(0) == SILENCE
    assert track.frame(160) == counting(160)
    assert track.frame(320) == counting(160, 161)
    assert track.frame(400) == counting(80, 321).ljust(FRAME_BYTES, b"\0")
    assert track.frame(400) == SILENCE


def test_what_was_cut_off_is_never_heard() -> None:
    track = PlayoutTrack()
    track.appended(counting(1000))
    track.frame(160)
    assert track.frame(200, 800) == counting(40, 161).ljust(FRAME_BYTES, b"\0")
    track.appended(counting(160, 5000))
    assert track.frame(360, 800) == counting(160, 5000)
    assert track.waiting_samples == 0


def test_audio_appended_before_the_stop_was_reported_is_heard_in_its_place() -> None:
    track = PlayoutTrack()
    track.appended(counting(1000))
    track.frame(160)
    track.appended(counting(160, 5000))  # after the stop, whose flush is not yet known
    assert track.frame(200, 800) == counting(40, 161).ljust(FRAME_BYTES, b"\0")
    assert track.frame(360, 800) == counting(160, 5000)


def test_what_was_played_past_the_track_does_not_swallow_what_follows() -> None:
    track = PlayoutTrack()
    for played in range(0, 8000, 160):  # a ringing tone of another source
        assert track.frame(played) == SILENCE
    track.appended(counting(320))
    assert track.frame(8000) == counting(160)
    assert track.frame(8160) == counting(160, 161)


def test_two_blocks_between_two_frames_are_heard_one_after_the_other() -> None:
    track = PlayoutTrack()
    track.appended(counting(480))
    assert track.frame(320) == counting(160)
    assert track.frame(320) == counting(160, 161)


def test_after_lost_frames_the_present_is_heard_not_the_past() -> None:
    track = PlayoutTrack()
    track.appended(counting(8000))
    assert track.frame(4000) == counting(160, 3841)
    assert track.frame(4160) == counting(160, 4001)


@given(st.lists(st.integers(0, 500), max_size=20), st.lists(st.integers(0, 400), max_size=40))
def test_frames_keep_their_length_and_samples_their_order(
    appended: list[int], steps: list[int]
) -> None:
    track = PlayoutTrack()
    total = 0
    for samples in appended:
        track.appended(counting(samples, total + 1))
        total += samples
    played, heard = 0, []
    for step in steps:
        played = min(played + step, total)
        frame = np.frombuffer(track.frame(played), "<i2")
        assert len(frame) == FRAME_SAMPLES
        heard += [int(sample) for sample in frame if sample]
    assert heard == sorted(set(heard))
    assert not heard or heard[-1] <= played
