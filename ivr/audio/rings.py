"""The two bounded crossings between pjmedia's clock thread and the rest of a media worker."""

import threading
from array import array
from collections import deque
from dataclasses import dataclass
from typing import Final

from ivr.audio.pcm import FRAME_SAMPLES, LINE_RATE_HZ, SAMPLE_BYTES

PLAYBACK_SAMPLES: Final = 60 * LINE_RATE_HZ
"""A playback ring holds one minute of audio."""
FADE_SAMPLES: Final = LINE_RATE_HZ * 5 // 1000
"""Stopped playback is faded out over 5 ms, so that it does not click."""
FRAMES: Final = 100
"""A frame ring holds two seconds."""


@dataclass(frozen=True, slots=True)
class ReceivedFrame:
    """20 ms of a leg's received audio with the state of its playback at that tick."""

    sample_index: int
    played_samples: int
    flushed_samples: int
    """Samples handed over for playback and dropped by a stop since the leg began."""
    samples: bytes
    missing: bool = False
    """No RTP comes in though it should: the samples are made up."""


class FrameRing:
    """Received frames, clock thread -> link writer thread. Drops the oldest when full."""

    def __init__(self, capacity: int = FRAMES) -> None:
        self._capacity = capacity
        self._frames: deque[ReceivedFrame] = deque()
        self.dropped = 0

    def push(self, frame: ReceivedFrame) -> None:
        """Clock thread: never waits. Deque operations are atomic, so no lock is needed."""
        if len(self._frames) >= self._capacity:
            try:
                self._frames.popleft()
                self.dropped += 1
            except IndexError:  # the writer took it in between
                pass
        self._frames.append(frame)

    def pop(self) -> ReceivedFrame | None:
        """Writer thread: the oldest frame, None when there is none."""
        try:
            return self._frames.popleft()
        except IndexError:
            return None


class PlaybackRing:
    """Audio to be played, link reader thread -> clock thread. Silence on underrun.

    Counts in samples since the leg began: every sample written is played, flushed or still queued.
    """

    def __init__(self, capacity_samples: int = PLAYBACK_SAMPLES) -> None:
        self._capacity = capacity_samples
        self._lock = threading.Lock()
        self._chunks: deque[bytes] = deque()
        self._offset = 0
        """Bytes of the first chunk that are gone already."""
        self._queued = 0
        self._fade_left = 0
        """Samples at the head of the queue that are the tail of a stopped playback."""
        self._gain = self._wanted_gain = 1.0
        self.played = 0
        self.flushed = 0
        self.refused = 0
        """Samples that did not fit."""

    @property
    def queued(self) -> int:
        """Samples written and neither played nor flushed."""
        return self._queued

    def write(self, samples: bytes) -> None:
        """Reader thread: append audio. What does not fit is refused and counted."""
        count = len(samples) // SAMPLE_BYTES
        with self._lock:
            room = self._capacity - self._queued
            if count > room:
                self.refused += count - room
                self.flushed += count - room
                count = room
            if count > 0:
                self._chunks.append(samples[: count * SAMPLE_BYTES])
                self._queued += count

    def set_gain(self, gain: float) -> None:
        """Reader thread: play louder or softer from the next frame on; 1.0 is as written."""
        with self._lock:
            self._wanted_gain = gain

    def stop(self) -> None:
        """Reader thread: drop everything queued but a faded tail of 5 ms, which is still played.

        What is written afterwards is played at full gain.
        """
        with self._lock:
            gain, self._gain, self._wanted_gain = self._gain, 1.0, 1.0
            if self._queued == 0:
                return
            kept = self._fade_left or min(FADE_SAMPLES, self._queued)
            tail = scaled(self._take(kept), gain, gain)
            self.flushed += self._queued
            self._chunks = deque([tail if self._fade_left else _faded(tail)])
            self._offset = 0
            self._queued = self._fade_left = kept

    def read(self, count: int = FRAME_SAMPLES) -> tuple[bytes | None, bool]:
        """Clock thread: (`count` samples or None for silence, True when a playback ended here)."""
        with self._lock:
            if self._queued == 0:
                return None, False
            available = min(count, self._queued)
            samples = self._take(available)
            # A stop's faded tail running out is not the end of a playback.
            ended = self._queued == 0 and available > self._fade_left
            self._fade_left = max(0, self._fade_left - available)
            self.played += available
            samples = scaled(samples, self._gain, self._wanted_gain)
            self._gain = self._wanted_gain
        return samples.ljust(count * SAMPLE_BYTES, b"\0"), ended

    def _take(self, count: int) -> bytes:
        wanted = count * SAMPLE_BYTES
        parts: list[bytes] = []
        while wanted > 0:
            chunk = self._chunks[0]
            part = chunk[self._offset : self._offset + wanted]
            parts.append(part)
            wanted -= len(part)
            self._offset += len(part)
            if self._offset >= len(chunk):
                self._chunks.popleft()
                self._offset = 0
        self._queued -= count
        return b"".join(parts)


def _faded(samples: bytes) -> bytes:
    return scaled(samples, 1.0, 0.0)


def scaled(samples: bytes, first: float, last: float) -> bytes:
    """int16 audio times a gain of 0..1 that goes evenly from `first` to `last`, so without a click.

    Plain arrays: a media worker does without numpy, and 160 samples take it 20 us.
    """
    if first == last == 1.0:
        return samples
    values = array("h", samples)
    step = (last - first) / max(1, len(values))
    return array(
        "h", (int(value * (first + step * index)) for index, value in enumerate(values))
    ).tobytes()
