from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.cli.main import app

pytestmark = pytest.mark.integration


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_SERVICE__RUNTIME", str(tmp_path))


@pytest.mark.usefixtures("rasa_model", "runtime")
def test_the_model_passes_its_gate() -> None:
    result = CliRunner().invoke(app, ["nlu", "test"])
    assert result.exit_code == 0, result.output
    assert "accuracy" in result.output
    assert "advised: accept 0." in result.output


@pytest.mark.usefixtures("rasa_model", "runtime")
def test_a_text_is_shown_with_intents_entities_and_decision() -> None:
    result = CliRunner().invoke(app, ["nlu", "parse", "какой у меня баланс в казани"])
    assert result.exit_code == 0, result.output
    for words in ("balance", "city = Казань", "accept"):
        assert words in result.output
