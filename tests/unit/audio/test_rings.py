"""The rings between pjmedia's clock thread and the link."""

import itertools
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.audio.rings import FADE_SAMPLES, FrameRing, PlaybackRing, ReceivedFrame

pytestmark = pytest.mark.unit


def samples(count: int, value: int = 1000) -> bytes:
    return array("h", [value] * count).tobytes()


def values(data: bytes | None) -> list[int]:
    return list(array("h", data or b""))


def test_full_frame_ring_drops_the_oldest_and_counts() -> None:
    ring = FrameRing(capacity=2)
    for index in range(5):
        ring.push(ReceivedFrame(index, 0, 0, b""))
    assert ring.dropped == 3
    assert [ring.pop(), ring.pop(), ring.pop()] == [
        ReceivedFrame(3, 0, 0, b""),
        ReceivedFrame(4, 0, 0, b""),
        None,
    ]


def test_playback_comes_out_in_order_and_ends_once() -> None:
    ring = PlaybackRing()
    ring.write(samples(100, 1))
    ring.write(samples(100, 2))
    first, ended = ring.read(160)
    assert values(first) == [1] * 100 + [2] * 60
    assert not ended
    second, ended = ring.read(160)
    assert values(second) == [2] * 40 + [0] * 120
    assert ended
    assert ring.read(160) == (None, False)
    assert ring.played == 200


def test_stop_fades_over_five_milliseconds_and_counts_what_was_dropped() -> None:
    ring = PlaybackRing()
    ring.write(samples(1000))
    ring.read(160)
    ring.stop()
    tail, ended = ring.read(160)
    faded = values(tail)
    assert faded[0] == 1000
    assert faded[:FADE_SAMPLES] == sorted(faded[:FADE_SAMPLES], reverse=True)
    assert faded[FADE_SAMPLES:] == [0] * (160 - FADE_SAMPLES)
    assert not ended
    assert (ring.played, ring.flushed, ring.queued) == (200, 800, 0)


def test_what_is_written_after_a_stop_is_played_after_the_tail() -> None:
    ring = PlaybackRing()
    ring.write(samples(1000))
    ring.stop()
    ring.stop()
    ring.write(samples(50, 7))
    data, ended = ring.read(160)
    assert values(data)[FADE_SAMPLES : FADE_SAMPLES + 50] == [7] * 50
    assert ended
    assert ring.played + ring.flushed == 1050


def test_stop_of_an_empty_ring_changes_nothing() -> None:
    ring = PlaybackRing()
    ring.stop()
    assert ring.read(160) == (None, False)
    assert ring.flushed == 0


def test_what_does_not_fit_is_refused_and_counted() -> None:
    ring = PlaybackRing(capacity_samples=100)
    ring.write(samples(150))
    assert (ring.queued, ring.refused, ring.flushed) == (100, 50, 50)


@given(
    st.lists(
        st.one_of(
            st.integers(1, 500).map(lambda count: ("write", count)),
            st.integers(1, 400).map(lambda count: ("read", count)),
            st.just(("stop", 0)),
        )
    )
)
def test_every_sample_is_played_flushed_or_queued(steps: list[tuple[str, int]]) -> None:
    ring = PlaybackRing(capacity_samples=1000)
    written = 0
    for action, count in steps:
        if action == "write":
            ring.write(samples(count))
            written += count
        elif action == "stop":
            ring.stop()
        else:
            data, _ = ring.read(count)
            assert data is None or len(data) == 2 * count
        assert ring.played + ring.flushed + ring.queued == written


def test_a_softened_prompt_slides_to_its_level_within_one_frame_and_back() -> None:
    ring = PlaybackRing()
    ring.write(samples(1600))
    assert values(ring.read(160)[0]) == [1000] * 160
    ring.set_gain(0.125)
    slide = values(ring.read(160)[0])
    assert slide[0] == 1000
    assert slide == sorted(slide, reverse=True)
    assert max(left - right for left, right in itertools.pairwise(slide)) <= 6
    assert values(ring.read(160)[0]) == [125] * 160
    ring.set_gain(1.0)
    assert values(ring.read(160)[0])[0] == 125
    assert values(ring.read(160)[0]) == [1000] * 160
    assert ring.played == 800


def test_what_follows_a_stopped_soft_prompt_is_played_at_full_level() -> None:
    ring = PlaybackRing()
    ring.write(samples(1600))
    ring.set_gain(0.5)
    ring.read(160)
    ring.stop()
    ring.write(samples(160))
    tail = values(ring.read(FADE_SAMPLES)[0])
    assert tail[0] == 500
    assert values(ring.read(160)[0]) == [1000] * 160
