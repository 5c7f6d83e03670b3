"""Counters of received RTP -> whether audio is missing that the far end has sent. Pure.

When packets stop, pjmedia goes on with zero frames, which look like a silent caller. Only the
sequence numbers tell loss from a far end that sends nothing in silence (DTX, RFC 3389), and only
afterwards; so the first gap is taken for loss, and what it turned out to be decides the next ones.
"""

from dataclasses import dataclass
from typing import Final

GAP_S: Final = 0.12
"""Jitter of 60 ms and the jitter buffer's reserve make no gap; nor does a lost packet or four."""


@dataclass(slots=True)
class RtpGaps:
    """One leg's. Times are seconds of any steady clock."""

    sends_pauses: bool = False
    """The far end was found to stop sending of its own accord."""
    _packets: int = 0
    _lost: int = 0
    _last_packet_s: float = 0.0

    def on_poll(self, packets: int, lost: int, now_s: float) -> bool:
        """Take the counters of received and lost packets; whether audio is missing now."""
        if packets == self._packets:
            return packets > 0 and not self.sends_pauses and self._gap_s(now_s) >= GAP_S
        if self._packets and self._gap_s(now_s) >= GAP_S:
            self.sends_pauses = lost == self._lost
        self._packets, self._lost, self._last_packet_s = packets, lost, now_s
        return False

    def _gap_s(self, now_s: float) -> float:
        return now_s - self._last_packet_s
