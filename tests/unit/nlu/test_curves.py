import pytest

from ivr.nlu.confusions import confusion_matrix
from ivr.nlu.curves import accept_curve, advise, calibration_error, confirm_curve, reliability
from tests.unit.nlu.predictions import predicted

pytestmark = pytest.mark.unit

SURE = [predicted("balance", "balance", 0.9) for _ in range(97)]


def test_the_advised_threshold_is_the_lowest_with_two_wrong_in_a_hundred() -> None:
    wrong = [predicted("balance", "operator", confidence) for confidence in (0.2, 0.5, 0.55, 0.7)]
    curve = accept_curve([*SURE, *wrong])
    assert curve[51].wrong_of_acted == pytest.approx(2 / 99)
    assert curve[56].wrong_of_acted == pytest.approx(1 / 98)
    assert advise([*SURE, *wrong]).accept == 0.56


def test_out_of_scope_phrases_count_where_they_are_taken_for_a_wish() -> None:
    known = predicted("out_of_scope", "out_of_scope", 0.9)
    taken = predicted("out_of_scope", "balance", 0.9)
    assert accept_curve([known])[50].right == 0
    assert accept_curve([known, taken])[50].wrong == 0.5


def test_where_everything_is_wrong_nothing_is_acted_on() -> None:
    assert advise([predicted("balance", "operator", 1.0)] * 9).accept == 1.01


def test_questions_are_advised_down_to_where_every_second_is_right() -> None:
    asked = [predicted("balance", "balance", 0.47) for _ in range(6)]
    unsure = [predicted("balance", "operator", 0.5) for _ in range(5)]
    guesses = [predicted("balance", "operator", 0.37) for _ in range(8)]
    found = advise([*SURE, *asked, *unsure, *guesses])
    assert found.accept == 0.51
    assert found.confirm == 0.43  # at 0.42 the guesses come within 0.05


def test_without_phrases_between_nothing_is_asked() -> None:
    assert advise(SURE).accept == advise(SURE).confirm == 0.0


def test_the_confirm_curve_ends_where_acting_begins() -> None:
    asked = [predicted("balance", "balance", 0.4), predicted("balance", "operator", 0.3)]
    curve = confirm_curve(asked, 0.5)
    assert len(curve) == 51
    assert (curve[35].right, curve[35].wrong) == (0.5, 0)
    assert (curve[0].right, curve[0].wrong) == (0.5, 0.5)


def test_reliability_compares_confidence_with_the_share_of_right_answers() -> None:
    found = reliability(
        [
            predicted("balance", "balance", 1.0),
            predicted("balance", "balance", 0.92),
            predicted("balance", "operator", 0.5),
            predicted("balance", "balance", 0.5),
        ]
    )
    assert [(one.low, one.count, one.right) for one in found] == [(0.5, 2, 0.5), (0.9, 2, 1.0)]
    assert calibration_error(found) == pytest.approx(0.02)


def test_the_matrix_counts_who_was_taken_for_whom() -> None:
    matrix = confusion_matrix(
        [
            predicted("balance", "balance", 0.9, "раз"),
            predicted("balance", "help", 0.9, "два"),
            predicted("operator", "operator", 0.9, "три"),
            predicted("balance", "operator", 0.9, "четыре"),
            predicted("balance", "operator", 0.9, "пять"),
        ]
    )
    assert matrix.names == ("balance", "operator", "help")
    worst, second = matrix.mistakes
    assert (worst.said, worst.found, worst.count, worst.share) == ("balance", "operator", 2, 0.5)
    assert worst.texts == ("четыре", "пять")
    assert second.found == "help"
