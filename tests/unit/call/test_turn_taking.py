"""Who has the floor, event by event, in audio time."""

import itertools

import pytest

from ivr.call.backchannel import Words, judged
from ivr.call.turn_taking import (
    DOUBT_S,
    MOST_RESUMES,
    KeysTaken,
    NoInputDetected,
    RestorePlayback,
    ResumePrompt,
    SoftenPlayback,
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

    def asks(self, *, no_input_s: float = 6.0, interruptible: bool = True, row: bool = False):
        self.playing, self.interruptible = True, interruptible
        return self.take(self.turn.on_question(no_input_s=no_input_s, takes_row=row))

    def passes(self, seconds: float, *, voiced: bool = False):
        for _ in range(round(seconds / 0.02)):
            self.now += 0.02
            self.take(
                self.turn.on_frame(
                    self.now, playing=self.playing, interruptible=self._free, voiced=voiced
                )
            )
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

    def voices(self, seconds: float, *partials: str, assent_counts: bool = False):
        """The caller's voice for a time, with partial hypotheses on the way."""
        self.speaks()
        for partial in partials or ("",):
            self.passes(seconds / max(1, len(partials)), voiced=True)
            if partial:
                words = judged(partial, assent_counts=assent_counts)
                self.take(self.turn.on_partial(words))
        return self

    def falls_silent(self, text: str, *, assent_counts: bool = False):
        """The end of it: trailing silence, then the final text."""
        self.passes(0.5)
        self.take(self.turn.on_speech_ended())
        words = judged(text, assent_counts=assent_counts)
        return self.take(self.turn.on_text(text, self.now, interruptible=self._free, words=words))

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
    assert story.stops("баланс").effects == [StopPlayback(), TextTaken("баланс", barge_in=True)]


def test_stale_speech_that_is_clear_after_all_answers_the_question():
    story = Story().speaks().asks().stops("оператор")
    story.take(story.turn.on_stale_accepted())
    assert story.effects[-1] == StopPlayback()
    assert story.turn.phase is TurnPhase.IDLE


def test_words_before_a_key_do_not_answer_the_question_that_the_key_led_to():
    story = Story().asks().prompt_ends().speaks().presses("0").asks().stops("на работу")
    assert story.effects == [KeysTaken("0", barge_in=False)]
    story.prompt_ends().speaks().stops("нет")
    assert story.effects[-1] == TextTaken("нет", barge_in=False)


def test_words_after_a_key_do():
    story = Story().asks().prompt_ends().presses("0").speaks().asks().stops("оператор")
    assert story.effects[-1] == StaleText("оператор")


def test_a_caller_who_goes_on_speaking_as_the_prompt_ends_is_heard():
    story = Story().asks(interruptible=False).passes(1).speaks().prompt_ends()
    assert story.turn.phase is TurnPhase.HEARING
    assert story.stops("да").effects == [TextTaken("да", barge_in=False)]


SOFT, FULL = SoftenPlayback(), RestorePlayback()


@pytest.mark.parametrize("text", ["угу", "ага", "да да", "так", "понятно", "хорошо", "да да ясно"])
def test_a_backchannel_softens_the_prompt_and_gives_it_back_without_a_gap(text):
    story = Story(softly=True).asks().passes(1).voices(0.45, text).falls_silent(text)
    assert story.effects == [SOFT, FULL]
    assert story.turn.phase is TurnPhase.PROMPTING


def test_a_cough_stops_nothing():
    story = Story(softly=True).asks().passes(1).voices(0.3).falls_silent("")
    assert story.effects == [SOFT, FULL]


def test_the_letter_that_a_recognizer_makes_of_a_noise_stops_nothing():
    story = Story(softly=True).asks().passes(1).voices(0.3, "с").falls_silent("с")
    assert story.effects == [SOFT, FULL]


@pytest.mark.parametrize("text", ["стоп", "оператор", "баланс", "нет", "алло"])
def test_a_short_answer_stops_the_prompt_when_it_has_ended(text):
    story = Story(softly=True).asks().passes(1).voices(0.4, text).falls_silent(text)
    assert story.effects == [SOFT, StopPlayback(), TextTaken(text, barge_in=True)]


def test_an_answer_that_is_recognized_late_stops_the_prompt_that_was_back():
    story = Story(softly=True).asks().passes(1).voices(0.4).falls_silent("стоп")
    assert story.effects == [SOFT, FULL, StopPlayback(), TextTaken("стоп", barge_in=True)]


def test_a_voice_softens_the_prompt_before_it_is_an_utterance():
    story = Story(softly=True).asks().passes(1).passes(0.02, voiced=True)
    assert story.effects == [SOFT]
    story.speaks().voices(0.3, "баланс").falls_silent("баланс")
    assert story.effects == [SOFT, StopPlayback(), TextTaken("баланс", barge_in=True)]


def test_a_voice_that_comes_to_nothing_gives_the_level_back_at_once():
    story = Story(softly=True).asks(no_input_s=3).passes(1).passes(0.06, voiced=True)
    assert story.passes(0.18).effects == [SOFT]
    assert story.passes(0.04).effects == [SOFT, FULL]
    story.prompt_ends().passes(3.1)
    assert story.effects[-1] == NoInputDetected()


def test_a_protected_prompt_is_not_softened():
    assert Story(softly=True).asks(interruptible=False).passes(1, voiced=True).effects == []


def test_backchannels_with_a_pause_between_them_are_no_long_speech():
    story = Story(softly=True).asks().passes(1).voices(0.9, "да да", "да да да").passes(0.3)
    story.passes(0.9, voiced=True)
    assert story.effects == [SOFT, FULL, SOFT]


def test_speech_that_goes_on_stops_the_prompt():
    story = Story(softly=True).asks().passes(1).voices(0.5, "мой")
    story.passes(0.3, voiced=True)
    assert story.effects == [SOFT]
    story.passes(0.2, voiced=True)
    assert story.effects == [SOFT, StopPlayback()]
    assert story.turn.phase is TurnPhase.HEARING
    story.passes(1, voiced=True).falls_silent("подскажите баланс пожалуйста")
    assert story.effects[-1] == TextTaken("подскажите баланс пожалуйста", barge_in=True)


def test_two_partials_with_a_meaning_stop_the_prompt_before_that():
    story = Story(softly=True).asks().passes(1).voices(0.4, "мой", "мой баланс")
    assert story.effects == [SOFT, StopPlayback()]


def test_one_wrong_partial_of_a_backchannel_does_not():
    story = Story(softly=True).asks().passes(1).voices(0.4, "у меня", "угу").falls_silent("угу")
    assert story.effects == [SOFT, FULL]


def test_a_long_row_of_backchannels_is_let_pass_too():
    story = Story(softly=True).asks().passes(1).voices(1.2, "да", "да да", "да да понятно")
    assert story.falls_silent("да да понятно").effects == [SOFT, FULL]


def test_yes_to_a_yes_or_no_question_answers_it_while_it_plays():
    story = Story(softly=True).asks().passes(1)
    story.voices(0.3, "да", assent_counts=True).falls_silent("да", assent_counts=True)
    assert story.effects == [SOFT, StopPlayback(), TextTaken("да", barge_in=True)]


def test_a_backchannel_that_outlasts_the_prompt_answers_nothing():
    story = Story(softly=True).asks(no_input_s=3).passes(1).voices(0.4, "угу").prompt_ends()
    assert story.turn.phase is TurnPhase.HEARING
    story.falls_silent("угу")
    assert story.effects == [SOFT, FULL]
    assert story.turn.phase is TurnPhase.WAITING
    story.passes(3.1)
    assert story.effects[-1] == NoInputDetected()


def test_a_prompt_stopped_for_noise_without_words_is_said_again_from_its_phrase():
    story = Story(softly=True).asks().passes(1).voices(1.5).falls_silent("")
    assert story.effects == [SOFT, StopPlayback(), ResumePrompt()]
    assert story.turn.phase is TurnPhase.PROMPTING


@pytest.mark.parametrize("softly", [True, False])
def test_a_noisy_line_does_not_make_a_prompt_begin_again_for_ever(softly):
    story = Story(softly=softly).asks().passes(1)
    for _ in range(5):
        story.playing = True  # as the floor makes it when the prompt is resumed
        story.passes(0.5).voices(2.0).falls_silent("")
    assert story.effects.count(ResumePrompt()) == MOST_RESUMES
    story.voices(0.5, "оператор").falls_silent("оператор")
    assert story.effects[-2:] == [StopPlayback(), TextTaken("оператор", barge_in=True)]


def test_the_next_question_may_be_stopped_by_a_voice_again():
    story = Story(softly=True)
    for _ in range(2):
        story.asks().passes(1).voices(1.5).falls_silent("")
    assert story.effects.count(ResumePrompt()) == 2
    assert story.asks().turn.resumed == 0


def test_without_softening_a_backchannel_stops_the_prompt_and_resumes_it():
    story = Story().asks().passes(1).voices(0.4, "угу").falls_silent("угу")
    assert story.effects == [StopPlayback(), ResumePrompt()]


def test_an_echo_gives_the_level_back_at_once_and_leaves_nothing_behind():
    story = Story(softly=True).asks(no_input_s=3).passes(1).speaks()
    story.take(story.turn.on_echo())
    assert story.effects == [SOFT, FULL]
    story.prompt_ends().passes(3.1)
    assert story.effects[-1] == NoInputDetected()


def test_a_key_during_a_softened_prompt_is_taken():
    story = Story(softly=True).asks().passes(1).speaks().presses("0")
    assert story.effects == [SOFT, StopPlayback(), KeysTaken("0", barge_in=True)]


def test_of_keys_pressed_over_a_protected_prompt_the_last_answers_a_question_of_one_key():
    story = Story().asks(interruptible=False).passes(1).presses("1").presses("2").prompt_ends()
    assert story.effects == [KeysTaken("2", barge_in=False)]


def test_of_keys_pressed_over_a_protected_prompt_all_answer_a_question_of_a_row():
    story = Story().asks(interruptible=False, row=True).passes(1)
    for digit in "9035551234":
        story.presses(digit)
    assert story.effects == []
    assert story.prompt_ends().effects == [KeysTaken("9035551234", barge_in=False)]


def test_keys_between_two_questions_of_a_row_are_kept_in_order():
    story = Story().presses("5").presses("1").asks(row=True).passes(0.02)
    assert story.effects == [StopPlayback(), KeysTaken("51", barge_in=True)]


EVENTS = {
    "question": lambda t: t.on_question(no_input_s=1.0),
    "speech": lambda t: t.on_speech_started(1.0, interruptible=True),
    "guarded": lambda t: t.on_speech_started(1.0, interruptible=False),
    "partial": lambda t: t.on_partial(Words.MEANT),
    "ended": lambda t: t.on_speech_ended(),
    "text": lambda t: t.on_text("да", 2.0, interruptible=True),
    "noise": lambda t: t.on_text("", 2.0, interruptible=False),
    "echo": lambda t: t.on_echo(),
    "stale": lambda t: t.on_stale_accepted(),
    "key": lambda t: t.on_key("1", interruptible=False),
    "frame": lambda t: t.on_frame(9.0, playing=False, interruptible=True),
    "voice": lambda t: t.on_frame(9.0, playing=True, interruptible=True, voiced=True),
}


def test_every_event_is_legal_in_every_phase():
    seen = set()
    for names in itertools.product(EVENTS, repeat=4):
        turn = TurnTaking()
        for name in names:
            turn, effects = EVENTS[name](turn)
            assert isinstance(effects, tuple)
            seen.add(turn.phase)
    assert seen == set(TurnPhase)


def test_the_rest_of_a_row_does_not_confirm_what_comes_after_it():
    story = Story().asks(row=True).prompt_ends().speaks().stops("девятьсот три пять пять пять")
    story.presses("1").asks().passes(0.5)
    assert not any(isinstance(effect, KeysTaken) for effect in story.effects)


def test_the_rest_of_a_row_belongs_to_the_row_that_is_asked_on():
    story = Story().asks(row=True).prompt_ends().speaks().stops("девятьсот три")
    story.presses("5").presses("1").asks(row=True).passes(0.1)
    assert story.effects[-1] == KeysTaken("51", barge_in=True)


def softened(story: Story) -> int:
    return sum(isinstance(effect, SoftenPlayback) for effect in story.effects)


def test_after_a_voice_that_went_when_the_prompt_became_softer_the_next_one_has_to_last():
    """It was perhaps the prompt itself, come back."""
    story = Story(softly=True).asks()
    story.passes(0.1, voiced=True).passes(0.3)
    assert softened(story) == 1
    assert story.turn.phase is TurnPhase.PROMPTING
    for _ in range(3):
        story.passes(0.2, voiced=True).passes(0.3)
    assert softened(story) == 1
    story.speaks().passes(0.1, voiced=True)
    assert softened(story) == 1
    story.passes(0.2, voiced=True)
    assert softened(story) == 2


def test_a_while_later_the_prompt_gives_way_at_once_again():
    story = Story(softly=True).asks()
    story.passes(0.1, voiced=True).passes(0.3).passes(DOUBT_S)
    story.passes(0.04, voiced=True)
    assert softened(story) == 2


def test_who_said_a_word_was_no_echo():
    story = Story(softly=True).asks()
    story.voices(0.4, "угу").falls_silent("угу")
    story.passes(0.04, voiced=True)
    assert softened(story) == 2
