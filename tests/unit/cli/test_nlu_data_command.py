import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.cli import nlu_data
from ivr.cli.main import app

pytestmark = pytest.mark.unit


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped data, in use instead of it; words, which take long, are left out."""
    folder = tmp_path / "nlu_data"
    shutil.copytree("nlu_data", folder, ignore=shutil.ignore_patterns("ivr_rasa"))
    monkeypatch.setenv("IVR_NLU__DATA", str(folder))
    monkeypatch.setattr(nlu_data, "model_words", lambda model: None)
    return folder


def lint(*options: str) -> Result:
    return CliRunner().invoke(app, ["nlu", "lint", *options])


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def test_the_shipped_data_has_no_errors() -> None:
    result = lint()
    assert result.exit_code == 0, result.output
    assert "0 errors" in result.output
    assert "unwritable word" in result.output


def test_an_error_ends_with_exit_code_one_and_names_file_and_line(data: Path) -> None:
    replace(data / "nlu" / "money.yml", "    - баланс\n", "    - баланс\n    - Мой Баланс\n")
    result = lint()
    assert result.exit_code == 1
    assert "money.yml:6: error not spoken: Мой Баланс (balance)" in result.output
    assert "money.yml:7: error duplicate: мой баланс (balance)" in result.output


def test_warnings_count_only_when_strict(data: Path) -> None:
    file = data / "nlu" / "number.yml"
    replace(file, "    - мой номер\n", f"    - мой номер {'ну вот ' * 10}мой\n")
    assert lint().exit_code == 0
    result = lint("--strict")
    assert result.exit_code == 1
    assert "warning too long" in result.output


@pytest.mark.usefixtures("data")
def test_hints_are_printed_on_request_and_always_written(tmp_path: Path) -> None:
    file = tmp_path / "findings.json"
    short = lint("--json", str(file))
    assert "hint near duplicate" not in short.output
    assert "near duplicate" in short.output
    findings = json.loads(file.read_text("utf-8"))["findings"]
    assert {"severity", "kind", "place", "intent", "text", "why", "advice"} == set(findings[0])
    assert "hint near duplicate: день добрый" in lint("--hints").output
    assert any(one["text"] == "день добрый" for one in findings)


def test_a_broken_file_is_told_in_one_sentence(data: Path) -> None:
    (data / "domain.yml").write_text("intents: 5\n", "utf-8")
    result = lint()
    assert result.exit_code == 2
    assert "a list of intent names" in result.output.replace("\n", " ")


@pytest.mark.usefixtures("data")
def test_an_unwritable_json_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    result = lint("--json", str(tmp_path / "file" / "findings.json"))
    assert result.exit_code == 2
    assert "cannot be written" in result.output.replace("\n", " ")
