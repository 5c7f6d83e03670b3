"""What a graph must show before it is put in force."""

from pathlib import Path

import pytest

from ivr.asr_eval.gate import Gate, read_gate, refusals, unknown_share
from ivr.asr_eval.scoring import Comparison
from ivr.errors import ConfigError

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]


def compared(difference: float, p_value: float) -> Comparison:
    return Comparison(difference, difference, difference, p_value, 1, 1)


@pytest.mark.parametrize(
    ("difference", "p_value", "unknown", "refused"),
    [
        (0.02, 0.2, 0.05, 0),
        (-0.02, 0.001, 0.04, 0),
        (0.02, 0.001, 0.05, 1),
        (0.02, 0.001, 0.06, 2),
        (0.0, 1.0, 0.051, 1),
    ],
)
def test_a_graph_is_refused_when_it_is_surely_worse_or_knows_fewer_words(
    difference: float, p_value: float, unknown: float, refused: int
):
    assert len(refusals(Gate(), compared(difference, p_value), 0.05, unknown)) == refused


def test_demands_can_be_loosened(tmp_path: Path):
    file = tmp_path / "gate.toml"
    file.write_text("accuracy = 0.9\n[graph]\nworse_p = 0\nunknown_growth = 0.1\nsample = 3\n")
    gate = read_gate(file)
    assert gate == Gate(worse_p=0, unknown_growth=0.1, sample=3)
    assert refusals(gate, compared(0.5, 0.001), 0.05, 0.14) == []


def test_the_projects_own_file_has_the_defaults(tmp_path: Path):
    assert read_gate(ROOT / "nlu_data" / "gate.toml") == Gate()
    assert read_gate(tmp_path / "none.toml") == Gate()


@pytest.mark.parametrize("line", ["worst = 1", "worse_p = 'x'", "sample = -1", "sample = true"])
def test_a_wrong_demand_is_named(tmp_path: Path, line: str):
    (tmp_path / "gate.toml").write_text(f"[graph]\n{line}\n")
    with pytest.raises(ConfigError, match=line.split(maxsplit=1)[0]):
        read_gate(tmp_path / "gate.toml")


def test_unknown_words_are_counted_in_one_spelling(tmp_path: Path):
    (tmp_path / "graph").mkdir()
    (tmp_path / "graph" / "words.txt").write_text("<eps> 0\nеще 1\nраз 2\n", encoding="utf-8")
    assert unknown_share(tmp_path, ["ещё раз", "Ещё два"]) == 0.25
