"""What callers say alike is decided once."""

from dataclasses import replace

import pytest

from ivr.review.folding import fold
from ivr.review.ranking import RankedTurn
from tests.unit.review.test_ranking import CLEAR

pytestmark = pytest.mark.unit


def ranked(text: str, score: float, index: int) -> RankedTurn:
    turn = replace(CLEAR, text=text, index=index)
    return RankedTurn(turn=turn, previous=None, recording="", score=score, reasons=())


def folded(*texts: str) -> list[list[str]]:
    """Groups of texts, the most valuable turn first."""
    turns = [ranked(text, 10.0 - index, index) for index, text in enumerate(texts)]
    return [
        [item.turn.turn.text, *(other.turn.text for other in item.similar)]
        for item in fold(turns, 50)
    ]


def test_misheard_letters_and_endings_make_one_item() -> None:
    assert folded(
        "не приходит код на телефон", "какой мой тариф", "не приходит код на телефоне"
    ) == [["не приходит код на телефон", "не приходит код на телефоне"], ["какой мой тариф"]]


def test_a_negation_keeps_texts_apart() -> None:
    assert len(folded("не работает мобильный интернет", "работает мобильный интернет")) == 2


def test_other_phone_numbers_make_no_difference() -> None:
    said = "мой номер девятьсот три сто двадцать три сорок пять шестьдесят "
    groups = folded(f"{said} восемь", f"{said} девять", "девятьсот три сто двадцать три")
    assert len(groups) <= 2 or "номер" not in groups[2][0]


def test_turns_without_words_are_never_alike() -> None:
    assert len(folded("", "", "")) == 3


def test_the_most_valuable_turn_stands_for_its_group_and_every_turn_is_somewhere() -> None:
    turns = [ranked("какой мой тариф", float(score), score) for score in (1, 5, 3)]
    (item,) = fold(turns, 50)
    assert item.turn.score == 5.0
    assert item.keys == ("c:5", "c:3", "c:1")


def test_yo_and_ye_are_one_letter() -> None:
    assert len(folded("ещё сколько осталось", "еще сколько осталось")) == 1


def test_no_more_groups_are_made_than_are_wanted_and_each_is_whole() -> None:
    texts = ["какой мой тариф", "что с интернетом", "где офис", "какой мой тариф"]
    turns = [ranked(text, 10.0 - index, index) for index, text in enumerate(texts)]
    assert [len(item.keys) for item in fold(turns, 2)] == [2, 1]
