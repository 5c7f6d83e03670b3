"""Recordings of the fixture folder, found by what is said in them."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ivr.audio.pcm import LINE_RATE_HZ
from ivr.audio.wav import load_audio
from ivr.errors import SetupError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """One recorded utterance."""

    path: Path
    text: str
    intent: str
    """'' where none is labelled."""
    voice: str

    def samples(self) -> bytes:
        """int16 mono 8 kHz."""
        return load_audio(self.path, LINE_RATE_HZ)


class FixtureBank:
    """The manifest of a fixture folder."""

    def __init__(self, folder: Path = Path("audio_fixtures")) -> None:
        manifest = folder / "manifest.tsv"
        if not manifest.exists():
            raise SetupError("fixtures", f"{manifest} is missing: restore it from the repository")
        with manifest.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            self.fixtures = tuple(
                Fixture(
                    path=folder / row["file"],
                    text=row["text"],
                    intent=row["intent"],
                    voice=row["voice"],
                )
                for row in rows
            )

    def says(self, text: str) -> bytes:
        """Samples of the utterance with exactly this text; `SetupError` when there is none."""
        for fixture in self.fixtures:
            if fixture.text == text:
                return fixture.samples()
        raise SetupError("fixtures", f"no fixture says «{text}»")

    def of_intents(self, intents: Iterable[str]) -> tuple[Fixture, ...]:
        """Utterances of these intents in the manifest's order."""
        wanted = set(intents)
        return tuple(fixture for fixture in self.fixtures if fixture.intent in wanted)
