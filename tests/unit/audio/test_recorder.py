"""Two-channel recordings: aligned, valid at any moment, never in the way of a call."""

import os
import signal
import subprocess
import sys
import threading
import wave
from pathlib import Path

import numpy as np
import pytest

from ivr.audio.pcm import FRAME_SAMPLES
from ivr.audio.recorder import TwoChannelRecorder
from ivr.errors import AudioError

pytestmark = pytest.mark.unit


def frame(value: int, samples: int = FRAME_SAMPLES) -> bytes:
    return np.full(samples, value, "<i2").tobytes()


def channels(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)
        stereo = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    return stereo[:, 0], stereo[:, 1]


async def test_the_caller_is_left_and_the_bot_right(tmp_path: Path) -> None:
    recorder = TwoChannelRecorder(tmp_path / "calls" / "a.wav")
    recorder.write(frame(1), frame(2), 0)
    recorder.write(frame(3), frame(4), 160)
    await recorder.aclose()
    left, right = channels(tmp_path / "calls" / "a.wav")
    assert left.tolist() == [1] * 160 + [3] * 160
    assert right.tolist() == [2] * 160 + [4] * 160
    assert recorder.dropped_frames == 0


async def test_gaps_become_silence_and_overlaps_are_written_once(tmp_path: Path) -> None:
    recorder = TwoChannelRecorder(tmp_path / "a.wav")
    recorder.write(frame(1, 100), frame(2, 60), 10)
    recorder.write(frame(3, 100), b"", 90)
    recorder.write(frame(4, 10), frame(4, 10), 0)
    await recorder.aclose()
    left, right = channels(tmp_path / "a.wav")
    assert left.tolist() == [0] * 10 + [1] * 100 + [3] * 80
    assert right.tolist() == [0] * 10 + [2] * 60 + [0] * 120


async def test_a_minute_of_lost_frames_keeps_the_time(tmp_path: Path) -> None:
    recorder = TwoChannelRecorder(tmp_path / "a.wav")
    recorder.write(frame(1), frame(1), 480_000)
    await recorder.aclose()
    left, _ = channels(tmp_path / "a.wav")
    assert np.flatnonzero(left)[0] == 480_000


async def test_an_absurd_index_does_not_fill_the_disk(tmp_path: Path) -> None:
    recorder = TwoChannelRecorder(tmp_path / "a.wav")
    recorder.write(frame(1), frame(1), 2**40)
    await recorder.aclose()
    assert recorder.dropped_frames == 1
    assert len(channels(tmp_path / "a.wav")[0]) == 0


async def test_closing_twice_and_writing_afterwards_do_no_harm(tmp_path: Path) -> None:
    recorder = TwoChannelRecorder(tmp_path / "a.wav")
    await recorder.aclose()
    recorder.write(frame(1), frame(1), 0)
    await recorder.aclose()
    assert recorder.dropped_frames == 1


async def test_a_full_queue_drops_the_newest_and_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stalled, released = threading.Event(), threading.Event()
    place = TwoChannelRecorder._place

    def stalling_place(self: TwoChannelRecorder, left: bytes, right: bytes, index: int) -> None:
        stalled.set()
        released.wait()
        place(self, left, right, index)

    monkeypatch.setattr(TwoChannelRecorder, "_place", stalling_place)
    recorder = TwoChannelRecorder(tmp_path / "a.wav")
    recorder.write(frame(1), frame(1), 0)
    stalled.wait()
    for index in range(1, 601):
        recorder.write(frame(1), frame(1), index * 160)
    assert recorder.dropped_frames == 100
    released.set()
    await recorder.aclose()
    assert len(channels(tmp_path / "a.wav")[0]) == 501 * 160


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
async def test_a_full_disk_costs_the_recording_only(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.symlink_to("/dev/full")
    recorder = TwoChannelRecorder(path)
    for index in range(200):
        recorder.write(frame(1), frame(1), index * 160)
    await recorder.aclose()
    assert recorder.dropped_frames > 0


def test_a_folder_that_cannot_be_written_is_an_audio_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AudioError, match="cannot be written"):
        TwoChannelRecorder(tmp_path / "file" / "a.wav")


def test_after_a_kill_the_file_is_valid(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    script = (
        "import sys, pathlib\n"
        "from ivr.audio.recorder import TwoChannelRecorder\n"
        "recorder = TwoChannelRecorder(pathlib.Path(sys.argv[1]))\n"
        "for index in range(175):\n"
        "    recorder.write(bytes(320), bytes(320), index * 160)\n"
        "recorder._frames.put((b'', b'', 28000))\n"
        "while recorder._frames.qsize():\n    pass\n"
        "print('written', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        os.kill(process.pid, signal.SIGKILL)
    left, _ = channels(path)
    assert len(left) >= 24000
