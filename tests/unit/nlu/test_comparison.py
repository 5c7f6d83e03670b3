from pathlib import Path

import pytest

from ivr.errors import ConfigError
from ivr.nlu.comparison import compare
from ivr.nlu.gates import Limits, check_comparison, check_figures, failed, read_limits
from tests.unit.nlu.predictions import predicted

pytestmark = pytest.mark.unit

RIGHT = predicted("balance", "balance", 0.9)
WRONG = predicted("balance", "operator", 0.7)


def test_what_changed_is_listed_with_both_answers() -> None:
    found = compare([RIGHT, WRONG, RIGHT], [WRONG, RIGHT, RIGHT], accept=0.6, confirm=0.3)
    assert [(item.before.name, item.after.name) for item in found.fixed] == [
        ("operator", "balance")
    ]
    assert [item.after.name for item in found.broken] == ["operator"]
    assert found.p_value == 1
    assert not found.worse


def test_a_few_broken_phrases_may_be_chance_many_are_not() -> None:
    for broken, worse in ((5, False), (6, True)):
        before, after = [RIGHT] * 50, [WRONG] * broken + [RIGHT] * (50 - broken)
        assert compare(before, after, accept=0.6, confirm=0.3).worse is worse
        better = compare(after, before, accept=0.6, confirm=0.3)
        assert better.significant is worse
        assert not better.worse


def test_a_gate_says_what_it_found_and_by_how_much() -> None:
    limits = Limits(accuracy=0.9, macro_f1=0.2, false_accepts=0.1)
    strange = predicted("out_of_scope", "operator", 0.9)
    found = compare([RIGHT] * 2, [RIGHT, strange], accept=0.6, confirm=0.3)
    results = check_figures(found.second, limits)
    assert [result.name for result in failed(results)] == ["accuracy", "false_accepts"]
    assert results[0].found == "0.500, at least 0.900, 0.400 too little"
    assert results[2].found == "1.000, at most 0.100, 0.900 too much"
    assert check_comparison(found, "0a1b").passed


def test_figures_at_the_limits_pass() -> None:
    limits = Limits(accuracy=1.0, macro_f1=1.0, false_accepts=0.0)
    found = compare([RIGHT], [RIGHT], accept=0.6, confirm=0.3)
    assert not failed(check_figures(found.second, limits))


@pytest.mark.parametrize(
    "text", ["accuracy = 0.9", "accuracy = [", 'accuracy = "x"\nmacro_f1 = 1\nfalse_accepts = 0']
)
def test_a_wrong_gate_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "gate.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"gate\.toml"):
        read_limits(file)
