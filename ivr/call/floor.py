"""Drives the turn-taking machine with what the ears hear and what the player plays."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ivr.call.ears import Utterance
from ivr.call.turn_taking import (
    Effect,
    KeyTaken,
    NoInputDetected,
    ResumePrompt,
    StaleText,
    Step,
    StopPlayback,
    TextTaken,
    TurnPhase,
    TurnTaking,
)
from ivr.speech.player import Player, Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """The caller answered by voice."""

    utterance: Utterance
    barge_in: bool
    played_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """The caller answered by key."""

    digit: str
    barge_in: bool
    played_s: float | None


@dataclass(frozen=True, slots=True)
class Silent:
    """The caller did not answer in time."""


Answer = Spoken | Pressed | Silent


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorListener:
    """Callbacks on the event loop; each returns at once."""

    speech_began: Callable[[float, bool], None]
    """Audio time; whether it interrupted the bot."""
    partial: Callable[[str, float], None]
    stale: Callable[[Utterance], None]
    """Something said before the question was put: decide, then perhaps `accept_stale`."""


class Floor:
    """Puts one question at a time and waits for its answer. Event loop only."""

    def __init__(self, player: Player, listener: FloorListener) -> None:
        self._player = player
        self._listener = listener
        self._turn = TurnTaking()
        self._answer: asyncio.Future[Answer] | None = None
        self._silence: asyncio.Future[None] | None = None
        self._interrupted: tuple[Segment, ...] = ()
        self._played_s: float | None = None
        self._utterance: Utterance | None = None
        self._audio_s = 0.0

    async def ask(self, no_input_s: float) -> Answer:
        """Open a question whose prompt has been handed to the player; its answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self._played_s = None
        self._apply(self._turn.on_question(no_input_s=no_input_s))
        try:
            return await self._answer
        finally:
            self._answer = None

    @property
    def open_question(self) -> object | None:
        """Identity of the question that is open, None when none is."""
        return self._answer

    async def played_out(self) -> None:
        """Wait until everything handed to the player has been heard."""
        if not self._player.playing:
            return
        self._silence = asyncio.get_running_loop().create_future()
        try:
            await self._silence
        finally:
            self._silence = None

    def accept_stale(self, utterance: Utterance) -> None:
        """The stale utterance is clear: it answers the question that is open now."""
        if self._answer is None or self._answer.done():
            return
        played_s = self._player.played_s
        self._apply(self._turn.on_stale_accepted())
        self._settle(Spoken(utterance=utterance, barge_in=False, played_s=played_s))

    def on_speech_started(self, audio_s: float) -> None:
        before = self._turn.phase
        self._apply(self._turn.on_speech_started(audio_s, interruptible=self._player.interruptible))
        barge_in = before is TurnPhase.PROMPTING and self._turn.phase is TurnPhase.HEARING
        self._listener.speech_began(audio_s, barge_in)

    def on_speech_ended(self) -> None:
        self._apply(self._turn.on_speech_ended())

    def on_partial(self, text: str, audio_s: float) -> None:
        self._listener.partial(text, audio_s)

    def on_utterance(self, utterance: Utterance) -> None:
        self._utterance = utterance
        text = utterance.hypothesis.text
        if utterance.failed:
            text = text or "?"  # a broken recognizer is no noise: the dialogue has to react
        self._apply(
            self._turn.on_text(text, self._audio_s, interruptible=self._player.interruptible)
        )

    def on_key(self, digit: str) -> None:
        self._apply(self._turn.on_key(digit, interruptible=self._player.interruptible))

    def on_frame(self, audio_s: float) -> None:
        self._audio_s = audio_s
        playing = self._player.playing
        if not playing and self._silence is not None and not self._silence.done():
            self._silence.set_result(None)
        self._apply(
            self._turn.on_frame(audio_s, playing=playing, interruptible=self._player.interruptible)
        )

    def _apply(self, step: Step) -> None:
        self._turn, effects = step
        for effect in effects:
            self._carry_out(effect)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case StopPlayback():
                self._played_s = self._player.played_s
                self._interrupted = self._player.stop()
            case ResumePrompt():
                for segment in self._interrupted:
                    self._player.play(segment)
            case TextTaken(barge_in=barge_in):
                if self._utterance is not None:
                    self._settle(
                        Spoken(
                            utterance=self._utterance, barge_in=barge_in, played_s=self._played_s
                        )
                    )
            case StaleText():
                if self._utterance is not None:
                    self._listener.stale(self._utterance)
            case KeyTaken(digit=digit, barge_in=barge_in):
                self._settle(Pressed(digit=digit, barge_in=barge_in, played_s=self._played_s))
            case NoInputDetected():
                self._settle(Silent())

    def _settle(self, answer: Answer) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)
