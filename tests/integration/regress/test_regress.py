"""Recordings through the real pipeline: Vosk, Rasa, dialogue, prompts, demo back office."""

import ctypes
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from ivr.audio.wav import load_samples
from ivr.cli.main import app
from ivr.nlu.rasa_server import RasaServer
from ivr.regress.baseline import COLUMNS

pytestmark = pytest.mark.integration

FIXTURES = Path("audio_fixtures").resolve()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four good recordings in several forms, a handful of files that are none, a manifest."""
    folder = tmp_path_factory.mktemp("recordings")
    manifest = (FIXTURES / "manifest.tsv").read_text(encoding="utf-8").splitlines()
    wanted = {"tts/0003.flac", "tts/0280.flac", "tts/0040.flac"}
    lines = [line for line in manifest[1:] if line.split("\t")[0] in wanted]
    for line in lines:
        name = line.split("\t")[0]
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes((FIXTURES / name).read_bytes())
    tail = "\t\t\ttest\ttest\tnone\ttest"
    speech = load_samples(FIXTURES / "tts/0003.flac", 48000)
    soundfile.write(folder / "stereo.wav", np.stack([speech, speech], axis=1), 48000)
    lines.append("stereo.wav\tкакой у меня тариф\ttariff_info\t\ttest\ttest\tnone\ttest")
    soundfile.write(folder / "silence.wav", np.zeros(8000, dtype=np.int16), 8000)
    lines.append(f"silence.wav\tда{tail}")
    (folder / "empty.wav").touch()
    (folder / "text.wav").write_text("these are words, no audio")
    whole = (FIXTURES / "tts/0003.flac").read_bytes()
    (folder / "damaged.flac").write_bytes(whole[:300] + bytes(200))
    with (folder / "huge.wav").open("wb") as file:
        file.truncate(300 * 2**20)
    lines += [
        f"{name}\tда{tail}"
        for name in ("empty.wav", "text.wav", "damaged.flac", "huge.wav", "missing.wav")
    ]
    (folder / "manifest.tsv").write_text("\n".join([manifest[0], *lines]), encoding="utf-8")
    return folder


BROKEN = ("empty.wav", "text.wav", "damaged.flac", "huge.wav", "missing.wav")
Command = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def command(rasa: RasaServer, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """`ivr regress` with a baseline of its own; exit code and what it printed."""
    out = tmp_path_factory.mktemp("regress")

    environment = {
        "COLUMNS": "200",
        "IVR_NLU__URL": rasa.url,
        "IVR_NLU__TOKEN": rasa.token,
    }

    def run(*arguments: object) -> tuple[int, str]:
        own = ["--out", out, "--baseline", out / "baseline.tsv", "--html", out / "r.html"]
        words = map(str, ["regress", *arguments, *own, "--junit", out / "r.xml"])
        result = CliRunner().invoke(app, list(words), env=environment)
        return result.exit_code, result.output

    return run


def test_good_files_are_judged_and_broken_ones_are_named(folder: Path, command: Command):
    code, text = command(folder, "--accept", "--workers", 2)
    assert code == 1  # files that cannot be replayed are never accepted
    for name in BROKEN:
        assert f"{name}: " in text
    baseline = folder_of(text) / "baseline.tsv"
    rows = {
        line.split("\t")[0]: dict(zip(COLUMNS, line.split("\t"), strict=True))
        for line in baseline.read_text(encoding="utf-8").splitlines()[1:]
    }
    assert sorted(rows) == [
        "silence.wav",
        "stereo.wav",
        "tts/0003.flac",
        "tts/0040.flac",
        "tts/0280.flac",
    ]
    tariff = rows["tts/0003.flac"]
    assert tariff["transcript"] == "какой у меня тариф"
    assert tariff["intent"] == "tariff_info"
    assert tariff["actions"] == "call tariff; ask open"
    assert tariff["prompts"].startswith("tariff.yours <name>")
    assert "Близкие люди" in tariff["reply"]
    assert 300 <= int(tariff["response_ms"]) <= 900
    assert rows["stereo.wav"]["transcript"] == tariff["transcript"]
    assert rows["tts/0280.flac"]["actions"] == "hang_up goodbye"
    assert rows["tts/0040.flac"]["slots"] == "amount=200"
    assert rows["silence.wav"]["transcript"] == ""
    page = (folder_of(text) / "r.html").read_text(encoding="utf-8")
    assert page.count("<article") == 10
    assert "каналов: 2, сведены; 48000 Гц, пересчитано" in page
    assert "<svg" in page


def test_a_second_run_is_the_same_and_a_worse_line_is_told(folder: Path, command: Command):
    code, text = command(folder, "--only", "tts/", "--augment", "level=-25", "gsm+noise=20")
    assert code == 0, text
    assert "6 new, 3 same" in text
    assert "x real time" in text
    baseline = folder_of(text) / "baseline.tsv"
    changed = baseline.read_text(encoding="utf-8").replace("hang_up goodbye", "ask open")
    baseline.write_text(changed, encoding="utf-8")
    code, text = command(folder, "--only", "tts/0280")
    assert code == 1
    assert "+ hang_up goodbye" in text
    junit = (folder_of(text) / "r.xml").read_text(encoding="utf-8")
    assert 'failures="1" errors="0"' in junit


def test_a_run_leaves_the_random_numbers_of_its_process_alone(folder: Path, command: Command):
    libc = ctypes.CDLL(None)
    libc.srand(7)
    expected = [libc.rand() for _ in range(3)]
    libc.srand(7)
    assert libc.rand() == expected[0]
    command(folder, "--only", "tts/0003")
    assert [libc.rand(), libc.rand()] == expected[1:]


def folder_of(text: str) -> Path:
    """The run's folder, from the line that names the page."""
    line = next(line for line in text.splitlines() if line.startswith("- page: "))
    return Path(line.removeprefix("- page: ")).parent
