"""Who listens and says so, and who wants to say something."""

import pytest

from ivr.call.backchannel import Words, judged

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "text", ["угу", "ага", "да", "да да", "так", "понятно", "хорошо", "ну да", "да да да ясно"]
)
def test_a_listener_wants_nothing(text):
    assert judged(text, assent_counts=False) is Words.BACKCHANNEL


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
