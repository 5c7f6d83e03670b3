"""What an operator hears before the customer: the topic and what is known, in one short breath.

The whole of it stands in the hand-off record, which the operator's desk shows; this is for those
who have only a phone. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from ivr.dialogue.intents import TREATMENTS
from ivr.queue.model import Contact, ContactKind
from ivr.speech.phrase import FreeText, Part, Pause, Phrase, Quantity, Unit

TOPICS: Final = {
    "operator": "клиент просит оператора",
    "no_match": "бот не понял клиента",
    "no_input": "клиент молчал",
    "nlu_down": "бот не понимает речь",
    "service_failed": "сбой справочной системы",
    "callback": "заказан обратный звонок",
}
"""Reasons of a hand-off that are no wish."""
FACTS: Final = ("tariff", "service", "city", "amount", "date")
"""Kinds of entities worth saying; numbers are on the operator's screen."""
SPOKEN_FACTS: Final = 2
LONG_WAIT_S: Final = 90.0
"""Who waited shorter is not in need of an apology."""
PAUSE: Final = Pause(150)


@dataclass(frozen=True, slots=True)
class Brief:
    """What is known of the customer."""

    contact: Contact
    now: float
    """Seconds since the epoch."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Kind of entity -> its last value."""


def whisper(brief: Brief) -> Phrase:
    """Topic, facts, and how long the customer waits: at most six seconds of speech."""
    contact = brief.contact
    callback = contact.kind is ContactKind.CALLBACK
    opening = "Обратный звонок: " if callback else ""
    parts = list(summary(contact.topic, brief.facts, opening))
    waited_s = brief.now - contact.first_promised_at
    if waited_s >= LONG_WAIT_S:
        minutes = Decimal(round(waited_s / 60))
        parts += [
            PAUSE,
            FreeText("Ждёт" if not callback else "Ждал"),
            Quantity(minutes, Unit.MINUTE),
        ]
    return tuple(parts)


def summary(topic: str, facts: Mapping[str, str], opening: str = "") -> Phrase:
    """Topic and facts alone."""
    parts: list[Part] = [FreeText(_sentence(opening + topic_text(topic)))]
    known = [facts[kind] for kind in FACTS if facts.get(kind)]
    if known:
        parts += [PAUSE, FreeText(_sentence("Речь о: " + ", ".join(known[:SPOKEN_FACTS])))]
    return tuple(parts)


def topic_text(topic: str) -> str:
    """A topic of the queue in Russian; one that is not in the tables as it is."""
    if topic in TOPICS:
        return TOPICS[topic]
    treatment = TREATMENTS.get(topic)
    wish = treatment.wish if treatment is not None else ""
    return f"клиент хочет {wish}" if wish else "вопрос клиента"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
