"""`ivr regress` says what it cannot do before it begins: one sentence, exit code 2."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.cli.main import app
from ivr.errors import IvrError

pytestmark = pytest.mark.unit

RECORDING = "audio_fixtures/tts/0003.flac"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere"], "nowhere is no file"),
        ([RECORDING, "--augment", "hum=3"], "hum=3"),
        ([RECORDING, "--only", "no_such_intent"], "nothing to replay"),
        ([RECORDING, "--html", "LICENSE/r.html"], "LICENSE/r.html cannot be written"),
        ([RECORDING, "--junit", "audio_fixtures"], "audio_fixtures cannot be written"),
        ([RECORDING, "--baseline", RECORDING], "is not UTF-8 text"),
        ([RECORDING, "--baseline", "LICENSE"], "the columns file, condition"),
        (["audio_fixtures/tts.tsv"], "tts.tsv cannot be read"),
        ([RECORDING, "--sip", "--as", "9030000002"], "--as does not go with --sip"),
        ([RECORDING, "--sip", "--greeting", "interrupt"], "--greeting does not go with --sip"),
        ([RECORDING, "--part", "none"], "Invalid value"),
    ],
)
def test_a_run_that_cannot_be_made_ends_with_two(tmp_path: Path, words: list[str], told: str):
    environment = {"COLUMNS": "200", "IVR_SPEECH__MODEL": str(tmp_path / "no model")}
    out = ["--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, ["regress", *words, *out], env=environment)
    assert result.exit_code == 2, result.output
    assert told in " ".join(result.output.split())
    assert not isinstance(result.exception, IvrError)


def test_a_missing_speech_model_is_told_before_anything_starts(tmp_path: Path):
    environment = {"IVR_SPEECH__MODEL": str(tmp_path / "gone"), "COLUMNS": "200"}
    words = ["regress", RECORDING, "--out", str(tmp_path), "--baseline", str(tmp_path / "b.tsv")]
    result = CliRunner().invoke(app, words, env=environment)
    assert result.exit_code == 2
    assert "gone" in result.output
