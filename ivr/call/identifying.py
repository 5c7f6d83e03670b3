"""Asks somebody who was called back whether they are there and want to talk. Event loop only.

The same ears, floor and recognizer as in an ordinary call, with one question. An operator must not
be spent on an answering machine, on a pocket, or on somebody who cannot talk now.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from ivr.audio.pcm import FRAME_MS
from ivr.call.conversation import Renderer, Understanding
from ivr.call.ears import Ears, Utterance
from ivr.call.echo import EchoGuard
from ivr.call.floor import Answer as Reply
from ivr.call.floor import Floor, FloorListener, Pressed, Senses, Spoken
from ivr.call.patience import Patience, PatienceSettings
from ivr.call.speculation import Speculation
from ivr.clock import Clock
from ivr.dialogue.actions import QuestionKind
from ivr.dialogue.intents import Move, Talk, treatment
from ivr.dialogue.state import Topic
from ivr.dialogue.yes_no import yes_or_no
from ivr.errors import NluError, SynthesisError
from ivr.handoff.calling_back import Answer
from ivr.nlu.thresholds import Decision
from ivr.sip.leg import Disconnected, Dtmf, Leg, LegFrame
from ivr.speech.asr import RecognizerFactory
from ivr.speech.beep import BeepDetector
from ivr.speech.phrase import FreeText, Name, Phrase
from ivr.speech.player import Player, Segment
from ivr.speech.vad import SpeechDetector

log = logging.getLogger(__name__)

GREETING: Final[Phrase] = (
    FreeText("Здравствуйте! Это виртуальный помощник."),
    *(Name("ноль"), Name("шестьсот"), Name("одиннадцать")),
    FreeText("Вы просили перезвонить."),
)
"""In words that were recorded, like the question: people hang up on a voice that sounds wrong."""
QUESTION: Final[Phrase] = (FreeText("Соединить вас с оператором? Скажите: да, или нажмите один."),)
LATER_QUESTION: Final[Phrase] = (
    FreeText("Перезвонить вам позже? Если да, нажмите один. Чтобы отменить звонок, нажмите два."),
)
LATER_SAID: Final[Phrase] = (FreeText("Хорошо. Перезвоним позже. До свидания!"),)
CANCEL_SAID: Final[Phrase] = (FreeText("Обратный звонок отменён. До свидания!"),)

NO_INPUT_S: Final = 5.0
MACHINE_S: Final = 3.5
"""Nobody who picks up the phone speaks for so long without waiting for an answer; announcements
do. Seconds of voice."""
BREATH_S: Final = 1.0
"""A pause in which an announcement draws breath; people wait longer."""
ASKED: Final = 3
"""Times the question is put to somebody who answers something else."""
VOICED: Final = 0.4
FRAME_S: Final = FRAME_MS / 1000
YES_KEY: Final = "1"
NO_KEY: Final = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifyingParts:
    """What it shares with calls."""

    renderer: Renderer
    recognizers: RecognizerFactory
    understanding: Understanding
    patience: PatienceSettings
    vad_aggressiveness: int
    clock: Clock


class Identifying:
    """One customer's leg that was just answered."""

    def __init__(self, leg: Leg, parts: IdentifyingParts) -> None:
        self._leg = leg
        self._parts = parts
        self._recognizer = parts.recognizers.create()
        self._speculation = Speculation(parts.understanding.client)
        self._patience = Patience(parts.patience, self._speculation, parts.understanding)
        self._patience.expect(QuestionKind.YES_NO)
        self._detector = SpeechDetector(parts.vad_aggressiveness)
        self._echo = EchoGuard(leg)
        self._player = Player(self._echo)
        senses = Senses(
            voiced=lambda: self._detector.probability >= VOICED, echo=self._echo.is_echo
        )
        listener = FloorListener(
            speech_began=self._on_speech, partial=self._on_partial, stale=self._on_stale
        )
        self._floor = Floor(self._player, listener, senses)
        self._beep = BeepDetector()
        self._voiced_s = 0.0
        """Voice without a pause in which an answer could be heard."""
        self._voiced_at_s = -BREATH_S
        self._question_put = False
        self._answering = False
        """What is being said began after that. «Алло» of somebody who picks up neither answers a
        question they have not heard nor stops the greeting that says who calls."""
        self._machine = asyncio.Event()

    async def run(self) -> Answer:
        """Until it is clear who is there; `GONE` when they hang up."""
        ears = Ears(
            self._leg,
            self._recognizer,
            self._detector,
            listener=self,
            patience=self._patience,
            clock=self._parts.clock,
            tap=self._on_audio,
        )
        self._recognizer.expect(QuestionKind.YES_NO.value)
        talk = asyncio.create_task(self._talk())
        machine = asyncio.create_task(self._machine.wait())
        hearing = asyncio.create_task(ears.run())
        events = asyncio.create_task(self._follow_events())
        tasks: set[asyncio.Task[object]] = {talk, machine, hearing, events}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if talk.done():
                return talk.result()
            return Answer.MACHINE if machine.done() else Answer.GONE
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._speculation.forget()
            self._player.stop()
            await self._recognizer.aclose()

    # ---- what is said

    async def _talk(self) -> Answer:
        wants = await self._asked(GREETING, QUESTION)
        if wants is None:
            return Answer.SILENT
        if wants:
            return Answer.YES
        later = await self._asked((), LATER_QUESTION)
        cancel = later is False
        await self._say(CANCEL_SAID if cancel else LATER_SAID)
        await self._floor.played_out()
        return Answer.CANCEL if cancel else Answer.LATER

    async def _asked(self, before: Phrase, question: Phrase) -> bool | None:
        """Yes, no, or None when nobody answers twice, or nothing that makes sense."""
        if before:
            await self._say(before)
        silent = False
        for _ in range(ASKED):
            await self._say(question, answerable=True)
            reply = await self._floor.ask(NO_INPUT_S)
            self._player.begin()
            meant = await self._meant(reply)
            if meant is not None:
                return meant
            nothing = not isinstance(reply, Spoken | Pressed)
            if nothing and silent:
                return None
            silent = silent or nothing
        return None

    async def _meant(self, reply: Reply) -> bool | None:
        match reply:
            case Pressed(digits=digits):
                return {YES_KEY: True, NO_KEY: False}.get(digits[-1])
            case Spoken(utterance=utterance):
                return await self._said(utterance.hypothesis.text)
        return None

    async def _said(self, text: str) -> bool | None:
        if not text:
            return None
        answer = yes_or_no(text, Topic.OFFER_OPERATOR)
        if answer is not None:
            return answer
        try:
            result = await self._parts.understanding.client.parse(text)
        except NluError as exc:
            log.warning("x not understood: %s", exc.message, extra={"action": "nlu_fault"})
            return None
        if self._parts.understanding.decide(result) is not Decision.ACCEPT:
            return None
        match treatment(result.intent.name):
            case Talk(move=Move.YES | Move.OPERATOR):
                return True
            case Talk(move=Move.NO | Move.CANCEL | Move.GOODBYE):
                return False
        return None

    async def _say(self, phrase: Phrase, *, answerable: bool = False) -> None:
        try:
            rendered = await self._parts.renderer.render(phrase)
        except SynthesisError as exc:
            log.error("x phrase not spoken: %s", exc.message, extra={"action": "render"})
            return
        # «Да?» of somebody who picks up the phone is no answer to a question they have not heard.
        half = len(rendered.pcm) // 4 if answerable else None
        self._player.play(
            Segment(
                phrase=phrase,
                text=rendered.text,
                samples=rendered.pcm,
                barge_in=True,
                answerable_from=half,
            )
        )

    # ---- what is heard: an `EarListener` in front of the floor

    def on_speech_started(self, audio_s: float) -> None:
        self._answering = self._question_put
        if self._answering:
            self._floor.on_speech_started(audio_s)

    def on_speech_ended(self) -> None:
        if self._answering:
            self._floor.on_speech_ended()

    def on_partial(self, text: str, audio_s: float) -> None:
        if self._answering:
            self._floor.on_partial(text, audio_s)

    def on_utterance(self, utterance: Utterance) -> None:
        if self._answering:
            self._floor.on_utterance(utterance)

    def on_frame(self, audio_s: float) -> None:
        self._question_put = self._question_put or self._player.answerable
        if self._detector.probability >= VOICED and not self._echo.is_echo():
            self._on_voice(audio_s)
        self._floor.on_frame(audio_s)

    def _on_voice(self, audio_s: float) -> None:
        if audio_s - self._voiced_at_s >= BREATH_S:
            self._voiced_s = 0.0
        self._voiced_at_s = audio_s
        self._voiced_s += FRAME_S
        if self._voiced_s >= MACHINE_S and not self._answering:
            self._machine.set()

    def _on_audio(self, received: LegFrame) -> None:
        self._echo.on_frame(received)
        if self._beep.hears(received.frame.samples):
            self._machine.set()

    async def _follow_events(self) -> None:
        while True:
            match await self._leg.next_event():
                case Dtmf(digit=digit):
                    self._floor.on_key(digit)
                case Disconnected():
                    return

    def _on_speech(self, audio_s: float, barge_in: bool) -> None:
        """Nothing is published of it."""

    def _on_partial(self, text: str, audio_s: float) -> None:
        """Nothing is published of it."""

    def _on_stale(self, utterance: Utterance) -> None:
        """What was said before the question is no answer to it."""
