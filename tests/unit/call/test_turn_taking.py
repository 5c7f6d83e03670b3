"""Who has the floor, event by event, in audio time."""

import itertools

import pytest

from ivr.call.turn_taking import (
    KeysTaken,
    NoInputDetected,
    ResumePrompt,
    StaleText,
    StopPlayback,
    TextTaken,
    TurnPhase,
    TurnTaking,
)

pytestmark = pytest.mark.unit


class Story:
    """Feeds a machine and keeps every effect."""

    def __init__(self, *, softly: bool = False) -> None:
        self.turn = TurnTaking(yield_softly=softly)
        self.effects: list[object] = []
        self.now = 0.0
        self.playing = False
        self.interruptible = True

    def take(self, step):
        self.turn, effects = step
        self.effects += effects
        if any(isinstance(effect, StopPlayback) for effect in effects):
            self.playing = False
        return self

    def asks(self, *, no_input_s: float = 6.0, interruptible: bool = True):
        self.playing, self.interruptible = True, interruptible
        return self.take(self.turn.on_question(no_input_s=no_input_s))

    def passes(self, seconds: float):
        for _ in range(round(seconds / 0.02)):
            self.now += 0.02
            self.take(self.turn.on_frame(self.now, playing=self.playing, interruptible=self._free))
        return self

    def prompt_ends(self):
        self.playing, self.interruptible = False, True
        return self.passes(0.02)

    def speaks(self):
        return self.take(self.turn.on_speech_started(self.now, interruptible=self._free))

    def stops(self, text: str, length: float = 0.8):
        self.passes(length)
        self.take(self.turn.on_speech_ended())
        return self.take(self.turn.on_text(text, self.now, interruptible=self._free))

    def presses(self, digit: str):
        return self.take(self.turn.on_key(digit, interruptible=self._free))

    @property
    def _free(self) -> bool:
        return self.interruptible or not self.playing


def test_an_answer_after_the_prompt_is_taken():
    story = Story().asks().prompt_ends().passes(1).speaks().stops("мой баланс")
    assert story.effects == [TextTaken("мой баланс", barge_in=False)]
    assert story.turn.phase is TurnPhase.IDLE


def test_speech_during_the_prompt_stops_it_and_is_taken_as_barge_in():
    story = Story().asks().passes(1).speaks()
    assert story.effects == [StopPlayback()]
    story.stops("оператор")
    assert story.effects[-1] == TextTaken("оператор", barge_in=True)


def test_a_noise_during_the_prompt_resumes_it():
    story = Story().asks().passes(1).speaks().stops("", length=0.3)
    assert story.effects == [StopPlayback(), ResumePrompt()]
    assert story.turn.phase is TurnPhase.PROMPTING


def test_speech_over_a_protected_prompt_is_kept_until_it_ends():
    story = Story().asks(interruptible=False).passes(1).speaks().stops("да")
    assert story.effects == []
    story.prompt_ends()
    assert story.effects == [TextTaken("да", barge_in=False)]


def test_a_key_over_a_protected_prompt_is_kept_until_it_ends():
    story = Story().asks(interruptible=False).passes(1).presses("1")
    assert story.effects == []
    story.prompt_ends()
    assert story.effects == [KeysTaken("1", barge_in=False)]


def test_a_key_during_the_prompt_stops_it():
    story = Story().asks().passes(1).presses("0")
    assert story.effects == [StopPlayback(), KeysTaken("0", barge_in=True)]


def test_a_key_pressed_before_the_question_answers_it():
    story = Story().presses("3").asks().passes(0.02)
    assert story.effects == [StopPlayback(), KeysTaken("3", barge_in=True)]


def test_silence_after_the_prompt_is_no_input():
    story = Story().asks(no_input_s=5).prompt_ends().passes(4.9)
    assert story.effects == []
    story.passes(0.3)
    assert story.effects == [NoInputDetected()]


def test_a_prompt_that_plays_is_never_no_input():
    assert Story().asks(no_input_s=2).passes(30).effects == []


def test_a_short_noise_after_the_prompt_is_ignored_and_the_wait_goes_on():
    story = Story().asks(no_input_s=3).prompt_ends().passes(2).speaks().stops("", length=0.2)
    assert story.effects == []
    story.passes(1.2)
    assert story.effects == [NoInputDetected()]


def test_long_speech_without_words_is_an_attempt_to_say_something():
    story = Story().asks().prompt_ends().speaks().stops("", length=1.5)
    assert story.effects == [TextTaken("", barge_in=False)]


def test_speech_that_began_before_the_question_is_stale_and_leaves_it_open():
    story = Story().speaks().asks().stops("пожалуйста")
    assert story.effects == [StaleText("пожалуйста")]
    assert story.turn.phase is TurnPhase.PROMPTING
    story.prompt_ends().speaks().stops("нет")
    assert story.effects[-1] == TextTaken("нет", barge_in=False)


def test_stale_speech_that_outlasts_the_prompt_leaves_the_question_waiting():
    story = Story().speaks().asks(no_input_s=3).prompt_ends().stops("ну")
    assert story.effects == [StaleText("ну")]
    story.passes(3.2)
    assert story.effects[-1] == NoInputDetected()


def test_a_stale_noise_leaves_the_question_waiting_too():
    story = Story().speaks().asks(no_input_s=3).prompt_ends().stops("")
    story.passes(3.2)
    assert story.effects == [NoInputDetected()]


def test_speech_begun_under_a_protected_phrase_stops_the_free_rest_of_the_prompt():
    story = Story().asks(interruptible=False).passes(1).speaks()
    story.interruptible = True
    assert story.stops("баланс").effects == [StopPlayback(), TextTaken("баланс", barge_in=False)]


def test_stale_speech_that_is_clear_after_all_answers_the_question():
    story = Story().speaks().asks().stops("оператор")
    story.take(story.turn.on_stale_accepted())
    assert story.effects[-1] == StopPlayback()
    assert story.turn.phase is TurnPhase.IDLE


def test_a_caller_who_goes_on_speaking_as_the_prompt_ends_is_heard():
    story = Story().asks(interruptible=False).passes(1).speaks().prompt_ends()
    assert story.turn.phase is TurnPhase.HEARING
    assert story.stops("да").effects == [TextTaken("да", barge_in=False)]


def test_every_event_is_legal_in_every_phase():
    events = {
        "question": lambda t: t.on_question(no_input_s=1.0),
        "speech": lambda t: t.on_speech_started(1.0, interruptible=True),
        "guarded": lambda t: t.on_speech_started(1.0, interruptible=False),
        "ended": lambda t: t.on_speech_ended(),
        "text": lambda t: t.on_text("да", 2.0, interruptible=True),
        "noise": lambda t: t.on_text("", 2.0, interruptible=False),
        "stale": lambda t: t.on_stale_accepted(),
        "key": lambda t: t.on_key("1", interruptible=False),
        "frame": lambda t: t.on_frame(9.0, playing=False, interruptible=True),
    }
    seen = set()
    for names in itertools.product(events, repeat=4):
        turn = TurnTaking()
        for name in names:
            turn, effects = events[name](turn)
            assert isinstance(effects, tuple)
            seen.add(turn.phase)
    assert seen == set(TurnPhase)
