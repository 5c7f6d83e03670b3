"""What a leg's far end hears of our playback, frame by frame, for recording. Pure.

The core knows the PCM it handed to `Leg.play` and, with each received frame, how many of those
samples had gone out (`LegFrame.played_samples`). Put together, this is the bot's channel.
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
        self._appended = 0

    @property
    def waiting_samples(self) -> int:
        """Appended and not yet returned."""
        return self._appended - self._returned

    def appended(self, pcm: bytes) -> None:
        """`pcm` was handed to `Leg.play`."""
        self._waiting += pcm
        self._appended += len(pcm) // SAMPLE_BYTES

    def stopped(self, at_played_samples: int) -> None:
        """Playback was stopped; what lies beyond that position is never heard.

        Call it with the position of the first frame after `Leg.stop_playback`, before anything
        new is appended, because the new audio follows that position.
        """
        position = min(max(at_played_samples, self._returned), self._appended)
        self._appended = position
        del self._waiting[(position - self._returned) * SAMPLE_BYTES :]

    def frame(self, played_samples: int) -> bytes:
        """What was heard during the 20 ms that end when `played_samples` had gone out."""
        due = min(played_samples, self._appended) - self._returned
        if due > _MOST_LAG_SAMPLES:
            self._take(due - FRAME_SAMPLES)
            due = FRAME_SAMPLES
        return self._take(min(max(due, 0), FRAME_SAMPLES)).ljust(FRAME_BYTES, b"\0")

    def _take(self, samples: int) -> bytes:
        taken = bytes(self._waiting[: samples * SAMPLE_BYTES])
        del self._waiting[: samples * SAMPLE_BYTES]
        self._returned += samples
        return taken
