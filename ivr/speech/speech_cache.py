"""Clips kept: decoded ones in memory, synthesized ones on disk."""

import contextlib
import hashlib
import logging
import os
import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import Final

from ivr.audio.wav import load_audio, write_wav
from ivr.errors import AudioError

log = logging.getLogger(__name__)

_SHAPING_VERSION: Final = "1"
"""Raised when `ivr.speech.shaping` changes what a cached clip would sound like."""
_EVICT_TO: Final = 0.9


class ClipMemory:
    """Least recently used clips, bounded in bytes. On the event loop only."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._clips: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._clips)

    @property
    def size_bytes(self) -> int:
        return self._size

    def get(self, key: str) -> bytes | None:
        """The clip, marked as used."""
        clip = self._clips.get(key)
        if clip is not None:
            self._clips.move_to_end(key)
        return clip

    def put(self, key: str, clip: bytes) -> None:
        """Keep the clip; the least recently used ones make room."""
        self._size += len(clip) - len(self._clips.pop(key, b""))
        self._clips[key] = clip
        while self._size > self._limit_bytes:
            _, dropped = self._clips.popitem(last=False)
            self._size -= len(dropped)


class SpeechCache:
    """Synthesized clips on disk, one WAV per voice and text, bounded in bytes.

    Called on voice threads, several at a time; several processes may share the folder. Any fault of
    the disk counts as a miss: speech is then synthesized again.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes

    def get(self, voice_id: str, text: str) -> bytes | None:
        """The clip as line-rate PCM, marked as used; None when there is none."""
        path = self._path(voice_id, text)
        if not path.is_file():
            return None
        try:
            clip = load_audio(path)
            os.utime(path)
        except (AudioError, OSError):
            log.warning("x damaged cache file %s", path.name, extra={"action": "cache_damaged"})
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        return clip

    def put(self, voice_id: str, text: str, clip: bytes) -> None:
        """Store the clip; readers see the whole file or none."""
        path = self._path(voice_id, text)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
            os.close(handle)
            try:
                write_wav(name, clip)
                Path(name).replace(path)
            finally:
                Path(name).unlink(missing_ok=True)
            self._evict()
        except (AudioError, OSError) as exc:
            log.warning("x speech cache: %s", exc, extra={"action": "cache_unwritable"})

    def _path(self, voice_id: str, text: str) -> Path:
        key = "\0".join((_SHAPING_VERSION, voice_id, text))
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.wav"

    def _evict(self) -> None:
        files = []
        for path in self._folder.glob("*.wav"):
            with contextlib.suppress(FileNotFoundError):  # another process evicts too
                status = path.stat()
                files.append((status.st_mtime_ns, status.st_size, path))
        size = sum(file_size for _, file_size, _ in files)
        if size <= self._limit_bytes:
            return
        for _, file_size, path in sorted(files):
            if size <= self._limit_bytes * _EVICT_TO:
                break
            path.unlink(missing_ok=True)
            size -= file_size
