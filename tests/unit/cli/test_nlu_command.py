from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.cli import nlu

pytestmark = pytest.mark.unit


def test_good_data_is_counted() -> None:
    result = CliRunner().invoke(nlu.app, ["validate"])
    assert result.exit_code == 0
    assert "held-out test phrases" in result.output


def test_bad_data_ends_with_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_NLU__DATA", str(tmp_path))
    result = CliRunner().invoke(nlu.app, ["validate"])
    assert result.exit_code == 2
    assert "is not allowed: a file that exists" in result.output.replace("\n", " ")
    assert "Traceback" not in result.output
