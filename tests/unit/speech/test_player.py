"""What plays, what may be interrupted and what was heard."""

import pytest

from ivr.speech.player import Player, Segment

pytestmark = pytest.mark.unit


class RingLeg:
    """A leg that plays when told to."""

    def __init__(self) -> None:
        self.queued_samples = 0

    def play(self, samples: bytes) -> None:
        self.queued_samples += len(samples) // 2

    def stop_playback(self) -> None:
        self.queued_samples = 0

    def set_playback_gain(self, gain: float) -> None:
        self.gain = gain

    def passes(self, samples: int) -> None:
        self.queued_samples -= samples


def segment(text: str, samples: int, *, barge_in: bool = True) -> Segment:
    return Segment(phrase=(), text=text, samples=bytes(2 * samples), barge_in=barge_in)


def test_position_follows_the_wire():
    leg = RingLeg()
    player = Player(leg)
    player.play(segment("a", 8000))
    leg.passes(2000)
    assert player.position == 2000
    assert player.played_s == 0.25
    assert player.playing


def test_stop_returns_the_interrupted_segment_and_those_after_it():
    leg = RingLeg()
    player = Player(leg)
    for name in "abc":
        player.play(segment(name, 1000))
    leg.passes(1500)
    assert [rest.text for rest in player.stop()] == ["b", "c"]
    assert not player.playing
    assert player.position == 0


def test_a_protected_segment_forbids_barge_in_until_it_was_heard():
    leg = RingLeg()
    player = Player(leg)
    player.play(segment("a", 1000, barge_in=False))
    player.play(segment("b", 1000))
    assert not player.interruptible
    leg.passes(1000)
    assert player.interruptible


def test_a_new_turn_forgets_what_was_heard_and_keeps_what_still_plays():
    leg = RingLeg()
    player = Player(leg)
    player.play(segment("a", 1000))
    player.play(segment("b", 1000))
    leg.passes(1200)
    player.begin()
    player.play(segment("c", 500))
    assert player.position == 200
    leg.passes(1000)
    assert [rest.text for rest in player.stop()] == ["c"]


def test_an_empty_segment_plays_nothing():
    player = Player(RingLeg())
    player.play(segment("", 0))
    assert not player.playing
    assert player.interruptible
