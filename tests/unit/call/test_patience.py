"""Rules, intents and the question together: how sure it is that a turn is over."""

import asyncio

import pytest

from ivr.call.conversation import Understanding
from ivr.call.endings import KNOWN_FLOOR, Endings
from ivr.call.patience import YES_NO_INTENT, Patience, PatienceSettings
from ivr.call.speculation import Speculation
from ivr.dialogue.actions import QuestionKind
from ivr.speech.endpointing import UNDECIDED, UNFINISHED, EndpointingProfile
from ivr.testing.parts import FakeNlu

pytestmark = pytest.mark.unit

INTENTS = {
    "мой баланс": "balance",
    "переведите на": "operator",
    "неа": "deny",
    "сделайте погромче": "volume",
    "здравствуйте вам": "greeting",
}
ENDINGS = Endings([["мой", "баланс"], ["неа"], ["мой", "баланс", "покажите", "пожалуйста"]])


async def judged(kind: QuestionKind, text: str, *, ahead: bool = True) -> tuple[float, str]:
    understanding = Understanding(client=FakeNlu(INTENTS), accept=0.6, confirm=0.3)
    settings = PatienceSettings(
        profiles=dict.fromkeys(QuestionKind, EndpointingProfile()), endings=ENDINGS
    )
    patience = Patience(settings, Speculation(understanding.client), understanding)
    patience.expect(kind)
    if ahead:
        patience.ahead(text)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    judgement = patience.judge(text)
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
