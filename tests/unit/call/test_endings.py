"""How likely words are the last ones, from phrases written out here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.call.endings import KNOWN_FLOOR, KNOWN_MOVE_FLOOR, MOVE_FLOOR, Endings, Guess
from ivr.speech.endpointing import UNDECIDED
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
SURE, VAGUE = Guess(confidence=0.95, clear=True), Guess(confidence=0.2, clear=False)
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


def test_half_a_request_is_not_sure_though_its_intent_is_clear() -> None:
    assert ENDINGS.sureness(["технические"], SURE) == UNDECIDED


def test_a_short_request_known_word_for_word_is_not_taken_for_half_of_one() -> None:
    assert ENDINGS.sureness(["оператор"], SURE) >= KNOWN_FLOOR


def test_a_yes_or_a_repeat_is_not_waited_for_like_a_request() -> None:
    move = Guess(confidence=0.95, clear=True, move=True)
    assert ENDINGS.sureness(["оператор"], move) >= KNOWN_MOVE_FLOOR
    assert ENDINGS.sureness(["технические"], move) >= MOVE_FLOOR


def test_without_any_phrases_nothing_is_known_and_nothing_breaks() -> None:
    assert Endings([]).likelihood(["баланс"]) == 0.5


@given(words=WORDS, confidence=st.floats(0, 1), clear=st.booleans())
def test_sureness_stays_on_its_scale_and_grows_with_confidence(
    words: list[str], confidence: float, clear: bool
) -> None:
    sureness = ENDINGS.sureness(words, Guess(confidence=confidence, clear=clear))
    assert (
        UNDECIDED <= sureness <= ENDINGS.sureness(words, Guess(confidence=1.0, clear=clear)) <= 1.0
    )
    assert 0.0 < ENDINGS.likelihood(words) < 1.0


@given(words=WORDS, confidence=st.floats(0, 1), fall=st.floats(-40, 40), lower=st.floats(0, 40))
def test_sureness_never_falls_with_the_voice(
    words: list[str], confidence: float, fall: float, lower: float
) -> None:
    guess = Guess(confidence=confidence, clear=confidence > 0.6)
    sureness = ENDINGS.sureness_heard(words, guess, Melody(fall))
    assert 0.0 <= sureness <= ENDINGS.sureness_heard(words, guess, Melody(fall - lower)) <= 1.0
