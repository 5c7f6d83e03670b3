"""`ivr asr build, promote, rollback, graphs` on small data, really compiled and recognized."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.cli.main import app
from ivr.speech.graph_choice import choose, read_choice

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
PHRASES = ("подключите услугу гудок", "какой у меня тариф", "сколько у меня денег")


class Desk:
    """A folder of data, one of recordings and one of graphs; no general words, so builds are
    quick."""

    def __init__(self, folder: Path) -> None:
        self.data, self.graphs, self.recordings = (
            folder / name for name in ("data", "graphs", "recordings")
        )
        for part in (self.data / "nlu", self.data / "words", self.recordings):
            part.mkdir(parents=True)
        self.say(*PHRASES)
        (self.data / "test.yml").write_text(_yaml("мой тариф"), encoding="utf-8")
        shutil.copy(ROOT / "audio_fixtures" / "tts" / "0003.flac", self.recordings / "a.flac")
        (self.recordings / "a.txt").write_text("какой у меня тариф", encoding="utf-8")

    def say(self, *phrases: str) -> None:
        (self.data / "nlu" / "a.yml").write_text(_yaml(*phrases), encoding="utf-8")

    def run(self, command: str, *options: str) -> Result:
        if command in ("build", "promote"):
            options += ("--data", str(self.data), "--recordings", str(self.recordings))
        if command == "build":
            options += ("--general-words", "0", "--recorded", "none")
        line = ["asr", command, *options, "--folder", str(self.graphs)]
        return CliRunner().invoke(app, line, env={"COLUMNS": "200"})

    @property
    def in_force(self) -> str:
        choice = read_choice(self.graphs)
        assert choice is not None
        return choice.now.graph

    @property
    def built(self) -> list[str]:
        """The oldest first."""
        reports = sorted(self.graphs.glob("*/report.json"), key=lambda f: f.stat().st_mtime_ns)
        return [file.parent.name for file in reports]


def _yaml(*phrases: str) -> str:
    lines = "".join(f"    - {phrase}\n" for phrase in phrases)
    return f'version: "3.1"\nnlu:\n- intent: balance\n  examples: |\n{lines}'


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_first_graph_is_in_force_and_the_next_when_it_is_promoted(desk: Desk):
    first = desk.run("build")
    assert first.exit_code == 0, first.output
    (one,) = desk.built
    assert desk.in_force == one
    desk.say(*PHRASES, "включите переадресацию")
    second = desk.run("build")
    assert "not in force" in second.output
    two = desk.built[-1]
    assert (desk.in_force, len(desk.built)) == (one, 2)
    promoted = desk.run("promote")
    assert promoted.exit_code == 0, promoted.output
    assert desk.in_force == two
    listed = desk.run("graphs").output
    assert one in listed
    assert f"in force: {two}" in listed
    assert desk.run("rollback").exit_code == 0
    assert desk.in_force == one


def test_set_up_takes_new_texts_over_until_somebody_promotes(desk: Desk):
    desk.run("build", "--set-up")
    (one,) = desk.built
    desk.say(*PHRASES, "включите переадресацию")
    again = desk.run("build", "--set-up")
    two = desk.built[-1]
    assert f"instead of {one}" in again.output
    assert desk.in_force == two
    assert "was there already" in desk.run("build", "--set-up").output
    desk.run("promote", two)  # by hand now
    desk.say(*PHRASES, "отключите переадресацию")
    assert "promoted by hand" in desk.run("build", "--set-up").output
    assert desk.in_force == two


def test_a_worse_graph_is_refused_unless_forced(desk: Desk):
    desk.run("build")
    (one,) = desk.built
    desk.say("подключите услугу гудок")
    (desk.data / "gate.toml").write_text("[graph]\nworse_p = 1.0\n", encoding="utf-8")
    refused = desk.run("build", "--promote")
    assert refused.exit_code == 1
    assert "unknown words" in refused.output
    assert "word error rate +" in refused.output
    assert desk.in_force == one
    forced = desk.run("build", "--promote", "--force")
    assert forced.exit_code == 0, forced.output
    assert desk.in_force != one


def test_a_graph_that_is_not_there_is_refused_with_those_that_are(desk: Desk):
    desk.run("build")
    done = desk.run("promote", "nothing")
    assert done.exit_code == 2
    assert desk.built[0] in done.output
    assert desk.run("rollback").exit_code == 0  # to the bundled model
    done = desk.run("rollback")
    assert done.exit_code == 2
    assert "before" in done.output


def test_a_graph_replaces_one_that_is_gone(desk: Desk):
    desk.graphs.mkdir()
    choose(desk.graphs, "gone", promoted=True)
    done = desk.run("build", "--promote", "--force")
    assert done.exit_code == 0, done.output
    assert desk.in_force == desk.built[0]
