import pytest

from ivr.nlu.statistics import accuracy_difference, mcnemar_p, spread

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("fixed", "broken", "p"),
    [
        (0, 0, 1.0),
        (3, 3, 1.0),
        (1, 0, 1.0),
        (5, 0, 2 / 2**5),
        (0, 6, 2 / 2**6),
        (1, 8, 2 * (1 + 9) / 2**9),
        (10, 2, 2 * (1 + 12 + 66) / 2**12),
    ],
)
def test_the_exact_test_counts_splits_at_least_as_uneven(fixed: int, broken: int, p: float) -> None:
    assert mcnemar_p(fixed, broken) == pytest.approx(p)
    assert mcnemar_p(broken, fixed) == mcnemar_p(fixed, broken)


def test_the_interval_lies_around_the_difference_and_is_the_same_every_time() -> None:
    first = [True] * 60 + [False] * 40
    second = [True] * 75 + [False] * 25
    found = accuracy_difference(first, second)
    assert found.value == pytest.approx(0.15)
    assert 0.05 < found.low < 0.15 < found.high < 0.25
    assert accuracy_difference(first, second) == found


def test_equal_models_differ_by_nothing() -> None:
    found = accuracy_difference([True, False], [True, False])
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_pairing_makes_the_interval_narrow_where_the_same_items_are_hard() -> None:
    first = [True, False] * 100
    same = [*first[:-2], True, True]
    other = [not right for right in first[:-2]] + [True, True]
    paired, unpaired = accuracy_difference(first, same), accuracy_difference(first, other)
    assert paired.value == unpaired.value
    assert paired.high - paired.low < 0.2 * (unpaired.high - unpaired.low)


def test_a_single_run_has_no_deviation() -> None:
    assert spread([0.5]).deviation == 0
    assert spread([0.8, 0.9, 1.0]).mean == pytest.approx(0.9)
    assert spread([0.8, 0.9, 1.0]).deviation == pytest.approx(0.1)
