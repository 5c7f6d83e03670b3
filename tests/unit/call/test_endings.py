"""How likely words are the last ones, from phrases written out here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.call.endings import KNOWN_FLOOR, KNOWN_MOVE_FLOOR, MOVE_FLOOR, Endings, Guess
from ivr.nlu.thresholds import Decision
from ivr.speech.endpointing import UNDECIDED, UNFINISHED
from ivr.speech.melody import Melody

pytestmark = pytest.mark.unit

PHRASES = [
    phrase.split()
    for phrase in (
        "какой у меня баланс",
        "сколько у меня минут",
        "сколько у меня минут осталось",
        "проверьте мой баланс",
        "технические работы идут",
        "оператор",
        "соедините с оператором",
    )
]
ENDINGS = Endings(PHRASES)
SURE = Guess(confidence=0.95, decision=Decision.ACCEPT)
VAGUE = Guess(confidence=0.2, decision=Decision.REJECT)
IDLE = Guess(confidence=0.0, decision=Decision.REJECT, idle=True)
MOVE = Guess(confidence=0.95, decision=Decision.ACCEPT, move=True)
WORDS = st.lists(st.sampled_from(sorted({word for phrase in PHRASES for word in phrase})))


def test_words_that_end_requests_are_likelier_ends_than_words_that_never_do() -> None:
    ends = ENDINGS.likelihood(["какой", "у", "меня", "баланс"])
    may_end = ENDINGS.likelihood(["сколько", "у", "меня", "минут"])
    never_ends = ENDINGS.likelihood(["технические"])
    assert ends > may_end > never_ends


def test_unseen_words_are_guessed_from_what_was_seen_of_them() -> None:
    assert ENDINGS.likelihood(["покажите", "баланс"]) == ENDINGS.likelihood(["хочу", "баланс"])
    assert ENDINGS.likelihood(["покажите"]) == pytest.approx(ENDINGS.likelihood(["нечто"]))


def test_an_understood_request_is_surer_than_a_vague_one() -> None:
    words = ["какой", "у", "меня", "баланс"]
    assert ENDINGS.sureness(words, SURE) > 0.9
    assert ENDINGS.sureness(words, VAGUE) == UNDECIDED
    assert ENDINGS.sureness(["технические"], VAGUE) == UNFINISHED


def test_idle_words_may_end_anywhere() -> None:
    assert ENDINGS.sureness(["технические"], IDLE) == UNDECIDED


def test_half_a_request_is_not_sure_though_its_intent_is_clear() -> None:
    assert ENDINGS.sureness(["технические"], SURE) < UNDECIDED


def test_a_short_request_known_word_for_word_is_not_taken_for_half_of_one() -> None:
    assert ENDINGS.sureness(["оператор"], SURE) >= KNOWN_FLOOR


def test_a_yes_or_a_repeat_is_not_waited_for_like_a_request() -> None:
    assert ENDINGS.sureness(["оператор"], MOVE) >= KNOWN_MOVE_FLOOR
    assert ENDINGS.sureness(["технические"], MOVE) >= MOVE_FLOOR


def test_a_short_move_that_stays_up_may_be_a_beginning() -> None:
    """«Нет | связи», «отмените | переадресацию»."""
    assert ENDINGS.sureness_heard(["оператор"], MOVE, Melody(-2.5)) >= KNOWN_MOVE_FLOOR
    assert ENDINGS.sureness_heard(["оператор"], MOVE, Melody(0.0)) == UNDECIDED


def test_a_known_request_that_stays_up_is_a_question_or_a_beginning() -> None:
    """«Баланс?» and «перенести номер | от другого оператора»."""
    stays_up = ENDINGS.sureness_heard(["оператор"], SURE, Melody(0.0))
    assert UNFINISHED < stays_up < UNDECIDED
    assert ENDINGS.sureness_heard(["какой", "оператор"], SURE, Melody(0.0)) == UNFINISHED


def test_low_words_that_mean_nothing_are_not_sure_to_be_all() -> None:
    """«Ну короче», «я звоню»: a voice comes down in announcements, too."""
    assert ENDINGS.sureness_heard(["какой", "у", "меня", "баланс"], VAGUE, Melody(-9.0)) == (
        UNDECIDED
    )


def test_without_any_phrases_nothing_is_known_and_nothing_breaks() -> None:
    assert Endings([]).likelihood(["баланс"]) == 0.5


@given(words=WORDS, confidence=st.floats(0, 1), decision=st.sampled_from(Decision))
def test_sureness_stays_on_its_scale_and_grows_with_confidence(
    words: list[str], confidence: float, decision: Decision
) -> None:
    sureness = ENDINGS.sureness(words, Guess(confidence=confidence, decision=decision))
    surest = ENDINGS.sureness(words, Guess(confidence=1.0, decision=decision))
    assert UNFINISHED <= sureness <= surest <= 1.0
    assert 0.0 < ENDINGS.likelihood(words) < 1.0


@given(words=WORDS, confidence=st.floats(0, 1), fall=st.floats(-40, 40), lower=st.floats(0, 40))
def test_sureness_never_falls_with_the_voice(
    words: list[str], confidence: float, fall: float, lower: float
) -> None:
    decision = Decision.ACCEPT if confidence > 0.6 else Decision.REJECT
    guess = Guess(confidence=confidence, decision=decision)
    sureness = ENDINGS.sureness_heard(words, guess, Melody(fall))
    assert 0.0 <= sureness <= ENDINGS.sureness_heard(words, guess, Melody(fall - lower)) <= 1.0
