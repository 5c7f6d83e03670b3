"""Who has the floor: a pure machine in audio time. Events in, next state and effects out.

One question is open at a time. Times are seconds of the caller's received audio, which runs on
through silence and packet loss, so that no wall clock is needed.

    phase      question     speech starts     speech ends  text           key     silence
    IDLE       PROMPTING    remembered        -            dropped        kept    -
    PROMPTING  replaced     HEARING, stop*    -            stale or kept* taken*  WAITING
    WAITING    replaced     HEARING           -            stale          taken   no input
    HEARING    replaced     -                 DECIDING     taken          taken   -
    DECIDING   replaced     HEARING           -            taken          taken   -

    * not while a part that forbids barge-in plays: then it is kept until that part has ended.
    "stale" is text of speech that began before the question was put.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

MEANT_SPEECH_S: Final = 0.45
"""Shorter sounds that the recognizer makes nothing of are noises, not attempts to say something."""


class TurnPhase(StrEnum):
    """In the order of a turn."""

    IDLE = "idle"
    PROMPTING = "prompting"
    WAITING = "waiting"
    HEARING = "hearing"
    DECIDING = "deciding"


@dataclass(frozen=True, slots=True)
class StopPlayback:
    """The caller has taken the floor: silence the bot."""


@dataclass(frozen=True, slots=True)
class ResumePrompt:
    """A false barge-in: what was interrupted is to be said again."""


@dataclass(frozen=True, slots=True)
class TextTaken:
    """The caller's answer to the open question; '' when there was speech without words."""

    text: str
    barge_in: bool


@dataclass(frozen=True, slots=True)
class StaleText:
    """The caller began to say this before the question was put; the question stays open.

    Worth acting on only when it is clearly understood: then call `on_stale_accepted`.
    """

    text: str


@dataclass(frozen=True, slots=True)
class KeyTaken:
    """The caller's answer by key."""

    digit: str
    barge_in: bool


@dataclass(frozen=True, slots=True)
class NoInputDetected:
    """Nothing came in time."""


Effect = StopPlayback | ResumePrompt | TextTaken | StaleText | KeyTaken | NoInputDetected
Step = tuple["TurnTaking", tuple[Effect, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnTaking:
    """The floor at one moment. Every `on_...` returns the next value and what is to be done."""

    phase: TurnPhase = TurnPhase.IDLE
    no_input_s: float = 6.0
    """Silence after the prompt that counts as no input."""
    waiting_since: float = 0.0
    """Audio time at which the prompt, or the last noise after it, ended."""
    speaking_since: float | None = None
    """Audio time at which the caller's current stretch of speech began."""
    stale: bool = False
    """The current stretch of speech began before the question was put."""
    barge_in: bool = False
    kept_text: TextTaken | None = None
    kept_key: str = ""

    def on_question(self, *, no_input_s: float) -> Step:
        """A question is put: its prompt begins to play. Keys pressed meanwhile answer it."""
        turn = replace(
            self,
            phase=TurnPhase.PROMPTING,
            no_input_s=no_input_s,
            stale=self.speaking_since is not None,
            barge_in=False,
            kept_text=None,
        )
        return turn, ()

    def on_speech_started(self, audio_s: float, *, interruptible: bool) -> Step:
        """Voice activity began; `interruptible` says whether what plays now may be stopped."""
        turn = replace(self, speaking_since=audio_s, stale=self.phase is TurnPhase.IDLE)
        if self.phase is TurnPhase.PROMPTING and interruptible:
            return replace(turn, phase=TurnPhase.HEARING, barge_in=True), (StopPlayback(),)
        if self.phase in (TurnPhase.WAITING, TurnPhase.DECIDING):
            return replace(turn, phase=TurnPhase.HEARING), ()
        return turn, ()

    def on_speech_ended(self) -> Step:
        """Voice activity ended; the final text follows."""
        if self.phase is TurnPhase.HEARING:
            return replace(self, phase=TurnPhase.DECIDING), ()
        return self, ()

    def on_text(self, text: str, audio_s: float, *, interruptible: bool) -> Step:
        """The final text of a stretch of speech; '' when the recognizer heard no words."""
        began = self.speaking_since if self.speaking_since is not None else audio_s
        turn = replace(self, speaking_since=None)
        if self.phase is TurnPhase.IDLE:
            return turn, ()
        taken = TextTaken(text, barge_in=self.barge_in)
        if self.stale:
            turn = replace(turn, stale=False)
            if self.phase is not TurnPhase.PROMPTING:  # the prompt is over: wait for an answer
                turn = replace(turn, phase=TurnPhase.WAITING, waiting_since=audio_s)
            return turn, (StaleText(text),) if text else ()
        if self.phase is TurnPhase.PROMPTING and not interruptible:
            return replace(turn, kept_text=taken if text else None), ()
        if text:
            # Begun under a protected phrase and ended under a free one: the rest is not wanted.
            stop = (StopPlayback(),) if self.phase is TurnPhase.PROMPTING else ()
            return self._closed(turn), (*stop, taken)
        return self._on_no_words(turn, taken, audio_s - began)

    def _on_no_words(self, turn: "TurnTaking", taken: TextTaken, length_s: float) -> Step:
        if self.phase is TurnPhase.PROMPTING:
            return turn, ()
        if self.barge_in:
            again = replace(turn, phase=TurnPhase.PROMPTING, barge_in=False)
            return again, (ResumePrompt(),)
        if length_s < MEANT_SPEECH_S:
            return replace(turn, phase=TurnPhase.WAITING), ()
        return self._closed(turn), (taken,)

    def on_stale_accepted(self) -> Step:
        """Stale text turned out to be clear: it answers the open question after all."""
        if self.phase is TurnPhase.IDLE:
            return self, ()
        return self._closed(self), (StopPlayback(),)

    def on_key(self, digit: str, *, interruptible: bool) -> Step:
        """A key was pressed. Before a question it is kept; the last one wins."""
        if self.phase is TurnPhase.IDLE:
            return replace(self, kept_key=digit), ()
        if self.phase is TurnPhase.PROMPTING:
            if not interruptible:
                return replace(self, kept_key=digit), ()
            return self._closed(self), (StopPlayback(), KeyTaken(digit, barge_in=True))
        return self._closed(self), (KeyTaken(digit, barge_in=False),)

    def on_frame(self, audio_s: float, *, playing: bool, interruptible: bool) -> Step:
        """20 ms went by; `playing` says whether the prompt is still being heard."""
        if self.phase is TurnPhase.PROMPTING:
            return self._on_prompting_frame(audio_s, playing, interruptible)
        if self.phase is not TurnPhase.WAITING or self.speaking_since is not None:
            return self, ()
        if audio_s - self.waiting_since >= self.no_input_s:
            return self._closed(self), (NoInputDetected(),)
        return self, ()

    def _on_prompting_frame(self, audio_s: float, playing: bool, interruptible: bool) -> Step:
        if interruptible or not playing:
            if self.kept_key:
                stop = (StopPlayback(),) if playing else ()
                return self._closed(self), (*stop, KeyTaken(self.kept_key, barge_in=playing))
            if self.kept_text is not None:
                stop = (StopPlayback(),) if playing else ()
                return self._closed(self), (*stop, self.kept_text)
        if playing:
            return self, ()
        phase = TurnPhase.HEARING if self.speaking_since is not None else TurnPhase.WAITING
        return replace(self, phase=phase, waiting_since=audio_s), ()

    def _closed(self, turn: "TurnTaking") -> "TurnTaking":
        """The question is answered: nobody has the floor until the next one is put."""
        return replace(turn, phase=TurnPhase.IDLE, barge_in=False, kept_text=None, kept_key="")
