"""Which recordings are replayed, which cannot be, and what is known of an interrupted run."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.errors import AudioError, SetupError
from ivr.regress.cases import Selection, find_cases, read_recording
from ivr.regress.outcome import Case, Mark, Outcome
from ivr.regress.progress import ProgressFile, run_id, unfinished
from ivr.regress.sip import marked

pytestmark = pytest.mark.unit

FOLDER = Path("audio_fixtures")


def test_a_folder_with_a_manifest_gives_its_rows_under_every_condition():
    cases = find_cases([FOLDER], Selection(part="test", limit=5, conditions=("gsm", "noise=10")))
    assert [case.condition for case in cases] == [""] * 5 + ["gsm"] * 5 + ["noise=10"] * 5
    assert all(case.part == "test" and case.text and case.path.exists() for case in cases)


def test_a_folder_without_one_gives_every_file_that_may_be_meant(tmp_path):
    for name in ("b.wav", "a.bin", "notes.md", "sub/c.flac"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert [case.file for case in find_cases([tmp_path], Selection())] == [
        "a.bin",
        "b.wav",
        "sub/c.flac",
    ]


def test_only_takes_an_intent_or_a_piece_of_the_path():
    assert {c.intent for c in find_cases([FOLDER], Selection(only="balance"))} == {"balance"}
    assert len(find_cases([FOLDER], Selection(only="tts/0003"))) == 1


def test_nothing_to_replay_is_told(tmp_path):
    with pytest.raises(SetupError, match="nothing to replay"):
        find_cases([tmp_path], Selection())
    with pytest.raises(SetupError, match="nowhere"):
        find_cases([tmp_path / "nowhere"], Selection())


def test_other_forms_of_audio_are_converted_and_noted(tmp_path):
    path = tmp_path / "studio.wav"
    soundfile.write(path, np.zeros((48000, 2)), 48000)
    recording = read_recording(path)
    assert len(recording.samples) == 8000
    assert (recording.channels, recording.rate_hz) == (2, 48000)


def test_what_is_no_turn_is_refused_before_it_is_read(tmp_path):
    soundfile.write(tmp_path / "long.wav", np.zeros(200 * 8000, dtype=np.int16), 8000)
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("not audio")
    with (tmp_path / "huge.wav").open("wb") as file:
        file.truncate(300 * 2**20)
    for name, fault in (
        ("long.wav", "200 s long"),
        ("empty.wav", "is empty"),
        ("text.wav", "not audio"),
        ("huge.wav", "300 MB"),
        ("gone.wav", "cannot be read"),
    ):
        with pytest.raises(AudioError, match=fault):
            read_recording(tmp_path / name)


def test_a_run_over_sip_has_conditions_of_its_own():
    case = marked(Case(file="a", path=Path("a"), condition="noise=10"))
    assert case.condition == "sip+noise=10"
    assert case.augmentation == "noise=10"
    assert marked(Case(file="a", path=Path("a"))).augmentation == ""


def test_an_interrupted_run_is_gone_on_with(tmp_path):
    path = tmp_path / "progress.jsonl"
    good = Outcome(file="a", marks=(Mark(kind="speech", at_s=0.1, end_s=0.4),), peaks=(1, 2))
    with ProgressFile(path, "run", []) as kept:
        kept.add(good)
        kept.add(Outcome(file="b", error="broken"))
    with path.open("ab") as file:
        file.write(b'{"file": "c", "tran')  # killed here
    assert unfinished(path, "run") == {("a", ""): good}
    assert unfinished(path, "another run") == {}
    assert unfinished(tmp_path / "none", "run") == {}


def test_another_recording_makes_another_run(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"1")
    cases = [Case(file="a.wav", path=path)]
    model = tmp_path / "model"
    (model / "graph").mkdir(parents=True)
    (model / "graph" / "words.txt").write_text("да", encoding="utf-8")
    first = run_id(cases, [model], ["caller"])
    assert first == run_id(cases, [model], ["caller"]) != run_id(cases, [model], ["other"])
    assert run_id(cases, [Path("http://rasa")], ["caller"]) != first
    (model / "graph" / "words.txt").write_text("да нет", encoding="utf-8")
    rebuilt = run_id(cases, [model], ["caller"])
    assert rebuilt != first
    path.write_bytes(b"22")
    assert run_id(cases, [model], ["caller"]) != rebuilt
