"""What is known of recordings, and recordings under conditions."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.asr_eval.corpus import read_recordings, samples_of, under
from ivr.audio.pcm import duration_s
from ivr.audio.wav import load_audio

pytestmark = pytest.mark.unit


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / name, rng.normal(0, 0.1, 8000), 8000, subtype="PCM_16")
    file = tmp_path / "manifest.tsv"
    file.write_text(
        "file\ttext\tpart\tnoise\tcodec\na.wav\tда\ttest\tstreet\tGSM\nb.wav\tнет\t\t\t\n",
        encoding="utf-8",
    )
    return file


def test_noise_codec_and_part_are_taken_from_the_manifest(manifest: Path):
    first, second = read_recordings(manifest)
    assert (first.noise, first.codec, first.known) == ("street", "GSM", False)
    assert (second.noise, second.codec, second.known) == ("", "", True)


def test_recordings_are_measured_as_they_are_and_under_each_condition(manifest: Path):
    recordings = under(read_recordings(manifest), ("noise=10", "gsm"))
    assert [one.condition for one in recordings] == ["", "", "noise=10", "noise=10", "gsm", "gsm"]
    assert len({one.name for one in recordings}) == 6


@pytest.mark.parametrize("condition", ["noise=10", "babble=10", "loss=20", "gsm+noise=5"])
def test_a_condition_changes_the_audio_the_same_way_every_time(manifest: Path, condition: str):
    plain = read_recordings(manifest)[0]
    (changed,) = under([plain], [condition])[1:]
    voices = [one.path for one in read_recordings(manifest)]
    was, now, again = (samples_of(one, (0.2, 0.5), voices) for one in (plain, changed, changed))
    assert duration_s(was) == pytest.approx(1.7)
    assert now == again != was


def test_without_a_condition_only_silence_is_added(manifest: Path):
    plain = read_recordings(manifest)[1]
    assert samples_of(plain, (0.0, 0.1), []) == load_audio(plain.path) + bytes(1600)
