"""The table of intents is complete, and everything it can say exists."""

import re
from pathlib import Path

import pytest
import yaml

from ivr.dialogue.flows import FLOWS
from ivr.dialogue.hearing import readings_back
from ivr.dialogue.intents import (
    KEYED_INTENTS,
    TREATMENTS,
    FlowName,
    HandOver,
    Inform,
    Move,
    Serve,
    Talk,
    treatment,
)
from ivr.speech.phrase import Name
from ivr.speech.prompt_texts import PromptTexts

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]


def trained_intents() -> set[str]:
    """Intents of the domain file, else those with training phrases."""
    domain = ROOT / "nlu_data" / "domain.yml"
    if domain.exists():
        return set(yaml.safe_load(domain.read_text("utf-8"))["intents"])
    files = sorted((ROOT / "nlu_data" / "nlu").glob("*.yml"))
    found = (re.findall(r"intent: (\w+)", file.read_text("utf-8")) for file in files)
    return {intent for names in found for intent in names}


def test_every_trained_intent_has_a_treatment() -> None:
    assert trained_intents() - set(TREATMENTS) == set()


def test_every_treatment_is_of_a_trained_intent_or_a_key() -> None:
    assert set(TREATMENTS) - trained_intents() - set(KEYED_INTENTS.values()) == set()


def test_an_unknown_intent_is_off_topic() -> None:
    assert treatment("never_heard_of") == Talk(Move.OFF_TOPIC)


def test_every_flow_has_its_intent_and_every_intent_its_flow() -> None:
    used = {known.flow for known in TREATMENTS.values() if isinstance(known, Serve)}
    assert used == set(FlowName) == set(FLOWS)


def test_every_wish_reads_on_from_the_confirmation() -> None:
    for intent, known in TREATMENTS.items():
        if isinstance(known, Serve | Inform | HandOver):
            assert re.match(r"(\w+ть|\w+ться|\w+ти|войти)\b", known.wish), intent


def test_every_prompt_named_in_the_dialogue_code_exists(texts: PromptTexts) -> None:
    code = "".join(path.read_text("utf-8") for path in (ROOT / "ivr" / "dialogue").rglob("*.py"))
    named = set(re.findall(r'"([a-z_]+\.[a-z_0-9]+)"', code))
    assert len(named) > 60
    assert sorted(name for name in named if name not in texts) == []


def test_every_wish_is_spoken_ahead_of_the_first_caller_who_is_asked_about_it() -> None:
    ready = {part.text for phrase in readings_back() for part in phrase if isinstance(part, Name)}
    assert ready == {known.wish for known in TREATMENTS.values() if known.wish}
