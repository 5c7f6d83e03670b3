"""Error counts, intervals, tests between models."""

import pytest

from ivr.asr_eval.scoring import (
    compare,
    compare_texts,
    grouped,
    length_group,
    number_error_rate,
    word_error_rate,
    worst_words,
)

pytestmark = pytest.mark.unit


def test_case_and_yo_do_not_count() -> None:
    assert compare_texts("Ещё счёт", "еще счет").word_errors == 0


def test_words_left_out_put_in_and_exchanged_are_counted() -> None:
    found = compare_texts("какой у меня баланс", "какой меня баланс был")
    assert (found.words, found.word_errors) == (4, 2)
    assert found.edits == (("у", ""), ("", "был"))
    assert found.character_errors > 0


def test_nothing_heard_is_all_words_wrong() -> None:
    assert compare_texts("мой баланс", "").word_errors == 2


def test_numbers_are_compared_by_value() -> None:
    same = compare_texts("триста рублей", "триста рубль")
    other = compare_texts("триста рублей", "двести рублей")
    none = compare_texts("баланс", "триста")
    assert (same.numbers_wrong, other.numbers_wrong, none.has_numbers) == (False, True, False)
    assert number_error_rate([same, other, none]).of == 2


def test_the_interval_holds_the_rate_and_is_the_same_each_time() -> None:
    errors = [compare_texts("да нет", "да нет"), compare_texts("да нет", "да да")] * 20
    first, second = word_error_rate(errors), word_error_rate(errors)
    assert first == second
    assert first.low < first.value == 0.25 < first.high
    assert word_error_rate([]).value == 0.0


def test_a_clear_difference_is_significant_and_none_is_not() -> None:
    good = [compare_texts("да", "да")] * 40
    bad = [compare_texts("да", "нет")] * 30 + good[:10]
    assert compare(bad, good).p_value < 0.01
    assert compare(bad, good).difference == pytest.approx(-0.75)
    assert compare(good, good).p_value == 1.0
    assert (compare(bad, good).better, compare(bad, good).worse) == (30, 0)


def test_groups_and_worst_words() -> None:
    errors = [compare_texts("да", "нет"), compare_texts("да", "нет"), compare_texts("да", "да")]
    groups = grouped(errors, ["Анна", "Анна", "Елена"], word_error_rate)
    assert [groups["Анна"].value, groups["Елена"].value] == [1.0, 0.0]
    assert worst_words(errors, 5) == [(("да", "нет"), 2)]
    assert [length_group(n) for n in (1, 3, 6, 7)] == ["1", "2–3", "4–6", "7+"]
