"""Which recordings are replayed, which cannot be, and what is known of an interrupted run."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.config import DialogueSettings, HandoffSettings, Settings, TrunkSettings, load
from ivr.errors import AudioError, SetupError
from ivr.regress.cases import Selection, find_cases, read_recording
from ivr.regress.outcome import Case, Mark, Outcome
from ivr.regress.progress import ProgressFile, run_id, unfinished
from ivr.regress.sip import marked, service_overrides

pytestmark = pytest.mark.unit

FOLDER = Path("audio_fixtures")


def test_a_folder_with_a_manifest_gives_its_rows_under_every_condition():
    cases = find_cases([FOLDER], Selection(part="test", limit=5, conditions=("gsm", "noise=10")))
    assert [case.condition for case in cases] == [""] * 5 + ["gsm"] * 5 + ["noise=10"] * 5
    assert all(case.part == "test" and case.text and case.path.exists() for case in cases)


def test_a_folder_without_one_gives_every_file_that_may_be_meant(tmp_path):
    for name in ("b.wav", "a.bin", "notes.md", ".DS_Store", "sub/c.flac"):
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


def test_two_recordings_of_one_name_are_refused_and_one_named_twice_is_one(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.wav").write_bytes(b"x")
    with pytest.raises(SetupError, match=r"would both be called a\.wav"):
        find_cases([tmp_path / "one", tmp_path / "two"], Selection())
    assert len(find_cases([tmp_path], Selection())) == 2
    assert len(find_cases([tmp_path / "one", tmp_path / "one" / "a.wav"], Selection())) == 1


def test_a_name_that_is_no_text_can_be_written_down(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.wav"))
    path.write_bytes(b"x")
    (case,) = find_cases([tmp_path], Selection())
    assert case.file.encode() == "\N{REPLACEMENT CHARACTER}.wav".encode()
    assert case.path.exists()


def test_a_manifest_that_is_none_is_named(tmp_path):
    (tmp_path / "manifest.tsv").write_bytes(b"file\ttext\n\xff\t\xff\n")
    with pytest.raises(SetupError, match="not UTF-8"):
        find_cases([tmp_path], Selection())
    (tmp_path / "folder.tsv").mkdir()
    with pytest.raises(SetupError, match="cannot be read"):
        find_cases([tmp_path / "folder.tsv"], Selection())


@pytest.mark.parametrize(
    ("channels", "rate_hz", "subtype", "name"),
    [
        (1, 8000, "ALAW", "a.wav"),
        (2, 8000, "ULAW", "a.wav"),
        (1, 11025, "PCM_U8", "a.wav"),
        (8, 44100, "FLOAT", "a.wav"),
        (2, 192000, "PCM_24", "a.flac"),
        (1, 16000, "VORBIS", "a.ogg"),
        (1, 8000, "GSM610", "a.wav"),
    ],
)
def test_audio_of_any_form_is_a_second_long(tmp_path, channels, rate_hz, subtype, name):
    tone = 0.3 * np.sin(np.arange(rate_hz) * 2 * np.pi * 440 / rate_hz)
    soundfile.write(tmp_path / name, np.stack([tone] * channels, axis=1), rate_hz, subtype=subtype)
    recording = read_recording(tmp_path / name)
    assert abs(len(recording.samples) - 8000) <= 640
    assert recording.channels == channels


def test_what_only_looks_like_audio_is_refused(tmp_path):
    soundfile.write(tmp_path / "none.wav", np.zeros(0, dtype=np.int16), 8000)
    broken = np.array([0.1, np.nan, np.inf] * 3000, dtype=np.float32)
    soundfile.write(tmp_path / "nan.wav", broken, 8000, subtype="FLOAT")
    (tmp_path / "folder.wav").mkdir()
    os.mkfifo(tmp_path / "pipe.wav")
    for name, fault in (
        ("none.wav", "no audio"),
        ("nan.wav", "not audio"),
        ("folder.wav", "cannot be read|not audio"),
        ("pipe.wav", "is empty"),
    ):
        with pytest.raises(AudioError, match=fault):
            read_recording(tmp_path / name)


def test_a_run_over_sip_has_conditions_of_its_own():
    case = marked(Case(file="a", path=Path("a"), condition="noise=10"))
    assert case.condition == "sip+noise=10"
    assert case.augmentation == "noise=10"
    assert marked(Case(file="a", path=Path("a"))).augmentation == ""


def test_a_service_of_its_own_calls_nobody_outside():
    settings = Settings(
        trunk=TrunkSettings(registrar="sip.example.org", user="u"),
        handoff=HandoffSettings(operator="sip:100@pbx"),
        dialogue=DialogueSettings(no_input_s=7.5),
    )
    variables = {name: str(value) for name, value in service_overrides(settings).items()}
    started = load(environ=variables)
    assert started.dialogue == settings.dialogue
    assert (started.trunk.registrar, started.handoff.operator) == ("", "")
    assert (started.speech, started.nlu) == (settings.speech, settings.nlu)


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
