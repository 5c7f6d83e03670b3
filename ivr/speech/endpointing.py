"""Where utterances begin and end, decided in audio time from frame-wise speech decisions. Pure.

The words follow MRCPv2 (RFC 6787): the trailing silence is its speech-complete timeout, the longest
utterance its recognition timeout.
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ivr.audio.pcm import PcmFrame

START_GAP_S: Final = 0.045
"""Two frames without speech do not break a beginning: stop consonants are silent that long."""
ROUNDING_S: Final = 1e-6
"""Frame times are sums of 20 ms in binary fractions."""
PRE_ROLL_MS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointingProfile:
    """How patient to be; differs by the kind of question that is open."""

    start_ms: int = 80
    """Speech longer than this starts an utterance; clicks below 60 ms touch four frames."""
    trailing_silence_ms: int = 550
    """Silence this long ends an utterance."""
    max_utterance_s: float = 15.0


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """An utterance began."""

    at_s: float
    """Audio time of its first speech frame."""
    detected_at_s: float


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """An utterance is over."""

    at_s: float
    """Audio time at which the last speech frame ended."""
    detected_at_s: float


@dataclass(frozen=True, slots=True)
class SpeechTooLong:
    """An utterance was cut at the limit; it is over, what follows is a new one."""

    at_s: float
    started_at_s: float


EndpointEvent = SpeechStarted | SpeechEnded | SpeechTooLong


class EndpointingState(StrEnum):
    """In lifecycle order."""

    SILENCE = "silence"
    BEGINNING = "beginning"  # speech, too short yet to count
    UTTERANCE = "utterance"


class Endpointer:
    """Frame decisions in, utterance borders out. One per leg."""

    def __init__(self, profile: EndpointingProfile) -> None:
        self.profile = profile
        """May be replaced at any time; counts from the next frame on."""
        self._state = EndpointingState.SILENCE
        self._started_at_s = 0.0
        self._last_speech_s = 0.0
        self._speech_s = 0.0

    @property
    def in_utterance(self) -> bool:
        """True between `SpeechStarted` and the event that ends the utterance."""
        return self._state is EndpointingState.UTTERANCE

    def feed(self, is_speech: bool, start_s: float, end_s: float) -> EndpointEvent | None:
        """Take the decision about one frame, with its audio times; what follows from it."""
        match self._state:
            case EndpointingState.SILENCE:
                return self._on_silence(is_speech, start_s, end_s)
            case EndpointingState.BEGINNING:
                return self._on_beginning(is_speech, start_s, end_s)
            case EndpointingState.UTTERANCE:
                return self._on_utterance(is_speech, end_s)

    def feed_frame(self, is_speech: bool, frame: PcmFrame) -> EndpointEvent | None:
        """`feed` with the frame's own times."""
        return self.feed(is_speech, frame.start_s, frame.end_s)

    def reset(self) -> None:
        """Forget a beginning or an utterance without an event."""
        self._state = EndpointingState.SILENCE
        self._speech_s = 0.0

    def _on_silence(self, is_speech: bool, start_s: float, end_s: float) -> EndpointEvent | None:
        if not is_speech:
            return None
        self._state = EndpointingState.BEGINNING
        self._started_at_s = start_s
        self._speech_s = 0.0
        return self._grow(start_s, end_s)

    def _on_beginning(self, is_speech: bool, start_s: float, end_s: float) -> EndpointEvent | None:
        if end_s - self._last_speech_s > START_GAP_S + (end_s - start_s) * is_speech:
            self.reset()
            return self._on_silence(is_speech, start_s, end_s)
        return self._grow(start_s, end_s) if is_speech else None

    def _grow(self, start_s: float, end_s: float) -> EndpointEvent | None:
        self._speech_s += end_s - start_s
        self._last_speech_s = end_s
        if self._speech_s <= self.profile.start_ms / 1000 + ROUNDING_S:
            return None
        self._state = EndpointingState.UTTERANCE
        return SpeechStarted(self._started_at_s, end_s)

    def _on_utterance(self, is_speech: bool, end_s: float) -> EndpointEvent | None:
        if is_speech:
            self._last_speech_s = end_s
        silence_s = end_s - self._last_speech_s
        if silence_s >= self.profile.trailing_silence_ms / 1000 - ROUNDING_S:
            self.reset()
            return SpeechEnded(self._last_speech_s, end_s)
        if end_s - self._started_at_s >= self.profile.max_utterance_s - ROUNDING_S:
            self.reset()
            return SpeechTooLong(end_s, self._started_at_s)
        return None


class PreRoll:
    """The last frames before an utterance was noticed, so that its first phones are recognized."""

    def __init__(self, length_ms: int = PRE_ROLL_MS) -> None:
        self._limit_s = length_ms / 1000
        self._frames: deque[PcmFrame] = deque()
        self._held_s = 0.0

    def push(self, frame: PcmFrame) -> None:
        """Remember a frame; the oldest go beyond the length."""
        self._frames.append(frame)
        self._held_s += frame.duration_s
        while self._held_s > self._limit_s + ROUNDING_S:
            self._held_s -= self._frames.popleft().duration_s

    def drain(self) -> bytes:
        """Samples of what is held, oldest first; the ring is empty afterwards."""
        samples = b"".join(frame.samples for frame in self._frames)
        self._frames.clear()
        self._held_s = 0.0
        return samples
