"""A manifest or a folder -> recordings with what is said in them."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from ivr.audio.conditions import apply
from ivr.audio.pcm import LINE_RATE_HZ
from ivr.audio.resample import to_pcm
from ivr.audio.wav import load_samples
from ivr.errors import ConfigError

BACKGROUND: Final = 20
"""Voices to choose those in the background from."""
AUDIO_SUFFIXES = (".flac", ".wav", ".ogg")


@dataclass(frozen=True, slots=True)
class Recording:
    """One file and what is known of it."""

    path: Path
    text: str
    voice: str = ""
    source: str = ""
    intent: str = ""
    part: str = ""
    """'train' (or nothing): its text is among those that graphs are built from; else set apart."""
    noise: str = ""
    codec: str = ""
    """As the manifest tells what is on the recording, where it does."""
    condition: str = ""
    """What is done to it before it is recognized, as ivr/audio/conditions.py writes it."""

    @property
    def name(self) -> str:
        """Folder, file and condition, enough to tell recordings apart."""
        name = f"{self.path.parent.name}/{self.path.name}"
        return f"{name} ({self.condition})" if self.condition else name

    @property
    def known(self) -> bool:
        """Whether graphs built from own texts have been told its text."""
        return self.part in ("", "train")

    @property
    def human(self) -> bool:
        """Whether a person speaks; a manifest tells synthetic speech in `source`."""
        return not self.source.startswith("synthesized")


def under(recordings: Sequence[Recording], conditions: Sequence[str]) -> tuple[Recording, ...]:
    """The recordings as they are, and once more under each condition."""
    return tuple(
        replace(one, condition=condition) for condition in ("", *conditions) for one in recordings
    )


def samples_of(recording: Recording, quiet_s: tuple[float, float], voices: Sequence[Path]) -> bytes:
    """A recording under its condition with silence around it, int16 mono at the line's rate.

    `voices` are files whose speakers may talk in the background. Raises `AudioError`.
    """
    before, after = (np.zeros(round(one * LINE_RATE_HZ), np.float32) for one in quiet_s)
    samples = np.concatenate((before, load_samples(recording.path), after))
    if recording.condition:
        others = [path for path in voices if path != recording.path][:BACKGROUND] or [
            recording.path
        ]
        babble = [load_samples(path) for path in others] if "babble" in recording.condition else []
        samples = apply(recording.condition, samples, babble, recording.name)
    return to_pcm(samples)


def read_recordings(path: Path) -> tuple[Recording, ...]:
    """From a manifest (TSV with at least `file` and `text`), a folder that has manifest.tsv, or a
    folder of recordings each with a text of the same name beside it (a.wav, a.txt)."""
    manifest = path / "manifest.tsv" if path.is_dir() else path
    found = _from_manifest(manifest) if manifest.is_file() else _from_folder(path)
    if not found:
        allowed = "a manifest.tsv with recordings, or a folder of recordings with .txt beside them"
        raise ConfigError("recordings", str(path), allowed)
    return found


def _from_manifest(manifest: Path) -> tuple[Recording, ...]:
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    if rows and not {"file", "text"} <= rows[0].keys():
        raise ConfigError(str(manifest), ", ".join(rows[0]), "columns 'file' and 'text'")
    return tuple(
        Recording(
            manifest.parent / row["file"],
            row["text"],
            row.get("voice") or "",
            row.get("source") or "",
            row.get("intent") or "",
            row.get("part") or "",
            row.get("noise") or "",
            row.get("codec") or "",
        )
        for row in rows
    )


def _from_folder(folder: Path) -> tuple[Recording, ...]:
    return tuple(
        Recording(audio, text.read_text(encoding="utf-8").strip().lower())
        for audio in sorted(folder.glob("*"))
        if audio.suffix in AUDIO_SUFFIXES and (text := audio.with_suffix(".txt")).is_file()
    )
