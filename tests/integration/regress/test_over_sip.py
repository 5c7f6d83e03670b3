"""Two recordings over real SIP, G.711 and RTP, to a service that the run starts for itself."""

from pathlib import Path
from xml.etree import ElementTree as Xml

import psutil
import pytest
from typer.testing import CliRunner

from ivr.cli.main import app
from ivr.nlu.rasa_server import RasaServer
from ivr.regress.baseline import read_baseline

pytestmark = pytest.mark.integration


def test_recordings_are_understood_over_a_line_and_kept_apart_from_other_runs(
    rasa: RasaServer, tmp_path: Path
):
    environment = {
        "COLUMNS": "200",
        "IVR_NLU__URL": rasa.url,
        "IVR_NLU__TOKEN": rasa.token,
        "IVR_HANDOFF__OPERATOR": "sip:nobody@replay.invalid",
    }
    baseline, report = tmp_path / "baseline.tsv", tmp_path / "r.xml"
    targets = ("audio_fixtures/tts/0003.flac", "audio_fixtures/tts/0040.flac")
    own = ("--out", tmp_path, "--baseline", baseline, "--junit", report, "--accept")
    words = ("regress", *targets, "--sip", "--workers", 2, *own)
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    result = CliRunner().invoke(app, [*map(str, words)], env=environment)
    assert result.exit_code == 0, result.output
    assert "2 new" in result.output
    heard = {file: outcome for (file, _), outcome in read_baseline(baseline).items()}
    assert {outcome.condition for outcome in heard.values()} == {"sip"}
    assert heard["0003.flac"].transcript == "какой у меня тариф"
    assert heard["0003.flac"].intent == "tariff_info"
    assert heard["0040.flac"].slots == "amount=200"
    names = [case.get("classname") for case in Xml.parse(report).getroot().iter("testcase")]
    assert names == ["regress.sip", "regress.sip"]
    assert {child.pid for child in psutil.Process().children(recursive=True)} == before
