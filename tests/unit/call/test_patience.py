"""Rules, intents and the question together: how sure it is that a turn is over."""

import asyncio

import pytest

from ivr.call.conversation import Understanding
from ivr.call.endings import KNOWN_FLOOR, KNOWN_UP_FLOOR, MOVE_FLOOR, Endings
from ivr.call.patience import FELL_SURENESS, YES_NO_INTENT, Patience, PatienceSettings
from ivr.call.speculation import Speculation
from ivr.dialogue.actions import QuestionKind
from ivr.speech.endpointing import UNDECIDED, UNFINISHED, EndpointingProfile
from ivr.speech.melody import Melody
from ivr.testing.parts import FakeNlu

pytestmark = pytest.mark.unit

INTENTS = {
    "мой баланс": "balance",
    "переведите на": "operator",
    "неа": "deny",
    "сделайте погромче": "volume",
    "здравствуйте вам": "greeting",
    "дайте подумать минут пять": "wait",
}
PHRASES = ("мой баланс", "неа", "мой баланс покажите пожалуйста", "что вы можете")
ENDINGS = Endings(phrase.split() for phrase in PHRASES)


FALLEN, HELD = Melody(-5.5), Melody(0.0)


def patience_for(kind: QuestionKind) -> Patience:
    understanding = Understanding(client=FakeNlu(INTENTS), accept=0.6, confirm=0.3)
    settings = PatienceSettings(
        profiles=dict.fromkeys(QuestionKind, EndpointingProfile()), endings=ENDINGS
    )
    patience = Patience(settings, Speculation(understanding.client), understanding)
    patience.expect(kind)
    return patience


async def judged(
    kind: QuestionKind, text: str, *, ahead: bool = True, melody: Melody | None = None
) -> tuple[float, str]:
    patience = patience_for(kind)
    if ahead:
        patience.ahead(text)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    judgement = patience.judge(text, melody)
    return judgement.sureness, judgement.reason


async def test_free_speech_is_undecided_until_it_is_understood() -> None:
    assert await judged(QuestionKind.OPEN, "мой баланс", ahead=False) == (UNDECIDED, "no_rule")
    sureness, reason = await judged(QuestionKind.OPEN, "мой баланс")
    assert reason == "request"
    assert sureness >= KNOWN_FLOOR


async def test_words_that_lead_on_stay_unfinished_however_clear_the_intent() -> None:
    assert await judged(QuestionKind.OPEN, "переведите на") == (UNFINISHED, "leads_on")


async def test_an_opening_and_idle_words_are_no_reason_for_haste() -> None:
    for text in ("здравствуйте вам", "о погоде"):
        assert await judged(QuestionKind.OPEN, text) == (UNDECIDED, "request")


async def test_a_yes_or_no_in_other_words_is_understood_by_its_intent() -> None:
    assert await judged(QuestionKind.YES_NO, "неа") == (YES_NO_INTENT, "yes_no_intent")
    assert await judged(QuestionKind.YES_NO, "мой баланс") == (UNDECIDED, "no_rule")


async def test_a_closed_question_is_not_answered_by_a_clear_intent() -> None:
    assert await judged(QuestionKind.CITY, "мой баланс") == (UNDECIDED, "no_rule")


async def test_a_request_is_surer_when_the_voice_has_come_down() -> None:
    text = "мой баланс покажите пожалуйста"
    INTENTS[text] = "balance"
    fallen, why = await judged(QuestionKind.OPEN, text, melody=FALLEN)
    held, _ = await judged(QuestionKind.OPEN, text, melody=HELD)
    assert why == "request_heard"
    assert fallen > 0.9
    assert held == KNOWN_UP_FLOOR  # may be all, and end high as a question


async def test_a_voice_that_stays_up_is_waited_for_though_the_words_may_be_all() -> None:
    text = "скажите какой у меня мой баланс"
    INTENTS[text] = "balance"
    held, _ = await judged(QuestionKind.OPEN, text, melody=HELD)
    fallen, _ = await judged(QuestionKind.OPEN, text, melody=FALLEN)
    assert UNFINISHED <= held < UNDECIDED < fallen


async def test_idle_words_are_never_sure_to_be_all() -> None:
    held, _ = await judged(QuestionKind.OPEN, "о погоде", melody=HELD)
    fallen, _ = await judged(QuestionKind.OPEN, "о погоде", melody=Melody(-8.0))
    assert held < UNDECIDED
    assert fallen == UNDECIDED


async def test_a_yes_or_no_that_nobody_says_may_be_an_opening() -> None:
    """«Мне надо», «ну короче» are heard as «не надо», «не короче»."""
    INTENTS["не короче"] = "deny"
    unknown, _ = await judged(QuestionKind.OPEN, "не короче", melody=FALLEN)
    known, _ = await judged(QuestionKind.OPEN, "неа", melody=FALLEN)
    assert unknown <= UNDECIDED < known


async def test_a_last_word_that_leads_on_is_doubted_after_a_fall() -> None:
    text = "сколько у меня денег на"
    assert await judged(QuestionKind.OPEN, text, melody=HELD) == (UNFINISHED, "leads_on")
    assert await judged(QuestionKind.OPEN, text, melody=FALLEN) == (UNDECIDED, "leads_on_fell")


async def test_a_word_that_leads_on_with_nothing_asked_before_is_believed_after_a_fall() -> None:
    for text in ("мне бы", "я во", "переведите на"):
        assert await judged(QuestionKind.OPEN, text, melody=FALLEN) == (UNFINISHED, "leads_on")


async def test_a_request_known_word_for_word_may_be_all_whatever_its_last_word() -> None:
    known = "а что вы можете"
    assert await judged(QuestionKind.OPEN, known) == (UNDECIDED, "object_awaited_known")
    assert await judged(QuestionKind.OPEN, "можете") == (UNFINISHED, "object_awaited")


async def test_who_asks_to_wait_is_given_time() -> None:
    said = await judged(QuestionKind.OPEN, "дайте подумать минут пять", melody=FALLEN)
    assert said == (UNFINISHED, "looking_for_words")


async def test_a_number_that_may_go_on_is_over_after_a_fall() -> None:
    text = "девятьсот три сто двадцать три сорок пять двадцать"
    assert await judged(QuestionKind.DIGITS, text) == (UNDECIDED, "number_may_go_on")
    fell = (FELL_SURENESS, "number_may_go_on_fell")
    assert await judged(QuestionKind.DIGITS, text, melody=FALLEN) == fell


async def test_a_fall_does_not_end_a_number_under_way_nor_an_opening() -> None:
    number = "девятьсот три сто двадцать"
    unfinished = await judged(QuestionKind.DIGITS, number, melody=FALLEN)
    assert unfinished == (UNFINISHED, "unfinished_number")
    greeting = await judged(QuestionKind.OPEN, "здравствуйте", melody=FALLEN)
    assert greeting == (UNFINISHED, "greeting")


async def test_a_short_known_request_may_go_on_while_the_voice_stays_up() -> None:
    assert (await judged(QuestionKind.OPEN, "мой баланс", melody=HELD))[0] == KNOWN_UP_FLOOR


async def test_a_short_move_needs_little_melody() -> None:
    assert (await judged(QuestionKind.OPEN, "неа", melody=Melody(-2.5)))[0] >= MOVE_FLOOR
    assert (await judged(QuestionKind.OPEN, "неа", melody=HELD))[0] == UNDECIDED


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (QuestionKind.OPEN, "мой баланс", True),
        (QuestionKind.CITY, "казань", True),
        (QuestionKind.OPEN, "о погоде", False),
        (QuestionKind.OPEN, "в эфире новости", False),
    ],
)
async def test_what_makes_sense_as_an_answer(
    kind: QuestionKind, text: str, *, expected: bool
) -> None:
    patience = patience_for(kind)
    patience.ahead(text)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert patience.answers(text) is expected


async def test_words_that_were_not_understood_yet_are_no_answer() -> None:
    assert not patience_for(QuestionKind.OPEN).answers("мой баланс")
