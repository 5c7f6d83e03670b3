"""Audio files in any form become mono PCM at one rate."""

import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.audio.resample import from_pcm, resample, to_pcm
from ivr.audio.wav import load_audio, write_wav
from ivr.errors import AudioError

pytestmark = pytest.mark.unit


def tone(rate_hz: int, seconds: float = 0.5, hertz: float = 440.0) -> np.ndarray:
    times = np.arange(int(rate_hz * seconds)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_any_rate_becomes_line_rate(tmp_path: Path, rate_hz: int, suffix: str) -> None:
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, tone(rate_hz), rate_hz)
    samples = from_pcm(load_audio(path))
    assert len(samples) == pytest.approx(4000, abs=2)
    assert np.abs(samples - tone(8000)[: len(samples)])[200:-200].max() < 0.01


def test_stereo_is_mixed_down(tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.stack([tone(8000), np.zeros(4000, np.float32)], axis=1), 8000)
    assert np.abs(from_pcm(load_audio(path))).max() == pytest.approx(0.25, abs=0.01)


def test_other_rates_can_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, tone(8000), 8000)
    assert len(load_audio(path, 16000)) == pytest.approx(16000, abs=4)


def test_written_pcm_is_read_back_bit_by_bit(tmp_path: Path) -> None:
    pcm = np.array([0, 1, -1, 32767, -32768], "<i2").tobytes()
    write_wav(tmp_path / "x.wav", pcm)
    assert load_audio(tmp_path / "x.wav") == pcm
    write_wav(tmp_path / "y.wav", pcm[:8], channels=2)
    with wave.open(str(tmp_path / "y.wav")) as file:
        assert (file.getnchannels(), file.getnframes(), file.getframerate()) == (2, 2, 8000)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"this is no audio at all", bytes(1000)])
def test_what_is_no_audio_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=r"broken\.wav"):
        load_audio(path)


def test_an_empty_wav_is_refused(tmp_path: Path) -> None:
    write_wav(tmp_path / "empty.wav", b"")
    with pytest.raises(AudioError, match=r"empty\.wav contains no audio"):
        load_audio(tmp_path / "empty.wav")


def test_values_that_are_no_audio_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "nan.wav"
    soundfile.write(path, np.full(100, np.nan, np.float32), 8000, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"nan\.wav"):
        load_audio(path)


@pytest.mark.parametrize("name", ["missing.wav", "."])
def test_what_cannot_be_opened_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(AudioError, match="cannot be read"):
        load_audio(tmp_path / name)


def test_pcm_must_end_at_a_whole_sample(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="whole sample"):
        write_wav(tmp_path / "odd.wav", b"\0\0\0")
    with pytest.raises(AudioError, match="cannot be written"):
        write_wav(tmp_path / "no" / "folder.wav", b"")


def test_full_scale_is_clipped_not_wrapped() -> None:
    assert from_pcm(to_pcm(np.array([2.0, -2.0], np.float32))).tolist() == [32767 / 32768, -1.0]


def test_nothing_resamples_to_nothing() -> None:
    assert len(resample(np.zeros(0, np.float32), 16000, 8000)) == 0
