"""A leg as the call core sees it, on a link that only keeps what it is told."""

import pytest

from ivr.audio.rings import PLAYBACK_SAMPLES, ReceivedFrame
from ivr.errors import AudioError, SipError
from ivr.media import wire
from ivr.media.media_leg import FRAMES, MediaLeg
from ivr.sip.causes import HangupCause, HangupSide
from ivr.sip.leg import Disconnected, Dtmf, LegId, LegIdentity, PlaybackFinished

pytestmark = pytest.mark.unit

ENDED = Disconnected(HangupCause(200, "", HangupSide.REMOTE))


class FakeLink:
    def __init__(self) -> None:
        self.commands: list[wire.Command] = []
        self.played: list[bytes] = []
        self.stops = 0
        self.gains: list[float] = []
        self.fault: SipError | None = None
        self.on_request: object = None

    async def request(self, command: wire.Command) -> None:
        self.commands.append(command)
        if callable(self.on_request):
            self.on_request()
        if self.fault is not None:
            raise self.fault

    async def dial(self, target: str, **_: object) -> MediaLeg:
        return leg_on(self, 3)

    def play(self, leg: int, samples: bytes) -> None:
        self.played.append(samples)

    def stop_playback(self, leg: int) -> None:
        self.stops += 1

    def set_playback_gain(self, leg: int, gain: float) -> None:
        self.gains.append(gain)


def leg_on(link: FakeLink, number: int = 1) -> MediaLeg:
    return MediaLeg(LegId(f"0.1.{number}"), number, LegIdentity(ani="", dnis=""), link)


def frame(index: int, played: int = 0, flushed: int = 0) -> ReceivedFrame:
    return ReceivedFrame(index * 160, played, flushed, bytes(320))


async def test_queued_samples_follow_what_the_worker_reports() -> None:
    leg = leg_on(FakeLink())
    leg.play(bytes(2000))
    assert leg.queued_samples == 1000
    leg.push_frame(frame(0, played=160))
    assert leg.queued_samples == 840


async def test_nothing_is_queued_after_a_stop_whatever_is_still_under_way() -> None:
    link = FakeLink()
    leg = leg_on(link)
    leg.play(bytes(2000))
    leg.stop_playback()
    leg.push_frame(frame(0, played=160))
    assert (leg.queued_samples, link.stops) == (0, 1)
    leg.play(bytes(600))
    assert leg.queued_samples == 300
    leg.push_frame(frame(1, played=200, flushed=800))
    assert leg.queued_samples == 300
    leg.push_frame(frame(2, played=360, flushed=800))
    assert leg.queued_samples == 140


async def test_playback_is_finished_only_when_nothing_was_added_meanwhile() -> None:
    leg = leg_on(FakeLink())
    leg.play(bytes(320))
    leg.play(bytes(320))
    leg.push_playback_finished(160, 0)
    leg.push_playback_finished(320, 0)
    leg.push_event(Dtmf("1"))
    assert [await leg.next_event(), await leg.next_event()] == [PlaybackFinished(320), Dtmf("1")]


async def test_more_than_a_minute_is_refused() -> None:
    leg = leg_on(FakeLink())
    leg.play(bytes(2 * PLAYBACK_SAMPLES))
    with pytest.raises(AudioError):
        leg.play(b"\0\0")


async def test_frames_drop_the_oldest_and_gaps_are_counted() -> None:
    leg = leg_on(FakeLink())
    for index in range(FRAMES + 2):
        leg.push_frame(frame(index))
    leg.push_frame(frame(FRAMES + 5))
    received = await leg.next_frame()
    assert received is not None
    assert received.frame.sample_index == 3 * 160
    assert leg.dropped_frames == 3 + 3


async def test_after_the_end_every_command_is_a_no_op() -> None:
    link = FakeLink()
    leg = leg_on(link)
    leg.push_event(ENDED)
    leg.push_event(Dtmf("1"))
    await leg.hang_up()
    await leg.answer()
    leg.play(bytes(320))
    leg.stop_playback()
    assert (link.commands, link.played, link.stops) == ([], [], 0)
    assert [await leg.next_event(), await leg.next_event()] == [ENDED, ENDED]
    assert await leg.next_frame() is None


async def test_a_fault_that_comes_with_the_end_is_no_fault() -> None:
    link = FakeLink()
    link.fault = SipError("worker_lost", "gone")
    leg = leg_on(link)
    with pytest.raises(SipError):
        await leg.ring()
    link.on_request = lambda: leg.push_event(ENDED)
    await leg.answer()


async def test_only_legs_of_one_worker_are_bridged() -> None:
    first, second = FakeLink(), FakeLink()
    with pytest.raises(SipError):
        await leg_on(first).bridge(leg_on(second))
    await leg_on(first, 1).bridge(leg_on(first, 3))
    assert first.commands == [wire.Connect(1, 3, hear=True, speak=True)]


async def test_the_gain_of_playback_is_passed_on_until_the_leg_has_ended() -> None:
    link = FakeLink()
    leg = leg_on(link)
    leg.set_playback_gain(0.125)
    leg.push_event(ENDED)
    leg.set_playback_gain(1.0)
    assert link.gains == [0.125]
