import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.cli.main import app
from ivr.nlu.engine import DATA
from ivr.nlu.phrases import read_intents
from ivr.nlu.training import validate

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped data, in use instead of it, and no Rasa."""
    folder = tmp_path / "nlu_data"
    shutil.copytree("nlu_data", folder, ignore=shutil.ignore_patterns("ivr_rasa"))
    monkeypatch.setenv("IVR_NLU__DATA", str(folder))
    monkeypatch.setenv("IVR_NLU__PYTHON", str(tmp_path / "absent"))
    monkeypatch.setenv("IVR_SERVICE__RUNTIME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return folder


def suggest(*options: str, keys: str = "") -> Result:
    return CliRunner().invoke(app, ["nlu", "suggest", *options], input=keys)


def text_of(folder: Path) -> str:
    return "".join(file.read_text("utf-8") for file in sorted((folder / "nlu").iterdir()))


def test_suggestions_are_only_printed_and_without_a_model_in_no_order(data: Path) -> None:
    before = text_of(data)
    result = suggest("roaming", "--count", "3")
    assert result.exit_code == 0, result.output
    assert "without a trained model" in result.output
    assert result.output.count("│ roaming") == 3
    assert text_of(data) == before


def test_written_suggestions_leave_valid_data_and_are_not_suggested_again(data: Path) -> None:
    phrases = validate(data).phrases
    result = suggest("roaming", "--count", "3", "--write")
    added = [
        line.split("+ ")[1].split(" (")[0] for line in result.output.splitlines() if "+" in line
    ]
    assert len(added) == 3
    assert added == sorted(added)
    assert validate(data).phrases == phrases + 3
    again = suggest("roaming", "--count", "20").output
    assert not any(f"\n│ {text} " in again for text in added)


@pytest.mark.parametrize("keys", ["ynyq", "xYNYQ", "нyдny"])
def test_only_what_was_taken_is_written(data: Path, keys: str) -> None:
    phrases = validate(data).phrases
    result = suggest("roaming", "--count", "5", "--ask", "--write", keys=keys)
    assert result.exit_code == 0, result.output
    assert result.output.count("y/n/q taken") == 2
    assert validate(data).phrases == phrases + 2


def test_the_same_seed_suggests_the_same() -> None:
    assert suggest("balance").output == suggest("balance").output
    assert suggest("balance").output != suggest("balance", "--seed", "1").output


def test_all_intents_have_a_say() -> None:
    result = suggest("--count", "3")
    assert result.exit_code == 0, result.output
    rows = [line.split("│")[2].strip() for line in result.output.splitlines() if "│" in line]
    assert len(rows) == 3
    assert set(rows) <= set(read_intents(DATA / "domain.yml"))


@pytest.mark.parametrize(
    ("intent", "message"),
    [("ballance", "an intent of domain.yml"), ("greeting", "paraphrases.toml leaves it out")],
)
def test_an_intent_without_suggestions_is_told(intent: str, message: str) -> None:
    result = suggest(intent)
    assert result.exit_code == 2
    assert message in result.output.replace("\n", " ")


def test_missing_rules_are_told(data: Path) -> None:
    (data / "paraphrases.toml").unlink()
    result = suggest("balance")
    assert result.exit_code == 2
    assert "paraphrases.toml" in result.output.replace("\n", "")
    assert "Traceback" not in result.output
