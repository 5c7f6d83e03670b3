import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.nlu import likeness
from ivr.nlu.likeness import comparable, nearest, pairs_between, pairs_within

pytestmark = pytest.mark.unit

texts = st.lists(st.text("аб ", max_size=6).map(lambda text: " ".join(text.split())), max_size=9)


def test_spelling_case_and_punctuation_do_not_count() -> None:
    assert comparable("  Ещё РАЗ, пожалуйста!") == comparable("еще раз пожалуйста")


def test_words_in_another_order_are_alike() -> None:
    (pair,) = pairs_within(["добрый день", "день добрый", "сколько денег"], 90.0)
    assert (pair.left, pair.right) == (0, 1)
    assert pair.reordered == pair.likeness == 100.0
    assert pair.in_order < 90.0


def test_two_lists_are_compared_place_by_place() -> None:
    found = [
        (pair.left, pair.right) for pair in pairs_between(["баланс"], ["тариф", "баланса"], 90.0)
    ]
    assert found == [(0, 1)]


@settings(max_examples=50, deadline=None)
@given(texts)
def test_comparing_in_parts_finds_what_comparing_at_once_finds(said: list[str]) -> None:
    whole = list(pairs_within(said, 60.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(likeness, "ROWS", 2)
        assert sorted(pairs_within(said, 60.0), key=key) == sorted(whole, key=key)
    assert {(pair.left, pair.right) for pair in whole} == {
        (pair.left, pair.right)
        for pair in pairs_between(said, said, 60.0)
        if pair.left < pair.right
    }


def key(pair: likeness.Pair) -> tuple[int, int]:
    return pair.left, pair.right


def test_the_nearest_come_first() -> None:
    found = nearest("мой баланс", ["тариф", "баланс мой", "мой балансик"], 2)
    assert [place for place, _ in found] == [1, 2]
    assert found[0][1] == 100.0
    assert nearest("баланс", [], 3) == ()
