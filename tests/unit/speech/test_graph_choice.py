"""Which graph is in force: chosen by name, taken back, left alone or replaced by set-up."""

import os
from pathlib import Path

import pytest

from ivr.errors import SetupError
from ivr.speech.graph_choice import CURRENT, NO_GRAPH, choose, go_back, mark, offer, read_choice
from ivr.speech.models import BUNDLED, built_in, resolve

pytestmark = pytest.mark.unit


def put_model(path: Path) -> Path:
    for name in ("am/final.mdl", "conf/mfcc.conf", "report.json"):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).touch()
    return path


def now(graphs: Path) -> str:
    choice = read_choice(graphs)
    assert choice is not None
    return choice.now.graph


def test_nothing_is_chosen_at_first(tmp_path: Path):
    assert read_choice(tmp_path) is None
    assert mark(tmp_path) is None


def test_the_first_graph_is_taken_and_later_ones_only_offered(tmp_path: Path):
    assert offer(tmp_path, "a", set_up=False)
    assert not offer(tmp_path, "b", set_up=False)
    assert now(tmp_path) == "a"


def test_set_up_replaces_what_nobody_promoted(tmp_path: Path):
    assert offer(tmp_path, "a", set_up=True)
    assert not offer(tmp_path, "a", set_up=True)
    assert offer(tmp_path, "b", set_up=True)
    choose(tmp_path, "b", promoted=True)
    assert not offer(tmp_path, "c", set_up=True)
    assert now(tmp_path) == "b"


def test_a_promotion_can_be_taken_back_step_by_step(tmp_path: Path):
    for graph in ("a", "b", "c"):
        choose(tmp_path, graph, promoted=True)
    assert [go_back(tmp_path).now.graph for _ in range(3)] == ["b", "a", NO_GRAPH]
    with pytest.raises(SetupError, match="before"):
        go_back(tmp_path)
    assert not offer(tmp_path, "d", set_up=True)


def test_choosing_the_same_graph_again_does_not_hide_the_one_before(tmp_path: Path):
    choose(tmp_path, "a", promoted=False)
    choose(tmp_path, "b", promoted=True)
    choose(tmp_path, "b", promoted=False)
    choice = read_choice(tmp_path)
    assert choice is not None
    assert choice.now.promoted
    assert go_back(tmp_path).now.graph == "a"


def test_every_choice_leaves_another_mark_and_no_other_file(tmp_path: Path):
    marks = []
    for graph in ("a", "b", "a"):
        choose(tmp_path, graph, promoted=True)
        marks.append(mark(tmp_path))
    assert len(set(marks)) == 3
    assert [file.name for file in tmp_path.iterdir()] == [CURRENT]


@pytest.mark.parametrize("text", ["", "{", "[]", '[{"graph": "a"}]', '"a"'])
def test_a_damaged_choice_is_an_error_with_a_way_out(tmp_path: Path, text: str):
    (tmp_path / CURRENT).write_text(text, encoding="utf-8")
    with pytest.raises(SetupError, match="ivr asr promote"):
        read_choice(tmp_path)
    choose(tmp_path, "a", promoted=True)
    assert now(tmp_path) == "a"


def test_the_graph_in_force_goes_before_the_bundled_model_and_after_an_official_one(tmp_path: Path):
    bundled, graph = put_model(tmp_path / BUNDLED), put_model(tmp_path / "asr" / "a")
    assert resolve("", tmp_path).path == bundled  # built, but not in force
    choose(tmp_path / "asr", "a", promoted=False)
    assert resolve("", tmp_path).path == graph
    assert resolve("", tmp_path, tmp_path / "elsewhere").path == bundled
    official = put_model(tmp_path / "vosk-model-small-ru-0.22")
    resolved = resolve("", tmp_path)
    assert (resolved.path, resolved.follows_choice) == (official, False)


def test_a_graph_that_is_gone_is_told_and_the_bundled_model_used(tmp_path: Path):
    bundled = put_model(tmp_path / BUNDLED)
    choose(tmp_path / "asr", "a", promoted=True)
    resolved = resolve("", tmp_path)
    assert resolved.path == bundled
    assert "ivr asr rollback" in resolved.fault


def test_built_graphs_are_listed_the_latest_first(tmp_path: Path):
    graphs = [put_model(tmp_path / name) for name in ("b", "a", "c")]
    for age, graph in enumerate(graphs):
        os.utime(graph / "report.json", (1000 - age, 1000 - age))
    assert built_in(tmp_path) == graphs
