from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.cli.nlu import app
from ivr.nlu.model_folder import ModelFolder

pytestmark = pytest.mark.unit

OLD, NEW = "aaaa00000001", "bbbb00000002"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelFolder:
    """Two versions of which none belongs to the present data."""
    made = ModelFolder(tmp_path)
    for version in (OLD, NEW):
        made.archive(version).touch()
    monkeypatch.setenv("IVR_NLU__MODELS", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    return made


def output(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return result.output


def test_versions_are_listed_with_the_one_in_service(folder: ModelFolder) -> None:
    folder.promote(OLD)
    folder.promote(NEW)
    lines = {line.split()[0]: line for line in output("models").splitlines() if line.strip()}
    assert "current" in lines[NEW]
    assert "1 back" in lines[OLD]
    assert lines["services"].startswith(f"services use {NEW}: promoted")


def test_a_folder_without_the_expected_model_says_how_to_make_it(folder: ModelFolder) -> None:
    assert "it is not there: ivr nlu train" in output("models")


def test_the_history_tells_reasons(folder: ModelFolder) -> None:
    folder.promote(OLD, base=NEW, forced=True, reason="[срочно]")
    text = output("models", "--history")
    assert "promoted by force" in text
    assert "[срочно]" in text


def test_pruning_says_what_it_removed(folder: ModelFolder) -> None:
    folder.promote(NEW)
    assert f"removed: {OLD}" in output("models", "--prune", "0")
    assert "removed: nothing" in output("models", "--prune", "0")
    assert [file.name for file in folder.archives()] == [f"{NEW}.tar.gz"]


def test_a_roll_back_names_the_model_and_warns_where_it_has_no_effect(
    folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.promote(OLD)
    folder.promote(NEW)
    monkeypatch.setenv("IVR_NLU__MODEL", "own.tar.gz")
    text = output("rollback")
    assert f"{OLD} is in service" in text
    assert "nlu.model is set" in text
    assert "no model was in service before" in output("rollback", code=2)


def test_a_damaged_current_file_ends_with_one_sentence(folder: ModelFolder) -> None:
    folder.current_file.write_text("?")
    assert "promote a model anew" in output("models", code=2)
