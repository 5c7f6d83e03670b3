"""Engines are found, chosen, fed on standard input and ended in time."""

import os
import stat
import sys
from pathlib import Path

import pytest

from ivr.config import VoiceSettings
from ivr.errors import SetupError, SynthesisError
from ivr.speech.synthesis import choose_synthesizer
from ivr.speech.synthesis.engines import CommandSynthesizer
from ivr.speech.synthesis.port import NoSynthesizer

pytestmark = pytest.mark.unit


def engine(script: str, timeout_s: float = 10.0) -> CommandSynthesizer:
    return CommandSynthesizer("test", (sys.executable, "-c", script, "{output}"), timeout_s)


COPY = "import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())"


async def test_text_is_data_on_standard_input() -> None:
    text = "-eval (quit) $(rm) `id` <speak> да"
    spoken = (await engine(COPY).synthesize(text)).decode()
    assert spoken == "евал, квит, долларов, рм, ид спеак да\n"


async def test_a_failing_engine_says_why() -> None:
    script = "import sys; sys.exit('нет голоса')"
    with pytest.raises(SynthesisError, match="нет голоса"):
        await engine(script).synthesize("Текст")


@pytest.mark.parametrize("script", ["pass", "import sys; open(sys.argv[1], 'wb')"])
async def test_an_engine_without_output_failed(script: str) -> None:
    with pytest.raises(SynthesisError) as caught:
        await engine(script).synthesize("Текст")
    assert caught.value.code == "no_output"


async def test_an_engine_that_hangs_is_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    script = (
        f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    )
    with pytest.raises(SynthesisError, match="longer than"):
        await engine(script, timeout_s=1.0).synthesize("Текст")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


async def test_an_engine_that_is_not_there_is_a_fault() -> None:
    with pytest.raises(SynthesisError, match="cannot be started"):
        await CommandSynthesizer("test", ("/no/such/engine",)).synthesize("Текст")


async def test_temporary_files_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    await engine(COPY).synthesize("Текст")
    with pytest.raises(SynthesisError):
        await engine("import sys; sys.exit(1)").synthesize("Текст")
    assert not any(os.scandir(tmp_path))


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PATH to put programs into."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def install(folder: Path, name: str) -> None:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_nothing_installed_leaves_recordings_only(
    programs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert isinstance(choose_synthesizer(VoiceSettings()), NoSynthesizer)
    assert "no synthesizer installed" in caplog.text


def test_the_best_engine_installed_is_chosen(programs: Path) -> None:
    install(programs, "espeak-ng")
    assert choose_synthesizer(VoiceSettings()).voice_id == "espeak-ru"
    install(programs, "piper")
    assert choose_synthesizer(VoiceSettings()).voice_id == "espeak-ru"
    model = programs / "ru-irina.onnx"
    model.write_text("")
    assert choose_synthesizer(VoiceSettings(piper_model=str(model))).voice_id == "piper-ru-irina"


@pytest.mark.parametrize("name", ["rhvoice", "piper", "festival", "espeak"])
def test_a_named_engine_that_is_missing_is_a_setup_error(programs: Path, name: str) -> None:
    with pytest.raises(SetupError, match=f"{name}: not found; .*install"):
        choose_synthesizer(VoiceSettings(synthesizer=name))  # type: ignore[arg-type]


async def test_none_means_none(programs: Path) -> None:
    install(programs, "espeak-ng")
    synthesizer = choose_synthesizer(VoiceSettings(synthesizer="none"))
    with pytest.raises(SynthesisError, match="installed or chosen"):
        await synthesizer.synthesize("Текст")
