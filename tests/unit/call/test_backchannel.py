"""Who listens and says so, and who wants to say something."""

import pytest

from ivr.call.backchannel import Words, judged

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "text", ["угу", "ага", "да", "да да", "так", "понятно", "хорошо", "ну да", "да да да ясно"]
)
def test_a_listener_wants_nothing(text):
    assert judged(text, assent_counts=False) is Words.BACKCHANNEL


@pytest.mark.parametrize("text", ["не да", "не да ну да", "не угу"])
def test_a_short_well_is_misheard(text):
    assert judged(text, assent_counts=False) is Words.BACKCHANNEL


@pytest.mark.parametrize("text", ["не даёт", "не так", "да не", "не надо"])
def test_a_no_is_none(text):
    assert judged(text, assent_counts=False) is Words.MEANT


@pytest.mark.parametrize("text", ["да", "угу", "ага", "хорошо", "да верно"])
def test_the_same_words_answer_a_question_that_a_yes_can_answer(text):
    assert judged(text, assent_counts=True) is Words.MEANT


@pytest.mark.parametrize(
    "text", ["нет", "стоп", "оператор", "алло", "да нет", "хорошо а баланс", "угу оператор"]
)
@pytest.mark.parametrize("assent_counts", [True, False])
def test_any_other_word_means_something(text, assent_counts):
    assert judged(text, assent_counts=assent_counts) is Words.MEANT


@pytest.mark.parametrize("text", ["", " ", "с", "к", "у"])
def test_noises_are_no_words(text):
    assert judged(text, assent_counts=True) is Words.NONE


@pytest.mark.parametrize("text", ["ну", "э", "м", "вот"])
def test_humming_answers_nothing_even_where_a_yes_would(text):
    assert judged(text, assent_counts=True) is Words.BACKCHANNEL


def test_a_long_row_of_assent_is_somebody_who_wants_to_speak():
    assert judged("да да да да да", assent_counts=False) is Words.MEANT


@pytest.mark.parametrize("text", ["пока", "что", "баланс"])
@pytest.mark.parametrize("assent_counts", [True, False])
def test_a_lone_word_that_may_be_a_cough_is_none(text, assent_counts):
    assert judged(text, assent_counts=assent_counts, confidence=0.6) is Words.NONE
    assert judged(text, assent_counts=assent_counts, confidence=0.85) is Words.MEANT
    assert judged(f"{text} тариф", assent_counts=assent_counts, confidence=0.6) is Words.MEANT


@pytest.mark.parametrize("text", ["стоп", "алло", "нет", "оператор"])
def test_what_stops_the_bot_does_so_when_half_recognized(text):
    assert judged(text, assent_counts=False, confidence=0.5) is Words.MEANT


def test_a_yes_is_taken_where_it_answers_however_faint():
    assert judged("да", assent_counts=True, confidence=0.5) is Words.MEANT


@pytest.mark.parametrize("text", ["угодно", "угон"])
def test_a_hum_that_was_taken_for_a_word_is_a_hum(text):
    assert judged(text, assent_counts=True, confidence=1.0) is Words.BACKCHANNEL
    assert judged(f"{text} тариф", assent_counts=False) is Words.MEANT
