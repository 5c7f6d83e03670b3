"""Decided phrases reach the right file, and none reaches two."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.nlu.phrases import LabelledPhrase, read_phrases
from ivr.nlu.training import validate
from ivr.review.journal import Entry
from ivr.review.sorting import PhraseIndex, is_held_out, objection, sort_out
from ivr.review.spoken import word_set
from ivr.review.writing import write
from tests.unit.review.test_journal import TRAIN

pytestmark = pytest.mark.unit

TRAINED = (LabelledPhrase("мой баланс", "balance", "money.yml:5"),)
TESTED = (LabelledPhrase("подскажите остаток на моем счете", "balance", "test.yml:7"),)


def entry(text: str, intent: str = "balance", words: str = "") -> Entry:
    return replace(TRAIN, text=text, intent=intent, words=words, also="")


def test_new_phrases_go_to_training_once() -> None:
    plan = sort_out(
        [entry("чего там на счете"), entry("чего там на счёте"), entry("мой баланс")],
        TRAINED,
        TESTED,
        share=0.0,
    )
    assert plan.training == {"balance": ["чего там на счете"]}
    assert plan.held_out == {}
    assert plan.refused == ()


def test_a_phrase_that_is_nearly_a_test_phrase_is_refused_with_its_place() -> None:
    plan = sort_out([entry("подскажите остаток на моём счету")], TRAINED, TESTED, share=0.0)
    assert plan.training == {}
    assert "test.yml:7" in plan.refused[0].why


def test_one_phrase_cannot_mean_two_things() -> None:
    plan = sort_out(
        [entry("мой баланс", "debt_block"), entry("пусто"), entry("пусто", "outage")],
        TRAINED,
        TESTED,
        share=0.0,
    )
    assert [one.why for one in plan.refused] == [
        "уже есть среди фраз намерения balance (money.yml:5)",
        "в этом же разборе отнесена к намерению balance",
    ]


def test_what_is_held_out_is_decided_by_the_text_alone() -> None:
    assert is_held_out("ещё раз", 0.5) == is_held_out("еще раз", 0.5)
    assert not is_held_out("что угодно", 0.0)
    assert is_held_out("что угодно", 1.0)
    share = sum(is_held_out(f"фраза {number}", 0.2) for number in range(2000)) / 2000
    assert share == pytest.approx(0.2, abs=0.03)


def test_what_is_nearly_a_training_phrase_measures_nothing_and_is_not_held_out() -> None:
    plan = sort_out([entry("мой балансы"), entry("скока денег")], TRAINED, TESTED, share=1.0)
    assert plan.training == {"balance": ["мой балансы"]}
    assert plan.held_out == {"balance": ["скока денег"]}


@given(
    st.lists(st.sampled_from(sorted(word_set("один два три четыре пять"))), max_size=8),
    st.floats(0, 1),
)
def test_every_phrase_is_in_one_place(texts: list[str], share: float) -> None:
    plan = sort_out([entry(text) for text in texts], TRAINED, TESTED, share=share)
    placed = [*plan.training.get("balance", ()), *plan.held_out.get("balance", ())]
    assert sorted(placed) == sorted(set(texts))


def test_without_a_model_phrases_that_look_alike_are_suggested() -> None:
    index = PhraseIndex((*TRAINED, LabelledPhrase("какой тариф", "tariff_info", "")))
    assert index.ranking("тариф какой у меня", 9)[0] == ("tariff_info", 1.0)
    assert objection("мой баланс", "", index, PhraseIndex(())) == ""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    shutil.copytree("nlu_data", tmp_path / "nlu_data")
    return tmp_path / "nlu_data"


def test_files_grow_by_the_new_lines_alone_and_stay_valid(data: Path) -> None:
    before = {file: file.read_text("utf-8").splitlines() for file in data.rglob("*.yml")}
    phrases = [
        entry("чего там журавлик у меня на счете лежит", "balance", "журавлик;мобильный журавлик"),
        entry("сделайте потише телевидение ваше", "tv_issue"),
    ]
    written = write(data, phrases, share=0.0)
    assert [one.text for one in written.training] == [one.text for one in phrases]
    for file, lines in before.items():
        now = file.read_text("utf-8").splitlines()
        added = [line for line in now if line not in lines]
        assert [line for line in now if line not in added] == lines
    validate(data)
    words = (data / "words" / "reviewed.txt").read_text("utf-8").splitlines()
    assert [line for line in words if not line.startswith("#")] == [
        "журавлик",
        "мобильный журавлик",
    ]
    assert write(data, phrases, share=0.0).training == ()
    assert (data / "words" / "reviewed.txt").read_text("utf-8").splitlines() == words


def test_held_out_phrases_go_to_the_test_file(data: Path) -> None:
    text = "чего там журавлик у меня на счете лежит"
    written = write(data, [entry(text)], share=1.0)
    assert [one.file for one in written.held_out] == [data / "test.yml"]
    assert text in {phrase.text for phrase in read_phrases(data / "test.yml")}
    assert text not in {phrase.text for phrase in read_phrases(data / "nlu")}
    validate(data)
