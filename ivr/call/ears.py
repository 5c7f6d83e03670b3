"""A leg's received audio -> speech events, hypotheses, and a tick per frame. Event loop only."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from ivr.audio.pcm import LINE_RATE_HZ, SAMPLE_BYTES, PcmFrame, mirrored_end
from ivr.call.completeness import Judgement
from ivr.clock import Clock
from ivr.errors import AsrError
from ivr.sip.leg import Leg, LegFrame
from ivr.speech.asr import Hypothesis, Recognizer
from ivr.speech.endpointing import (
    Completeness,
    Endpointer,
    EndpointingProfile,
    PreRoll,
    SpeechEnded,
    SpeechStarted,
    SpeechTooLong,
)
from ivr.speech.melody import Melody, voice_of
from ivr.speech.vad import SpeechDetector

log = logging.getLogger(__name__)

LOOK_S: Final = 0.1
"""Silence after which the words so far are looked at: no stop consonant is silent for longer, and
the look is over before the shortest patience is. Recognizers need twice as much after a word to be
sure of it, so the look gets this silence twice."""
LONGEST_LOOK_S: Final = 10.0
"""An utterance longer than this is not looked at any more: a look decodes it from its beginning."""
WORD_VOICED_S: Final = 0.02
"""A lone word with less voice is none: recognizers take coughs for «пока», sure of it or not, and
the call would be over. Longer rows of words without a voice are somebody who whispers."""
SLOW_LOOKS: Final = 2
"""After so many of them there are no more looks in a call."""


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
    endpoint: str = ""
    """Why the utterance was taken for over: 'complete number', 'incomplete leads_on', 'silence',
    'too_long'."""
    patience_ms: int | None = None
    """The trailing silence that was waited for; None when it was too long."""
    cut: bool = False
    """It reached the longest time that is listened to."""


class EndJudge(Protocol):
    """Who tells how patient to be."""

    @property
    def profile(self) -> EndpointingProfile: ...

    @property
    def understanding(self) -> bool:
        """False: the words make no difference, so they are not looked at."""
        ...

    @property
    def look_limit_s(self) -> float | None:
        """A look that takes longer costs more than it gains: silence has to do."""
        ...

    @property
    def melody(self) -> bool:
        """Whether it makes a difference how the voice moves."""
        ...

    def ahead(self, text: str) -> None:
        """These may be all the words."""
        ...

    def judge(self, text: str, melody: Melody | None) -> Judgement: ...


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
        patience: EndJudge,
        clock: Clock,
        tap: Callable[[LegFrame], None],
    ) -> None:
        self._leg = leg
        self._recognizer = recognizer
        self._detector = detector
        self._listener = listener
        self._clock = clock
        self._tap = tap
        self._patience = patience
        self._endpointer = Endpointer(patience.profile)
        self._pre_roll = PreRoll()
        self._last_partial = ""
        self._started_s = 0.0
        self._samples = bytearray()
        """The utterance under way."""
        self._look: Hypothesis | None = None
        """What was heard up to the present pause."""
        self._melody: Melody | None = None
        """How the voice moved up to it."""
        self._looked = False
        self._wordless = False
        """That was a cough, whatever the recognizer made of it."""
        self._slow_looks = 0
        self._why = ""
        self._ending = False
        """Somebody knows that the utterance under way is over."""
        self._closing: asyncio.Task[None] | None = None
        self._broken = False
        self.deaf = False
        """True while the caller talks to a person: nothing is recognized then."""

    def expect(self, question: str) -> None:
        """Another question is open: use its patience from the next frame on, and from the next
        utterance on the graph of this kind of question; '' is any."""
        self._endpointer.profile = self._patience.profile
        self._recognizer.expect(question)

    def end_utterance(self) -> None:
        """Take the utterance under way for over at the next frame: the caller has begun to type."""
        self._ending = self._endpointer.in_utterance

    async def run(self) -> None:
        """Until the leg's media ends."""
        try:
            while (received := await self._leg.next_frame()) is not None:
                self._tap(received)
                if not self.deaf:
                    await self._hear(received)
                self._listener.on_frame(received.frame.end_s)
        finally:
            await self._recognizer_ready()

    async def _hear(self, received: LegFrame) -> None:
        frame = received.frame
        event = self._endpointer.feed_frame(
            self._detector.is_speech(frame), frame, missing=received.missing
        )
        if isinstance(event, SpeechStarted):
            await self._begin(event, frame)
        elif isinstance(event, SpeechEnded | SpeechTooLong):
            await self._finish(frame.samples, event, frame.end_s)
        elif self._endpointer.in_utterance and self._ending:
            await self._finish(frame.samples, self._endpointer.end(frame.end_s), frame.end_s)
        elif self._endpointer.in_utterance:
            if not received.missing:
                await self._recognize(frame.samples, frame.end_s)
            await self._follow_pause(frame.end_s)
        else:
            self._pre_roll.push(frame)

    async def _begin(self, event: SpeechStarted, frame: PcmFrame) -> None:
        self._started_s = event.at_s
        self._broken = False
        self._last_partial = ""
        self._samples.clear()
        self._forget_look()
        self._ending = False
        self._listener.on_speech_started(event.at_s)
        await self._recognizer_ready()
        await self._recognize(self._pre_roll.drain() + frame.samples, frame.end_s)

    async def _recognize(self, samples: bytes, audio_s: float) -> None:
        if self._broken:
            return
        self._samples += samples
        try:
            partial = await self._recognizer.accept(samples)
        except AsrError as exc:
            self._on_fault(exc)
            return
        if partial is not None:
            self._tell_partial(partial.text, audio_s)

    def _tell_partial(self, text: str, audio_s: float) -> None:
        if text != self._last_partial:
            self._last_partial = text
            self._listener.on_partial(text, audio_s)

    async def _follow_pause(self, audio_s: float) -> None:
        """The caller pauses: look at the words once, then keep judging what is known of them."""
        silence_s = self._endpointer.silence_s
        if not silence_s:
            self._forget_look()
            return
        if not self._looked and silence_s >= LOOK_S and self._may_look():
            self._looked = True
            await self._take_look(audio_s)
        if self._look is not None:
            judgement = self._patience.judge(self._look.text, self._melody)
            self._why = judgement.reason
            self._endpointer.judge(judgement.sureness)

    def _forget_look(self) -> None:
        self._look, self._melody, self._looked, self._why = None, None, False, ""
        self._wordless = False

    def _may_look(self) -> bool:
        if self._broken or self._slow_looks >= SLOW_LOOKS:
            return False
        if not self._patience.understanding:
            return False
        return len(self._samples) <= LONGEST_LOOK_S * LINE_RATE_HZ * SAMPLE_BYTES

    async def _take_look(self, audio_s: float) -> None:
        """Frames wait meanwhile; the look at a sentence of two seconds takes 40 ms."""
        samples = bytes(self._samples)
        try:
            async with asyncio.timeout(self._patience.look_limit_s):
                self._look = await self._recognizer.look(samples + mirrored_end(samples, LOOK_S))
        except AsrError as exc:  # silence has to do then
            log.warning("x no look: %s", exc.message, extra={"action": "asr_fault"})
            return
        except TimeoutError:
            log.warning("x no look: recognition takes too long", extra={"action": "look"})
            self._slow_looks += 1
            return
        if self._patience.melody:
            voice = await asyncio.to_thread(voice_of, samples)
            self._melody = voice.melody
            if voice.voiced_s < WORD_VOICED_S and len(self._look.text.split()) == 1:
                self._look, self._wordless = Hypothesis("", is_final=True), True
        self._tell_partial(self._look.text, audio_s)
        self._patience.ahead(self._look.text)

    async def _finish(
        self, samples: bytes, event: SpeechEnded | SpeechTooLong, audio_s: float
    ) -> None:
        ended_at = self._clock.monotonic() - (audio_s - event.at_s)
        self._listener.on_speech_ended()
        await self._recognize(samples, audio_s)
        detected_at = self._clock.monotonic()
        hypothesis = await self._final()
        self._listener.on_utterance(
            Utterance(
                hypothesis=hypothesis,
                last_partial=self._last_partial,
                start_s=self._started_s,
                end_s=event.at_s,
                ended_at=ended_at,
                asr_ms=(self._clock.monotonic() - detected_at) * 1000,
                failed=self._broken,
                endpoint=self._reason(event),
                patience_ms=event.patience_ms if isinstance(event, SpeechEnded) else None,
                cut=isinstance(event, SpeechTooLong),
            )
        )

    def _reason(self, event: SpeechEnded | SpeechTooLong) -> str:
        if isinstance(event, SpeechTooLong):
            return "too_long"
        return f"{Completeness.of(event.sureness)} {self._why}" if self._why else "silence"

    async def _final(self) -> Hypothesis:
        """The whole utterance's text. Silence alone has come in since the look: it knows the rest.

        The recognizer gets ready for the next utterance while the answer is on its way.
        """
        if self._broken:
            return Hypothesis("", is_final=True)
        # Where nothing was understood, more context may do for a lone word.
        if self._look is not None and (self._look.text or self._wordless):
            self._closing = asyncio.create_task(self._close_utterance())
            return self._look
        try:
            return await self._recognizer.finish()
        except AsrError as exc:
            self._on_fault(exc)
            return Hypothesis("", is_final=True)

    async def _close_utterance(self) -> None:
        try:
            await self._recognizer.finish()
        except AsrError as exc:
            log.warning("x recognizer: %s", exc.message, extra={"action": "asr_fault"})

    async def _recognizer_ready(self) -> None:
        if self._closing is not None:
            await self._closing
            self._closing = None

    def _on_fault(self, exc: AsrError) -> None:
        self._broken = True
        log.error("x recognizer failed: %s", exc.message, extra={"action": "asr_fault"})
