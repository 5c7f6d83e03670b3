"""What plays, what may be interrupted and what was heard."""

import dataclasses

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


def test_the_item_is_the_one_that_was_heard_a_moment_ago():
    leg = RingLeg()
    player = Player(leg)
    for number in (None, 1, 2, 3, None):
        piece = segment(str(number), 8000)
        player.play(dataclasses.replace(piece, item=number))
    named = {}
    for _ in range(50):
        named[round(player.played_s, 1)] = player.item
        leg.passes(800)
    assert (named[0.8], named[1.6], named[2.2], named[2.6], named[3.8]) == (None, 1, 1, 2, 3)
    assert named[4.3] == 3  # just after the last one
    assert named[4.9] is None


def test_a_yes_answers_a_question_once_enough_of_it_was_heard():
    leg = RingLeg()
    player = Player(leg)
    player.play(segment("information", 8000))
    player.play(dataclasses.replace(segment("question", 8000), answerable_from=4000))
    heard = []
    for _ in range(5):
        heard.append(player.answerable)
        leg.passes(3200)
    assert heard == [False, False, False, False, True]
