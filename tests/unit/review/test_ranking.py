"""The turns that teach most come first, each with its reasons."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ivr.events import CallId, TurnCompleted
from ivr.review.ranking import CallTurns, Reason, rank

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ASKED = "Правильно ли я поняла, вы хотите узнать тариф?"
CLEAR = TurnCompleted(
    call_id=CallId("c"),
    index=1,
    at=NOW,
    kind="heard",
    question="open",
    speech_start_s=1.0,
    speech_end_s=2.0,
    text="какой у меня тариф",
    last_partial="какой у меня",
    asr_confidence=0.95,
    intent="tariff_info",
    intent_confidence=0.9,
    decision="accept",
    reply="Ваш тариф Лайт. Могу ещё чем-то помочь?",
)


def later(turn: TurnCompleted, seconds: float) -> TurnCompleted:
    return replace(turn, index=turn.index + 1, at=NOW + timedelta(seconds=seconds))


def reasons(*turns: TurnCompleted, handoffs: tuple[datetime, ...] = ()) -> tuple[Reason, ...]:
    """Of the first turn."""
    first = next(iter(rank(CallTurns(turns, handoffs=handoffs))), None)
    return first.reasons if first else ()


def test_a_turn_that_was_understood_has_no_reason_and_little_value() -> None:
    (only,) = rank(CallTurns((CLEAR,)))
    assert only.reasons == ()
    assert only.score == pytest.approx(0.05)
    assert only.key == "c:1"


def test_what_was_not_understood_outweighs_what_was_unsure() -> None:
    unknown = replace(CLEAR, decision="reject", intent_confidence=0.7)
    unsure = replace(CLEAR, index=2, decision="confirm", intent_confidence=0.4)
    first, second = (next(rank(CallTurns((turn,)))) for turn in (unknown, unsure))
    assert first.reasons == (Reason.NO_MATCH,)
    assert second.reasons == (Reason.LOW_INTENT,)
    assert first.score > second.score


def test_the_less_sure_the_more_valuable() -> None:
    scores = [
        next(rank(CallTurns((replace(CLEAR, intent_confidence=sure, decision="confirm"),)))).score
        for sure in (0.1, 0.3, 0.5, 0.59, 0.8)
    ]
    assert scores == sorted(scores, reverse=True)


def test_out_of_scope_is_not_understood_even_when_sure() -> None:
    assert Reason.NO_MATCH in reasons(replace(CLEAR, intent="out_of_scope"))


def test_an_engine_that_did_not_answer_counts_as_not_understood() -> None:
    unanswered = replace(CLEAR, intent="", intent_confidence=None, decision="")
    assert reasons(unanswered) == (Reason.NO_MATCH,)


@pytest.mark.parametrize(
    "answer",
    [
        replace(CLEAR, text="нет", intent="deny", question="yes_no"),
        replace(CLEAR, text="нет не надо", intent="", question="yes_no"),
        replace(CLEAR, kind="keyed", text="2", intent="", question="yes_no"),
    ],
)
def test_a_no_to_the_confirmation_blames_the_turn_before(answer: TurnCompleted) -> None:
    confirmed = replace(CLEAR, decision="confirm", reply=ASKED)
    assert Reason.DENIED in reasons(confirmed, later(answer, 5))


def test_a_yes_to_the_confirmation_blames_nobody() -> None:
    confirmed = replace(CLEAR, decision="confirm", reply=ASKED)
    agreed = later(replace(CLEAR, text="да", intent="affirm"), 5)
    assert Reason.DENIED not in reasons(confirmed, agreed)


def test_the_same_question_again_counts_unless_the_caller_was_served_or_asked_for_it() -> None:
    first = replace(CLEAR, reply=ASKED)
    again = replace(later(CLEAR, 5), reply=f"Извините. {ASKED}", decision="confirm")

    def of_second(turn: TurnCompleted) -> tuple[Reason, ...]:
        return [one.reasons for one in rank(CallTurns((first, turn)))][1]

    assert of_second(again) == (Reason.REPEATED,)
    assert of_second(replace(again, intent="repeat")) == ()
    assert of_second(replace(again, decision="accept")) == ()


def test_going_to_an_operator_counts_unless_the_caller_wanted_one() -> None:
    soon = (NOW + timedelta(seconds=2),)
    assert reasons(CLEAR, handoffs=soon) == (Reason.HANDED_OFF,)
    assert reasons(replace(CLEAR, intent="operator"), handoffs=soon) == ()
    first, _second = rank(CallTurns((CLEAR, later(CLEAR, 1)), handoffs=soon))
    assert first.reasons == ()


def test_a_no_on_the_way_to_the_operator_is_not_what_led_there() -> None:
    confirmed = replace(CLEAR, decision="confirm", reply=ASKED)
    denied = later(replace(CLEAR, text="нет", last_partial="нет", intent="deny"), 5)
    turns = rank(CallTurns((confirmed, denied), handoffs=(NOW + timedelta(seconds=8),)))
    assert [turn.reasons for turn in turns] == [(Reason.DENIED, Reason.HANDED_OFF)]


def test_a_hypothesis_that_changed_its_mind_counts_and_one_that_grew_does_not() -> None:
    assert reasons(replace(CLEAR, last_partial="а кому ветер")) == (Reason.UNSTABLE,)
    assert reasons(replace(CLEAR, last_partial="какой")) == ()


def test_speech_that_was_hardly_understood_counts() -> None:
    assert reasons(replace(CLEAR, asr_confidence=0.4)) == (Reason.LOW_SPEECH,)
    assert reasons(replace(CLEAR, asr_confidence=None)) == ()


def test_silence_keys_and_clear_yes_or_no_are_not_reviewed() -> None:
    turns = (
        replace(CLEAR, kind="started", speech_end_s=None),
        replace(CLEAR, kind="keyed", speech_end_s=None, text="1"),
        replace(CLEAR, kind="no_input", speech_end_s=None, text=""),
        replace(CLEAR, text="да", last_partial="да", intent="affirm"),
    )
    assert not list(rank(CallTurns(turns)))


def test_a_sound_without_words_is_reviewed_last_among_those_with_a_reason() -> None:
    noise = replace(CLEAR, kind="unintelligible", text="", last_partial="", intent="")
    assert not list(rank(CallTurns((noise,))))
    (turn,) = rank(CallTurns((noise,), recording="a.wav"))
    assert turn.reasons == (Reason.NOTHING_HEARD,)
    assert turn.score < 2.0


def test_a_turn_comes_with_the_one_before_it_and_the_recording() -> None:
    first, second = rank(CallTurns((CLEAR, later(CLEAR, 5)), recording="a.wav"))
    assert first.previous is None
    assert second.previous is CLEAR
    assert second.recording == "a.wav"
