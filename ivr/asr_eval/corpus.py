"""A manifest or a folder -> recordings with what is said in them."""

import csv
from dataclasses import dataclass
from pathlib import Path

from ivr.errors import ConfigError

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

    @property
    def name(self) -> str:
        """Folder and file, enough to tell recordings apart."""
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def known(self) -> bool:
        """Whether graphs built from own texts have been told its text."""
        return self.part in ("", "train")

    @property
    def human(self) -> bool:
        """Whether a person speaks; a manifest tells synthetic speech in `source`."""
        return not self.source.startswith("synthesized")


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
