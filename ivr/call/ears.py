"""A leg's received audio -> speech events, hypotheses, and a tick per frame. Event loop only."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ivr.clock import Clock
from ivr.errors import AsrError
from ivr.sip.leg import Leg, LegFrame
from ivr.speech.asr import Hypothesis, Recognizer
from ivr.speech.endpointing import (
    Endpointer,
    EndpointingProfile,
    PreRoll,
    SpeechEnded,
    SpeechStarted,
    SpeechTooLong,
)
from ivr.speech.vad import SpeechDetector

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One stretch of the caller's speech. `..._s` are audio times, `..._at` monotonic seconds."""

    hypothesis: Hypothesis
    last_partial: str
    start_s: float
    end_s: float
    ended_at: float
    """When the last speech sample came in."""
    asr_ms: float
    """End of speech detected -> final hypothesis."""
    failed: bool = False
    """The recognizer broke; there is no text."""
    cut: bool = False
    """It reached the longest time that is listened to."""


class EarListener(Protocol):
    """Who is told. Started, ended and utterance strictly alternate in this order."""

    def on_speech_started(self, audio_s: float) -> None: ...

    def on_speech_ended(self) -> None: ...

    def on_partial(self, text: str, audio_s: float) -> None: ...

    def on_utterance(self, utterance: Utterance) -> None: ...

    def on_frame(self, audio_s: float) -> None: ...


class Ears:
    """Runs one leg's frames through voice activity, endpointing and recognition."""

    def __init__(
        self,
        leg: Leg,
        recognizer: Recognizer,
        detector: SpeechDetector,
        *,
        listener: EarListener,
        clock: Clock,
        tap: Callable[[LegFrame], None],
    ) -> None:
        self._leg = leg
        self._recognizer = recognizer
        self._detector = detector
        self._listener = listener
        self._clock = clock
        self._tap = tap
        self._endpointer = Endpointer(EndpointingProfile())
        self._pre_roll = PreRoll()
        self._last_partial = ""
        self._started_s = 0.0
        self._broken = False
        self.deaf = False
        """True while the caller talks to a person: nothing is recognized then."""

    def expect(self, profile: EndpointingProfile) -> None:
        """Use this patience from the next frame on."""
        self._endpointer.profile = profile

    async def run(self) -> None:
        """Until the leg's media ends."""
        while (received := await self._leg.next_frame()) is not None:
            self._tap(received)
            if not self.deaf:
                await self._hear(received)
            self._listener.on_frame(received.frame.end_s)

    async def _hear(self, received: LegFrame) -> None:
        frame = received.frame
        event = self._endpointer.feed_frame(self._detector.is_speech(frame), frame)
        if isinstance(event, SpeechStarted):
            self._started_s = event.at_s
            self._broken = False
            self._last_partial = ""
            self._listener.on_speech_started(event.at_s)
            await self._recognize(self._pre_roll.drain() + frame.samples, frame.end_s)
        elif isinstance(event, SpeechEnded | SpeechTooLong):
            cut = isinstance(event, SpeechTooLong)
            await self._finish(frame.samples, event.at_s, frame.end_s, cut=cut)
        elif self._endpointer.in_utterance:
            await self._recognize(frame.samples, frame.end_s)
        else:
            self._pre_roll.push(frame)

    async def _recognize(self, samples: bytes, audio_s: float) -> None:
        if self._broken:
            return
        try:
            partial = await self._recognizer.accept(samples)
        except AsrError as exc:
            self._on_fault(exc)
            return
        if partial is not None and partial.text != self._last_partial:
            self._last_partial = partial.text
            self._listener.on_partial(partial.text, audio_s)

    async def _finish(
        self, samples: bytes, speech_end_s: float, audio_s: float, *, cut: bool
    ) -> None:
        ended_at = self._clock.monotonic() - (audio_s - speech_end_s)
        self._listener.on_speech_ended()
        await self._recognize(samples, audio_s)
        detected_at = self._clock.monotonic()
        hypothesis = Hypothesis("", is_final=True)
        if not self._broken:
            try:
                hypothesis = await self._recognizer.finish()
            except AsrError as exc:
                self._on_fault(exc)
        self._listener.on_utterance(
            Utterance(
                hypothesis=hypothesis,
                last_partial=self._last_partial,
                start_s=self._started_s,
                end_s=speech_end_s,
                ended_at=ended_at,
                asr_ms=(self._clock.monotonic() - detected_at) * 1000,
                failed=self._broken,
                cut=cut,
            )
        )

    def _on_fault(self, exc: AsrError) -> None:
        self._broken = True
        log.error("x recognizer failed: %s", exc.message, extra={"action": "asr_fault"})
