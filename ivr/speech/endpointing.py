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
LONGEST_GAP_S: Final = 4.0
"""Audio missing from the line for longer than this counts as silence after all."""


SURE: Final = 1.0
UNDECIDED: Final = 0.5
UNFINISHED: Final = 0.0
"""How sure it is that the words heard so far are all: the ends and the middle of the scale."""


class Completeness(StrEnum):
    """The same in a word, for records; surest end first."""

    COMPLETE = "complete"
    UNDECIDED = "undecided"
    INCOMPLETE = "incomplete"

    @staticmethod
    def of(sureness: float) -> "Completeness":
        """The middle half of the scale is undecided."""
        if sureness >= (SURE + UNDECIDED) / 2:
            return Completeness.COMPLETE
        if sureness <= (UNFINISHED + UNDECIDED) / 2:
            return Completeness.INCOMPLETE
        return Completeness.UNDECIDED


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointingProfile:
    """How patient to be; differs by the kind of question that is open."""

    start_ms: int = 80
    """Speech longer than this starts an utterance; clicks below 60 ms touch four frames."""
    complete_ms: int = 550
    """Silence this long ends an utterance whose words are complete."""
    trailing_silence_ms: int = 550
    """The same while nothing is known of the words, or they may be an end as well as not."""
    incomplete_ms: int = 550
    """The same when the words cannot be all."""
    max_utterance_s: float = 15.0

    def patience_ms(self, sureness: float) -> int:
        """Trailing silence that ends an utterance: the three values and what lies between them."""
        if sureness >= UNDECIDED:
            share, less, more = sureness - UNDECIDED, self.complete_ms, self.trailing_silence_ms
        else:
            share, less, more = sureness, self.trailing_silence_ms, self.incomplete_ms
        return round(more - (more - less) * 2 * share)


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
    sureness: float = UNDECIDED
    """What was thought of the words when the silence had lasted long enough."""
    patience_ms: int = 0
    """The silence that was waited for."""


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
        self._missing_s = 0.0
        self._silence_s = 0.0
        self._sureness = UNDECIDED

    @property
    def in_utterance(self) -> bool:
        """True between `SpeechStarted` and the event that ends the utterance."""
        return self._state is EndpointingState.UTTERANCE

    @property
    def silence_s(self) -> float:
        """How long the caller has been silent within the utterance, seconds; missing audio is no
        silence."""
        return self._silence_s if self.in_utterance else 0.0

    def judge(self, sureness: float) -> None:
        """So sure it is that the words heard so far are all; holds until the caller speaks on."""
        self._sureness = sureness

    def feed(
        self, is_speech: bool, start_s: float, end_s: float, *, missing: bool = False
    ) -> EndpointEvent | None:
        """Take the decision about one frame, with its audio times; what follows from it.

        `missing`: nothing came in from the far end, so the frame tells neither speech nor silence.
        """
        is_speech = is_speech and not missing
        match self._state:
            case EndpointingState.SILENCE:
                return self._on_silence(is_speech, start_s, end_s)
            case EndpointingState.BEGINNING:
                return self._on_beginning(is_speech, start_s, end_s)
            case EndpointingState.UTTERANCE:
                return self._on_utterance(is_speech, end_s, end_s - start_s if missing else 0.0)

    def feed_frame(
        self, is_speech: bool, frame: PcmFrame, *, missing: bool = False
    ) -> EndpointEvent | None:
        """`feed` with the frame's own times."""
        return self.feed(is_speech, frame.start_s, frame.end_s, missing=missing)

    def end(self, end_s: float) -> SpeechEnded:
        """The utterance is over although nothing shows it: the caller answers in another way."""
        self.reset()
        return SpeechEnded(self._last_speech_s, end_s, self._sureness)

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
        self._on_speech(end_s)
        return SpeechStarted(self._started_at_s, end_s)

    def _on_utterance(
        self, is_speech: bool, end_s: float, missing_s: float
    ) -> EndpointEvent | None:
        self._missing_s += missing_s
        if is_speech:
            self._on_speech(end_s)
        self._silence_s = end_s - self._last_speech_s
        if self._missing_s <= LONGEST_GAP_S:
            self._silence_s -= self._missing_s
        sureness = self._sureness
        patience_ms = self.profile.patience_ms(self._sureness)
        if self._silence_s >= patience_ms / 1000 - ROUNDING_S:
            self.reset()
            return SpeechEnded(self._last_speech_s, end_s, sureness, patience_ms)
        if end_s - self._started_at_s >= self.profile.max_utterance_s - ROUNDING_S:
            self.reset()
            return SpeechTooLong(end_s, self._started_at_s)
        return None

    def _on_speech(self, end_s: float) -> None:
        self._last_speech_s = end_s
        self._silence_s = self._missing_s = 0.0
        self._sureness = UNDECIDED


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
