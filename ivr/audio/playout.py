"""What a leg's far end hears of our playback, frame by frame, for recording. Pure.

The core knows the PCM it handed to `Leg.play` and, with each received frame, how many of those
samples had gone out and how many were dropped by stops (`LegFrame.played_samples` and
`flushed_samples`). Put together, this is the bot's channel.
"""

from typing import Final

from ivr.audio.pcm import FRAME_BYTES, FRAME_SAMPLES, SAMPLE_BYTES

_MOST_LAG_SAMPLES: Final = 5 * FRAME_SAMPLES
"""100 ms: clock jitter is evened out up to this, beyond it frames were lost and we catch up."""


class PlayoutTrack:
    """Follows one leg's playback. All calls in the order of events on the event loop."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._returned = 0
        self._flushed = 0

    @property
    def waiting_samples(self) -> int:
        """Appended and not yet returned."""
        return len(self._waiting) // SAMPLE_BYTES

    def appended(self, pcm: bytes) -> None:
        """`pcm` was handed to `Leg.play`."""
        self._waiting += pcm

    def frame(self, played_samples: int, flushed_samples: int = 0) -> bytes:
        """What was heard during the 20 ms that end with these counts."""
        due = max(0, played_samples - self._returned)
        flushed = max(0, flushed_samples - self._flushed)
        if flushed or due > _MOST_LAG_SAMPLES:
            # Frames were lost, or a stop ends this audio: the present counts, not the past.
            self._take(max(0, due - FRAME_SAMPLES))
            due = min(due, FRAME_SAMPLES)
        heard = self._take(min(due, FRAME_SAMPLES))
        del self._waiting[: flushed * SAMPLE_BYTES]
        self._flushed += flushed
        if not self._waiting:
            self._returned = played_samples  # a ringing tone was played past this track
        return heard.ljust(FRAME_BYTES, b"\0")

    def _take(self, samples: int) -> bytes:
        taken = bytes(self._waiting[: samples * SAMPLE_BYTES])
        del self._waiting[: samples * SAMPLE_BYTES]
        self._returned += len(taken) // SAMPLE_BYTES
        return taken
