"""What a process does with one case: broken voices, names of what was played, faults."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ivr.audio.wav import load_samples
from ivr.regress.outcome import Case, Outcome
from ivr.regress.work import Sounds, outcome_of, peaks_of

pytestmark = pytest.mark.unit

RECORDING = Path("audio_fixtures/tts/0003.flac")
VOICE = Path("audio_fixtures/tts/0004.flac")
CASE = Case(file="tts/0003.flac", path=RECORDING)


class Listener:
    """A `Replayer` that keeps what it was given."""

    def __init__(self) -> None:
        self.speech: list[bytes] = []

    async def replay(self, file: str, condition: str, speech: bytes) -> Outcome:
        self.speech.append(speech)
        return Outcome(file=file, condition=condition, transcript="да")


def sounds(folder: Path, *voices: Path) -> Sounds:
    return Sounds(voices=voices, kept=folder / "audio")


async def test_a_recording_as_it_is_is_not_kept_a_second_time(tmp_path: Path):
    listener = Listener()
    outcome = await outcome_of(CASE, listener, sounds(tmp_path))
    assert (outcome.error, outcome.audio, outcome.transcript) == ("", "", "да")
    assert len(outcome.peaks) == 160
    assert len(listener.speech[0]) == 2 * len(load_samples(RECORDING))
    assert list(tmp_path.iterdir()) == []


async def test_a_broken_voice_does_not_silence_the_babble(tmp_path: Path):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no audio")
    case = replace(CASE, condition="babble=5")
    listener = Listener()
    for voices in ((VOICE,), (broken, VOICE), (broken, VOICE, tmp_path / "gone.wav")):
        outcome = await outcome_of(case, listener, sounds(tmp_path, *voices))
        assert outcome.error == ""
    assert len({len(speech) for speech in listener.speech}) == 1
    outcome = await outcome_of(case, listener, sounds(tmp_path, broken))
    assert "no recording for babble" in outcome.error


async def test_what_was_played_is_kept_under_a_name_of_its_own(tmp_path: Path):
    listener = Listener()
    names = ("a/b.wav", "a_b.flac", "a/b.flac", f"{'длинно' * 40}.wav")
    kept = [
        (
            await outcome_of(replace(CASE, file=file, condition=way), listener, sounds(tmp_path))
        ).audio
        for file in names
        for way in ("gsm", "g711")
    ]
    assert len(set(kept)) == len(kept)
    for path, speech in zip(kept, listener.speech, strict=True):
        assert 2 * len(load_samples(path)) == len(speech)


async def test_a_folder_that_cannot_be_written_is_told_in_the_outcome(tmp_path: Path):
    (tmp_path / "audio").write_text("a file where the folder should be")
    outcome = await outcome_of(replace(CASE, condition="gsm"), Listener(), sounds(tmp_path))
    assert "cannot be written" in outcome.error
    assert outcome.key == ("tts/0003.flac", "gsm")


@pytest.mark.parametrize("length", [1, 159, 160, 161, 8000])
def test_a_waveform_of_any_length_has_its_loudest_sample(length: int):
    samples = np.zeros(length, dtype=np.float32)
    samples[-1] = -0.5
    assert max(peaks_of(samples)) == 50
    assert len(peaks_of(samples)) == min(160, length)
