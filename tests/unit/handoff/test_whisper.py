"""What operators hear before the customer."""

import pytest

from ivr.handoff.whisper import Brief, topic_text, whisper
from ivr.queue.model import Contact, ContactId, ContactKind
from ivr.speech.phrase import FreeText, Quantity

pytestmark = pytest.mark.unit


def contact(**fields: object) -> Contact:
    known = {
        "contact_id": ContactId("c"),
        "kind": ContactKind.CALL,
        "number": "9030000001",
        "topic": "roaming",
        "first_promised_at": 1000.0,
        "place_at": 1000.0,
    }
    return Contact(**{**known, **fields})  # type: ignore[arg-type]


def said(brief: Brief) -> str:
    return " ".join(part.text for part in whisper(brief) if isinstance(part, FreeText))


def test_the_topic_is_said_in_words():
    assert said(Brief(contact(), now=1010.0)) == "Клиент хочет подключить роуминг."


def test_a_topic_nobody_knows_is_no_riddle():
    assert topic_text("something_new") == "вопрос клиента"


def test_two_facts_are_enough_and_numbers_stay_on_the_screen():
    facts = {
        "phone": "9031234567",
        "tariff": "Всё включено",
        "city": "Казань",
        "date": "2026-11-22",
    }
    assert "Речь о: Всё включено, Казань." in said(Brief(contact(), now=1000.0, facts=facts))


def test_a_long_wait_is_told_and_a_short_one_is_not():
    assert not [p for p in whisper(Brief(contact(), now=1060.0)) if isinstance(p, Quantity)]
    (minutes,) = [p for p in whisper(Brief(contact(), now=1180.0)) if isinstance(p, Quantity)]
    assert minutes.count == 3


def test_a_call_back_is_announced_as_one():
    brief = Brief(contact(kind=ContactKind.CALLBACK, topic="callback"), now=1000.0)
    assert said(brief).startswith("Обратный звонок")
