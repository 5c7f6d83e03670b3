"""The training data that is shipped."""

import csv
from collections import Counter
from pathlib import Path

import pytest
from rapidfuzz import fuzz, process

from ivr.nlu.phrases import read_intents, read_phrases, spelling
from ivr.nlu.training import validate

pytestmark = pytest.mark.unit

DATA = Path("nlu_data")

SAME_ANYWHERE = frozenset(
    {
        # Greetings, answers and product names that nobody can say in another way.
        "ага", "да", "да да", "да конечно", "ну да", "конечно", "окей", "угу", "хорошо",
        "нет", "неа", "не надо", "не нужно", "не верно", "нет спасибо", "отказываюсь",
        "привет", "здравствуйте", "доброе утро", "добрый день", "добрый вечер",
        "пока", "до свидания", "все спасибо", "назад", "отмена", "стоп", "хватит", "передумал",
        "я передумала", "главное меню", "повторите", "повторите пожалуйста", "еще раз",
        "оператор", "обещанный платеж", "обратный звонок", "перенос номера",
    }
)  # fmt: skip


def test_the_data_is_valid_and_as_rich_as_promised() -> None:
    summary = validate(DATA)
    assert summary.intents >= 35
    counts = Counter(phrase.intent for phrase in read_phrases(DATA / "nlu"))
    assert min(counts.values()) >= 22
    assert counts["out_of_scope"] >= 110
    for intent in ("balance", "operator", "tariff_info", "mobile_internet_issue", "last_charges"):
        assert counts[intent] >= 30


def test_every_intent_is_held_out_with_at_least_six_phrases() -> None:
    counts = Counter(phrase.intent for phrase in read_phrases(DATA / "test.yml"))
    assert all(counts[intent] >= 6 for intent in read_intents(DATA / "domain.yml"))


def test_no_long_test_phrase_is_nearly_a_training_phrase() -> None:
    trained = [phrase.text for phrase in read_phrases(DATA / "nlu")]
    for phrase in read_phrases(DATA / "test.yml"):
        if len(phrase.text.split()) > 4:
            near = process.extractOne(phrase.text, trained, scorer=fuzz.ratio, score_cutoff=92)
            assert near is None, (phrase, near)


def test_what_the_fixtures_say_is_not_trained_on() -> None:
    trained = {spelling(phrase.text) for phrase in read_phrases(DATA / "nlu")}
    with Path("audio_fixtures/manifest.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    said = {spelling(row["text"]) for row in rows if row["intent"]}
    assert (said & trained) - SAME_ANYWHERE == set()


def test_the_fixtures_intents_are_all_known() -> None:
    known = set(read_intents(DATA / "domain.yml"))
    with Path("audio_fixtures/manifest.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    assert {row["intent"] for row in rows if row["intent"]} <= known
