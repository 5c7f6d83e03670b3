"""Who has the floor: a pure machine in audio time. Events in, next state and effects out.

One question is open at a time. Times are seconds of the caller's received audio, which runs on
through silence and packet loss, so that no wall clock is needed.

    phase      question   speech starts  speaks on   speech ends  text           key     silence
    IDLE       PROMPTING  remembered     -           -            dropped        kept    -
    PROMPTING  replaced   YIELDING*      YIELDING*   -            taken* **      taken*  WAITING
    YIELDING   replaced   -              HEARING     PROMPTING    taken**        taken   HEARING
    WAITING    replaced   HEARING        -           -            stale          taken   no input
    HEARING    replaced   -              -           DECIDING     taken**        taken   -
    DECIDING   replaced   HEARING        -           -            taken**        taken   -

    *  not while a part that forbids barge-in plays: then it is kept until that part has ended.
    ** noises, backchannels and the bot's own echo over a prompt answer nothing: the prompt goes on.
    "stale" is text of speech that began before the question was put; a key pressed after it began
    outdoes it.
    "silence" is the end of the prompt, then the time that nothing was said.

In YIELDING the prompt plays on softly: the bot has given way audibly and keeps its place until it
is clear whether the caller wants the floor. It yields to a voice of 60 ms, sooner than anybody can
tell an utterance from a noise, and is back as soon as the voice has gone without saying anything.
With `yield_softly` off speech leads from PROMPTING to
HEARING at once, and a prompt that was stopped in vain is said again from its interrupted phrase.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from ivr.call.backchannel import Words

MEANT_SPEECH_S: Final = 0.45
"""Shorter sounds that the recognizer makes nothing of are noises, not attempts to say something."""
FLOOR_TAKEN_S: Final = 0.9
"""Who speaks over a prompt for this long without a break, and is heard to say a word that means
something, wants the floor. One partial alone may be half a word: «угум» begins as «угон»."""
WORDLESS_S: Final = 1.4
"""The same while all that was recognized are backchannels («да-да, понятно»), or nothing: laughter
lasts for about a second, and a sentence has its first word after half of one."""
ROUNDING_S: Final = 1e-6
"""Audio times are sums of 20 ms in binary fractions."""
STILL_SPEAKING_S: Final = 0.1
"""Voice this fresh means that the caller goes on speaking."""
RELENT_S: Final = 0.2
"""A voice over a prompt that has been gone for this long has made its point: without words that
mean anything the prompt comes back, before it is sure that the utterance is over."""
DOUBT_S: Final = 2.0
"""A voice that went without a word when the prompt became softer was perhaps the prompt's echo, and
the next one within this time may be it again."""
TOLD_S: Final = 0.24
"""Such a voice makes the prompt softer when it has lasted this long: an echo is told by then."""
MOST_RESUMES: Final = 2
"""So often one prompt is said again after noises; then only words stop it: a noisy line must not
keep a caller at the same phrase for ever."""


class TurnPhase(StrEnum):
    """In the order of a turn."""

    IDLE = "idle"
    PROMPTING = "prompting"
    YIELDING = "yielding"
    WAITING = "waiting"
    HEARING = "hearing"
    DECIDING = "deciding"


@dataclass(frozen=True, slots=True)
class SoftenPlayback:
    """Somebody speaks over the prompt: go on more softly until it is clear what it is."""


@dataclass(frozen=True, slots=True)
class RestorePlayback:
    """It was nothing: full level again, without a gap."""


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
class KeysTaken:
    """The caller's answer by key; more than one only to a question that takes a row of keys."""

    digits: str
    barge_in: bool


@dataclass(frozen=True, slots=True)
class NoInputDetected:
    """Nothing came in time."""


Effect = (
    SoftenPlayback
    | RestorePlayback
    | StopPlayback
    | ResumePrompt
    | TextTaken
    | StaleText
    | KeysTaken
    | NoInputDetected
)
Step = tuple["TurnTaking", tuple[Effect, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnTaking:
    """The floor at one moment. Every `on_...` returns the next value and what is to be done."""

    phase: TurnPhase = TurnPhase.IDLE
    yield_softly: bool = True
    """False: speech over a prompt stops it at once."""
    no_input_s: float = 6.0
    """Silence after the prompt that counts as no input."""
    takes_row: bool = False
    """The open question is answered by a row of keys: all of them are kept, not only the last."""
    waiting_since: float = 0.0
    """Audio time at which the prompt, or the last noise after it, ended."""
    speaking_since: float | None = None
    """Audio time at which the caller's current stretch of speech began."""
    voiced_since: float = 0.0
    """Audio time since when the caller's voice has been heard without a break of `RELENT_S`."""
    voiced_until: float = -RELENT_S
    """Audio time at which it was last noticed."""
    relented_at: float = -DOUBT_S
    """Audio time at which a voice over the prompt had last gone without a word."""
    heard: Words = Words.NONE
    """What the last partial hypothesis of the current stretch means."""
    stale: bool = False
    """The current stretch of speech began before the question was put."""
    outdone: bool = False
    """A key was pressed since: what was said before it is no answer to what the key led to."""
    overlapping: bool = False
    """The current stretch of speech began while the open question's prompt played."""
    barge_in: bool = False
    """The current stretch of speech has stopped the prompt."""
    resumed: int = 0
    """How often the open question's prompt was stopped in vain."""
    kept_text: TextTaken | None = None
    kept_keys: str = ""

    def on_question(self, *, no_input_s: float, takes_row: bool = False) -> Step:
        """A question is put: its prompt begins to play. Keys pressed meanwhile answer it."""
        turn = replace(
            self,
            phase=TurnPhase.PROMPTING,
            no_input_s=no_input_s,
            takes_row=takes_row,
            stale=self.speaking_since is not None,
            overlapping=False,
            barge_in=False,
            resumed=0,
            kept_text=None,
            # The rest of a row is no answer to what comes after it: '1' would confirm anything.
            kept_keys=self.kept_keys if takes_row or not self.takes_row else "",
        )
        return turn, self._restored()

    def on_speech_started(self, audio_s: float, *, interruptible: bool) -> Step:
        """Voice activity began; `interruptible` says whether what plays now may be stopped."""
        turn = replace(
            self,
            speaking_since=audio_s,
            voiced_since=audio_s,
            voiced_until=max(audio_s, self.voiced_until),
            heard=Words.NONE,
            outdone=False,
            stale=self.phase is TurnPhase.IDLE,
            overlapping=self.phase in (TurnPhase.PROMPTING, TurnPhase.YIELDING),
        )
        if self.phase is TurnPhase.PROMPTING and interruptible:
            if self.yield_softly:
                if turn._is_doubtful(audio_s):
                    return turn, ()
                return replace(turn, phase=TurnPhase.YIELDING), (SoftenPlayback(),)
            if self._sound_is_enough:
                return turn._floor_taken()
        if self.phase in (TurnPhase.WAITING, TurnPhase.DECIDING):
            return replace(turn, phase=TurnPhase.HEARING), ()
        return turn, ()

    def on_partial(self, words: Words) -> Step:
        """What has been recognized so far. Two like it in a row are worth believing."""
        turn = replace(self, heard=words)
        if self.phase is TurnPhase.YIELDING and words is self.heard is Words.MEANT:
            return turn._floor_taken()
        return turn, ()

    def on_speech_ended(self) -> Step:
        """Voice activity ended; the final text follows."""
        if self.phase is TurnPhase.HEARING:
            return replace(self, phase=TurnPhase.DECIDING), ()
        return self, ()

    def on_text(
        self, text: str, audio_s: float, *, interruptible: bool, words: Words = Words.MEANT
    ) -> Step:
        """The final text of a stretch of speech; '' when the recognizer heard no words.

        `words` is what it means where it was said over a prompt.
        """
        began = self.speaking_since if self.speaking_since is not None else audio_s
        turn = replace(self, speaking_since=None, overlapping=False)
        if self.phase is TurnPhase.IDLE:
            return turn, ()
        taken = TextTaken(text, barge_in=self.barge_in)
        if self.stale:
            turn = replace(turn, stale=False)
            if self.phase is not TurnPhase.PROMPTING:  # the prompt is over: wait for an answer
                turn = replace(turn, phase=TurnPhase.WAITING, waiting_since=audio_s)
            counts = text and not self.outdone
            return turn, (*self._restored(), *((StaleText(text),) if counts else ()))
        if self.overlapping and (not text or words is not Words.MEANT):
            return self._on_nothing_meant(turn, audio_s)
        if self.phase is TurnPhase.PROMPTING and not interruptible:
            return replace(turn, kept_text=taken if text else None), ()
        if text:
            # Begun under a protected phrase and ended under a free one: the rest is not wanted.
            over = self.phase in (TurnPhase.PROMPTING, TurnPhase.YIELDING)
            softened = self.phase is TurnPhase.YIELDING or (over and self.overlapping)
            taken = replace(taken, barge_in=self.barge_in or softened)
            return self._closed(turn), (*((StopPlayback(),) if over else ()), taken)
        return self._on_no_words(turn, taken, audio_s - began)

    def _on_nothing_meant(self, turn: "TurnTaking", audio_s: float) -> Step:
        """A noise or a backchannel over the prompt: whatever it did is undone."""
        match self.phase:
            case TurnPhase.YIELDING:
                return replace(turn, phase=TurnPhase.PROMPTING), (RestorePlayback(),)
            case TurnPhase.PROMPTING:
                return turn, ()
            case _ if self.barge_in:
                resumed = self.resumed + 1
                again = replace(turn, phase=TurnPhase.PROMPTING, barge_in=False, resumed=resumed)
                return again, (ResumePrompt(),)
            case _:
                return replace(turn, phase=TurnPhase.WAITING, waiting_since=audio_s), ()

    def _on_no_words(self, turn: "TurnTaking", taken: TextTaken, length_s: float) -> Step:
        if self.phase is TurnPhase.PROMPTING:
            return turn, ()
        if length_s < MEANT_SPEECH_S:
            return replace(turn, phase=TurnPhase.WAITING), ()
        return self._closed(turn), (taken,)

    def on_stale_accepted(self) -> Step:
        """Stale text turned out to be clear: it answers the open question after all."""
        if self.phase is TurnPhase.IDLE:
            return self, ()
        return self._closed(self), (StopPlayback(),)

    def on_key(self, digit: str, *, interruptible: bool) -> Step:
        """A key was pressed. Where it cannot be taken at once it is kept."""
        speaks = self.speaking_since is not None
        turn = replace(
            self, kept_keys=self.kept_keys + digit, outdone=speaks and not self.takes_row
        )
        if self.phase is TurnPhase.IDLE:
            return turn, ()
        if self.phase is TurnPhase.PROMPTING and not interruptible:
            return turn, ()
        over = self.phase in (TurnPhase.PROMPTING, TurnPhase.YIELDING)
        return turn._keys_taken(playing=over)

    def on_frame(
        self, audio_s: float, *, playing: bool, interruptible: bool, voiced: bool = False
    ) -> Step:
        """20 ms went by; whether the prompt is still being heard, and the caller's voice in it."""
        turn = self._voiced(audio_s) if voiced else self
        match self.phase:
            case TurnPhase.PROMPTING if (
                playing and voiced and interruptible and turn._may_yield(audio_s)
            ):
                return replace(turn, phase=TurnPhase.YIELDING), (SoftenPlayback(),)
            case TurnPhase.PROMPTING:
                return turn._on_prompting_frame(audio_s, playing, interruptible)
            case TurnPhase.YIELDING:
                return turn._on_yielding_frame(audio_s, playing)
            case TurnPhase.WAITING if self.speaking_since is None:
                if audio_s - self.waiting_since >= self.no_input_s:
                    return self._closed(turn), (NoInputDetected(),)
        return turn, ()

    def _may_yield(self, audio_s: float) -> bool:
        """Nothing that was said before has to be dealt with first, and it is no echo's doing."""
        waits = self.stale or self.kept_keys or self.kept_text
        return self.yield_softly and not waits and not self._is_doubtful(audio_s)

    def _is_doubtful(self, audio_s: float) -> bool:
        """The voice heard now is too short to be told from the bot's own."""
        lasted_s = audio_s - self.voiced_since
        in_doubt = audio_s - self.relented_at < DOUBT_S
        return in_doubt and lasted_s < TOLD_S - ROUNDING_S

    @property
    def _sound_is_enough(self) -> bool:
        """Whether a voice without words may stop the prompt."""
        return self.resumed < MOST_RESUMES

    def _voiced(self, audio_s: float) -> "TurnTaking":
        fresh = audio_s - self.voiced_until > RELENT_S
        return replace(
            self, voiced_since=audio_s if fresh else self.voiced_since, voiced_until=audio_s
        )

    def _on_prompting_frame(self, audio_s: float, playing: bool, interruptible: bool) -> Step:
        if interruptible or not playing:
            if self.kept_keys:
                return self._keys_taken(playing=playing)
            if self.kept_text is not None:
                stop = (StopPlayback(),) if playing else ()
                return self._closed(self), (*stop, self.kept_text)
        if playing:
            return self, ()
        phase = TurnPhase.HEARING if self.speaking_since is not None else TurnPhase.WAITING
        return replace(self, phase=phase, waiting_since=audio_s), ()

    def _on_yielding_frame(self, audio_s: float, playing: bool) -> Step:
        if not playing:
            phase = TurnPhase.WAITING if self.speaking_since is None else TurnPhase.HEARING
            return replace(self, phase=phase, waiting_since=audio_s), (RestorePlayback(),)
        silent_s = audio_s - self.voiced_until
        if silent_s >= RELENT_S - ROUNDING_S and self.heard is not Words.MEANT:
            relented_at = audio_s if self.heard is Words.NONE else self.relented_at
            back = replace(self, phase=TurnPhase.PROMPTING, relented_at=relented_at)
            return back, (RestorePlayback(),)
        enough_s = FLOOR_TAKEN_S if self.heard is Words.MEANT else WORDLESS_S
        goes_on = self.speaking_since is not None and silent_s <= STILL_SPEAKING_S
        lasted_s = self.voiced_until - self.voiced_since
        if self._sound_is_enough and goes_on and lasted_s >= enough_s:
            return self._floor_taken()
        return self, ()

    def on_echo(self) -> Step:
        """What seemed to be speech is the bot's own voice, come back from the caller's phone."""
        turn = replace(self, speaking_since=None, overlapping=False)
        if self.phase is TurnPhase.YIELDING:
            return replace(turn, phase=TurnPhase.PROMPTING), (RestorePlayback(),)
        return turn, ()

    def on_background(self, audio_s: float) -> Step:
        """What has just ended was said by somebody else: nothing has happened.

        The wait for an answer goes on from where it was: a television must not prolong it for ever.
        """
        turn = replace(self, speaking_since=None, overlapping=False, stale=False)
        if self.overlapping:
            return self._on_nothing_meant(turn, audio_s)
        if self.phase in (TurnPhase.HEARING, TurnPhase.DECIDING):
            return replace(turn, phase=TurnPhase.WAITING), ()
        return turn, ()

    def _floor_taken(self) -> Step:
        hearing = replace(self, phase=TurnPhase.HEARING, barge_in=True)
        return hearing, (StopPlayback(),)

    def _keys_taken(self, *, playing: bool) -> Step:
        digits = self.kept_keys if self.takes_row else self.kept_keys[-1]
        stop = (StopPlayback(),) if playing else ()
        return self._closed(self), (*stop, KeysTaken(digits, barge_in=playing))

    def _restored(self) -> tuple[Effect, ...]:
        return (RestorePlayback(),) if self.phase is TurnPhase.YIELDING else ()

    def _closed(self, turn: "TurnTaking") -> "TurnTaking":
        """The question is answered: nobody has the floor until the next one is put."""
        return replace(turn, phase=TurnPhase.IDLE, barge_in=False, kept_text=None, kept_keys="")
