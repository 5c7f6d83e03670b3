"""Clips are kept within bounds, in memory and on disk."""

import os
from pathlib import Path

import pytest

from ivr.speech.speech_cache import ClipMemory, SpeechCache

pytestmark = pytest.mark.unit

CLIP = b"\1\0" * 4000


def test_memory_drops_the_least_recently_used() -> None:
    memory = ClipMemory(20)
    memory.put("a", bytes(10))
    memory.put("b", bytes(10))
    assert memory.get("a") is not None
    memory.put("c", bytes(10))
    assert memory.get("b") is None
    assert memory.get("a") is not None
    assert (len(memory), memory.size_bytes) == (2, 20)


def test_replacing_a_clip_does_not_count_it_twice() -> None:
    memory = ClipMemory(20)
    memory.put("a", bytes(15))
    memory.put("a", bytes(20))
    assert memory.size_bytes == 20


def test_a_clip_larger_than_the_memory_is_not_kept() -> None:
    memory = ClipMemory(20)
    memory.put("a", bytes(21))
    assert (len(memory), memory.size_bytes) == (0, 0)


def test_disk_keeps_clips_by_voice_and_text(tmp_path: Path) -> None:
    cache = SpeechCache(tmp_path / "cache", 10**6)
    assert cache.get("voice", "текст") is None
    cache.put("voice", "текст", CLIP)
    assert SpeechCache(tmp_path / "cache", 10**6).get("voice", "текст") == CLIP
    assert cache.get("other", "текст") is None
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".wav"]


def test_a_damaged_file_is_a_miss_and_goes(tmp_path: Path) -> None:
    cache = SpeechCache(tmp_path, 10**6)
    cache.put("voice", "текст", CLIP)
    (path,) = tmp_path.iterdir()
    path.write_bytes(b"junk")
    assert cache.get("voice", "текст") is None
    assert not path.exists()


def test_the_oldest_files_make_room(tmp_path: Path) -> None:
    cache = SpeechCache(tmp_path, 3 * (len(CLIP) + 100))
    for number in range(6):
        for age, path in enumerate(sorted(tmp_path.iterdir(), key=lambda p: p.stat().st_mtime)):
            os.utime(path, (age, age))
        cache.put("voice", str(number), CLIP)
    kept = [number for number in range(6) if cache.get("voice", str(number))]
    assert kept[-1] == 5
    assert kept == list(range(6 - len(kept), 6))
    assert len(kept) <= 3


def test_a_folder_that_cannot_be_written_does_not_stop_speech(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = SpeechCache(tmp_path / "file" / "cache", 10**6)
    cache.put("voice", "текст", CLIP)
    assert cache.get("voice", "текст") is None
