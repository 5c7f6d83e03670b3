"""Loss and a far end that says nothing, told apart by their counters."""

import pytest

from ivr.media.rtp_gaps import GAP_S, RtpGaps

pytestmark = pytest.mark.unit

POLL_S = 0.04


class Line:
    """A far end sending 50 packets a second, polled every 40 ms."""

    def __init__(self) -> None:
        self.gaps = RtpGaps()
        self.packets = self.lost = 0
        self.now_s = 100.0

    def _poll(self) -> bool:
        self.now_s += POLL_S
        return self.gaps.on_poll(self.packets, self.lost, self.now_s)

    def sends(self, seconds: float) -> list[bool]:
        found = []
        for _ in range(round(seconds / POLL_S)):
            self.packets += 2
            found.append(self._poll())
        return found

    def loses(self, seconds: float) -> list[bool]:
        """Packets that are sent and do not come; they are counted when the next one comes."""
        found = [self._poll() for _ in range(round(seconds / POLL_S))]
        self.lost += round(seconds * 50)
        return found

    def pauses(self, seconds: float) -> list[bool]:
        """The far end sends nothing."""
        return [self._poll() for _ in range(round(seconds / POLL_S))]


def test_a_running_line_misses_nothing() -> None:
    assert not any(Line().sends(5.0))


def test_two_seconds_of_loss_are_missing_from_soon_after_they_begin_to_their_end() -> None:
    line = Line()
    line.sends(1.0)
    found = line.loses(2.0)
    assert not any(found[: int(GAP_S / POLL_S) - 1])
    assert all(found[int(GAP_S / POLL_S) :])
    assert not any(line.sends(1.0))


def test_lost_packets_here_and_there_make_no_gap() -> None:
    line = Line()
    for _ in range(20):
        assert not any([*line.sends(0.4), *line.loses(0.08)])


def test_a_far_end_that_pauses_is_known_from_its_second_pause_on() -> None:
    line = Line()
    line.sends(1.0)
    assert any(line.pauses(2.0))
    line.sends(1.0)
    assert line.gaps.sends_pauses
    assert not any(line.pauses(2.0))


def test_real_loss_on_a_line_that_seemed_to_pause_corrects_the_mistake() -> None:
    line = Line()
    line.sends(1.0)
    line.pauses(1.0)
    line.sends(1.0)
    line.loses(1.0)
    line.sends(1.0)
    assert not line.gaps.sends_pauses
    assert any(line.loses(1.0))


def test_before_the_first_packet_nothing_is_missing() -> None:
    assert not any(Line().pauses(3.0))
