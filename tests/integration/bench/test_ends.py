"""`ivr bench ends` with the real recognizer, intents and pitch tracking."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.integration


def test_the_voice_tells_more_than_the_words() -> None:
    command = [sys.executable, "-m", "ivr", "bench", "ends", "--part", "train", "--only", "tts/00"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert told.returncode == 0, told.stderr
    line, waiting = [line for line in told.stdout.splitlines() if line.startswith("│ all")]
    ends, pauses, words, melody, both, followed = (
        cell.strip() for cell in line.strip("│").split("│")[1:]
    )
    assert int(ends) > 30
    assert int(pauses) > 80
    assert 0.6 < float(words) < float(both) - 0.05
    assert float(melody) > 0.9
    assert followed.endswith("%")
    median_ms, late_ms, cut = (cell.strip() for cell in waiting.strip("│").split("│")[1:])
    assert 300 < int(median_ms) <= int(late_ms) < 1300
    assert float(cut.removesuffix(" %")) < 15


def test_recordings_that_are_not_there_are_told() -> None:
    command = [sys.executable, "-m", "ivr", "bench", "ends", "--only", "nobody/"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 2
    assert "nobody/" in told.stderr
