"""Drives the turn-taking machine with what the ears hear and what the player plays."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from ivr.audio.pcm import FRAME_MS
from ivr.call.backchannel import Words, judged
from ivr.call.ears import Utterance
from ivr.call.turn_taking import (
    ROUNDING_S,
    Effect,
    KeysTaken,
    NoInputDetected,
    RestorePlayback,
    ResumePrompt,
    SoftenPlayback,
    StaleText,
    Step,
    StopPlayback,
    TextTaken,
    TurnPhase,
    TurnTaking,
)
from ivr.speech.player import Player, Segment

OVER_ECHO_S: Final = 0.2
"""Voice this long that is no echo, within a stretch that began as one, is the caller's."""
OVER_TAIL_S: Final = 0.08
"""The same once nothing plays: only an echo's tail is left to take it for, and «да» is short."""
WORDS_AHEAD_S: Final = 0.25
"""Words are timed from the audio before the utterance that goes with it, up to this long."""
OVER_PROMPT: Final = (TurnPhase.PROMPTING, TurnPhase.YIELDING)
FULL_GAIN: Final = 1.0
FRAME_S: Final = FRAME_MS / 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """The caller answered by voice."""

    utterance: Utterance
    barge_in: bool
    played_s: float | None
    item: int | None = None
    """The choice that was being named when the caller began to speak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """The caller answered by key: one, or a row of them where the question takes a row."""

    digits: str
    barge_in: bool
    played_s: float | None


@dataclass(frozen=True, slots=True)
class Silent:
    """The caller did not answer in time."""


@dataclass(frozen=True, slots=True)
class Summoned:
    """Not the caller answered: an operator is there."""


Answer = Spoken | Pressed | Silent | Summoned


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorListener:
    """Callbacks on the event loop; each returns at once."""

    speech_began: Callable[[float, bool], None]
    """Audio time; whether it made the bot fall silent or soft."""
    partial: Callable[[str, float], None]
    stale: Callable[[Utterance], None]
    """Something said before the question was put: decide, then perhaps `accept_stale`."""


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Senses:
    """What the floor knows of the line beyond utterances; asked on every frame."""

    voiced: Callable[[], bool] = _never
    """Whether the caller's voice was in the last frames."""
    echo: Callable[[], bool] = _never
    """Whether what is heard now is the bot itself."""
    end_utterance: Callable[[], None] = lambda: None
    """What is being said is over."""
    answers: Callable[[str], bool] = lambda text: False
    """Whether these words make sense as an answer to the open question."""
    background: Callable[[float, float, bool], bool] = lambda start_s, end_s, answers: False
    """Whether what was said between these audio times, an answer or not, was somebody else's."""
    learn: Callable[[float, float], None] = lambda start_s, end_s: None
    """It was the caller: an answer was taken."""
    unanswered: Callable[[float, float], None] = lambda start_s, end_s: None
    """Between these audio times an answer was awaited, and none was heard."""
    soft_gain: float = 0.0
    """Level of the prompt while it is not clear whether the caller wants the floor, 0..1; 0: speech
    stops the prompt at once."""


@dataclass(frozen=True, slots=True)
class _Awaited:
    """Something about the player that is waited for."""

    seen: Callable[[], bool]
    reached: "asyncio.Future[None]"

    def look(self) -> None:
        if not self.reached.done() and self.seen():
            self.reached.set_result(None)


class Floor:
    """Puts one question at a time and waits for its answer. Event loop only."""

    def __init__(
        self, player: Player, listener: FloorListener, senses: Senses | None = None
    ) -> None:
        self._player = player
        self._listener = listener
        self._senses = senses or Senses()
        self._turn = TurnTaking(yield_softly=self._senses.soft_gain > 0)
        self._answer: asyncio.Future[Answer] | None = None
        self._awaited: _Awaited | None = None
        self._interrupted: tuple[Segment, ...] = ()
        self._played_s: float | None = None
        self._utterance: Utterance | None = None
        self._audio_s = 0.0
        self._in_stretch = False
        self._echo = False
        """The present stretch of speech is the bot's own."""
        self._strange_s = 0.0
        """How long within an echo a voice has been heard that is none."""
        self._own_from_s: float | None = None
        """Audio time from which the present stretch, begun as an echo, is the caller's."""
        self._heard_s: float | None = None
        """Seconds of the prompt that the caller had heard before the present stretch of speech."""
        self._assent_counts = False
        """The present stretch began when a yes could answer the question."""
        self._item: int | None = None
        self._held_keys = ""
        """Keyed while the caller's words before them were still on their way."""
        self._summoned = False

    async def ask(self, no_input_s: float, *, takes_row: bool = False) -> Answer:
        """Open a question whose prompt has been handed to the player; its answer.

        `takes_row`: it is answered by a row of keys, such as a telephone number.
        """
        if self._summoned:
            self._summoned = False
            return Summoned()
        self._answer = asyncio.get_running_loop().create_future()
        self._played_s = self._heard_s = None
        self._held_keys = ""  # meant for the question before: '1' would confirm anything
        self._apply(self._turn.on_question(no_input_s=no_input_s, takes_row=takes_row))
        try:
            return await self._answer
        finally:
            self._answer = None

    @property
    def open_question(self) -> object | None:
        """Identity of the question that is open, None when none is."""
        return self._answer

    @property
    def prompting(self) -> bool:
        """The open question's prompt plays, softly or not; nobody has taken the floor."""
        return self._turn.phase in (TurnPhase.PROMPTING, TurnPhase.YIELDING)

    def summon(self) -> None:
        """`Summoned` answers the open question, or the next one; what plays goes on."""
        if self._answer is None or self._answer.done():
            self._summoned = True
            return
        self._player.soften(FULL_GAIN)
        self._close(Summoned())

    def unsummon(self) -> None:
        """The operator is gone before a question could be answered by it."""
        self._summoned = False

    def lapse(self) -> None:
        """Nobody answers the open question: `Silent` before its prompt is over, which plays on."""
        if self._turn.phase is TurnPhase.PROMPTING:
            self._close(Silent())

    def _close(self, answer: Answer) -> None:
        self._turn, _ = self._turn.on_stale_accepted()
        self._settle(answer)

    async def played_out(self) -> None:
        """Wait until everything handed to the player has been heard."""
        await self._until(lambda: not self._player.playing)

    async def news_left(self) -> None:
        """Wait until nothing plays but what no operator has to wait for."""
        await self._until(lambda: not self._player.playing or self._player.droppable)

    async def _until(self, seen: Callable[[], bool]) -> None:
        """Looked for on every frame; one at a time may wait."""
        if seen():
            return
        self._awaited = _Awaited(seen, asyncio.get_running_loop().create_future())
        try:
            await self._awaited.reached
        finally:
            self._awaited = None

    def accept_stale(self, utterance: Utterance) -> None:
        """The stale utterance is clear: it answers the question that is open now."""
        if self._answer is None or self._answer.done():
            return
        played_s = self._player.played_s
        self._apply(self._turn.on_stale_accepted())
        self._settle(
            Spoken(utterance=utterance, barge_in=False, played_s=played_s, item=self._item)
        )

    def on_speech_started(self, audio_s: float) -> None:
        self._in_stretch = True
        self._strange_s = 0.0
        self._own_from_s = None
        self._echo = self._senses.echo()
        if not self._echo:
            self._begin_speech(audio_s)

    def on_speech_ended(self) -> None:
        self._in_stretch = False
        if not self._echo:
            self._apply(self._turn.on_speech_ended())

    def on_partial(self, text: str, audio_s: float) -> None:
        if self._echo:
            return
        self._listener.partial(text, audio_s)
        self._apply(self._turn.on_partial(self._meaning(text)))

    def on_utterance(self, utterance: Utterance) -> None:
        if self._echo:
            return
        if self._is_background(utterance):
            self._heard_s = None
            self._apply(self._turn.on_background(self._audio_s))
            self._take_held_keys()
            return
        if self._own_from_s is not None:
            utterance = _without_echo(utterance, self._own_from_s)
        text = utterance.hypothesis.text
        words = self._meaning(text, utterance.hypothesis.confidence)
        if utterance.failed:
            # A broken recognizer is no noise: the dialogue has to react.
            text, words = text or "?", Words.MEANT
        if self._turn.kept_text is None or words is Words.MEANT:
            # Else a cough after an answer that has to wait would be taken for that answer.
            self._utterance = utterance
        self._apply(
            self._turn.on_text(
                text, self._audio_s, interruptible=self._player.interruptible, words=words
            )
        )
        self._heard_s = None
        self._take_held_keys()

    def _is_background(self, utterance: Utterance) -> bool:
        # Over a prompt the same words may be the bot's, come back.
        answers = not self._turn.overlapping and self._senses.answers(utterance.hypothesis.text)
        return self._senses.background(utterance.start_s, utterance.end_s, answers)

    def _take_held_keys(self) -> None:
        held, self._held_keys = self._held_keys, ""
        for digit in held:
            self._apply(self._turn.on_key(digit, interruptible=self._player.interruptible))

    def _begin_speech(self, audio_s: float) -> None:
        before = self._turn.phase
        self._assent_counts = self._player.answerable
        self._item = self._player.item
        self._heard_s = self._player.played_s
        self._apply(self._turn.on_speech_started(audio_s, interruptible=self._player.interruptible))
        yields = (TurnPhase.YIELDING, TurnPhase.HEARING)
        barge_in = before in OVER_PROMPT and self._turn.phase in yields
        self._listener.speech_began(audio_s, barge_in)

    def _meaning(self, text: str, confidence: float | None = None) -> Words:
        return judged(text, assent_counts=self._assent_counts, confidence=confidence)

    def on_key(self, digit: str) -> None:
        speaking = self._turn.phase in (TurnPhase.HEARING, TurnPhase.DECIDING)
        if speaking and self._turn.takes_row and not self._echo:
            # Half said, half typed: the words come first, and nobody speaks on while typing.
            self._held_keys += digit
            self._senses.end_utterance()
            return
        self._apply(self._turn.on_key(digit, interruptible=self._player.interruptible))

    def on_frame(self, audio_s: float) -> None:
        self._audio_s = audio_s
        playing = self._player.playing
        if self._awaited is not None:
            self._awaited.look()
        voiced = self._senses.voiced()
        if self._in_stretch:
            self._follow_echo(audio_s, voiced=voiced)
        own = voiced and not self._echo
        if own and not self._in_stretch and self._turn.phase in OVER_PROMPT:
            own = not self._senses.echo()
        self._apply(
            self._turn.on_frame(
                audio_s,
                playing=playing,
                interruptible=self._player.interruptible,
                voiced=own,
            )
        )

    def _follow_echo(self, audio_s: float, *, voiced: bool) -> None:
        """What began as speech may turn out to be an echo, and a caller may speak into an echo."""
        if not self._echo:
            if self._turn.phase in OVER_PROMPT and self._senses.echo():
                self._echo = True
                self._heard_s = None
                self._apply(self._turn.on_echo())
            return
        strange = voiced and not self._senses.echo()
        self._strange_s = self._strange_s + FRAME_S if strange else 0.0
        if self._strange_s >= (OVER_ECHO_S if self._player.playing else OVER_TAIL_S) - ROUNDING_S:
            self._echo = False
            self._own_from_s = audio_s - self._strange_s
            self._begin_speech(self._own_from_s)

    def _apply(self, step: Step) -> None:
        self._turn, effects = step
        for effect in effects:
            self._carry_out(effect)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case SoftenPlayback():
                self._player.soften(self._senses.soft_gain)
            case RestorePlayback():
                self._player.soften(FULL_GAIN)
            case StopPlayback():
                # Softened at once, the prompt has played on unheard since.
                played_s = self._player.played_s
                self._played_s = played_s if self._heard_s is None else self._heard_s
                self._interrupted = self._player.stop()
            case ResumePrompt():
                self._played_s = None
                for segment in self._interrupted:
                    self._player.play(segment)
            case TextTaken(barge_in=barge_in):
                if self._utterance is not None:
                    if self._utterance.hypothesis.text:
                        self._senses.learn(self._utterance.start_s, self._utterance.end_s)
                    self._settle(
                        Spoken(
                            utterance=self._utterance,
                            barge_in=barge_in,
                            played_s=self._played_s,
                            item=self._item,
                        )
                    )
            case StaleText():
                if self._utterance is not None:
                    self._listener.stale(self._utterance)
            case KeysTaken(digits=digits, barge_in=barge_in):
                self._settle(Pressed(digits=digits, barge_in=barge_in, played_s=self._played_s))
            case NoInputDetected():
                self._senses.unanswered(self._audio_s - self._turn.no_input_s, self._audio_s)
                self._settle(Silent())

    def _settle(self, answer: Answer) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)


def _without_echo(utterance: Utterance, own_from_s: float) -> Utterance:
    """What the caller said of it: the words from this audio time on."""
    heard = utterance.hypothesis
    if not heard.words:
        return utterance
    since_s = own_from_s - utterance.start_s
    words = tuple(word for word in heard.words if word.end_s - WORDS_AHEAD_S / 2 >= since_s)
    return replace(
        utterance,
        hypothesis=replace(heard, text=" ".join(word.text for word in words), words=words),
    )
