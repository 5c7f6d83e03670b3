"""Figures in documents: what stands between two marks is written by a command."""

from dataclasses import dataclass
from pathlib import Path

from ivr.errors import ConfigError
from ivr.files import write_whole


@dataclass(frozen=True, slots=True)
class Marked:
    """The part of a document that belongs to one command."""

    command: str

    @property
    def begin(self) -> str:
        return f"<!-- figures of {self.command}: begin -->"

    @property
    def end(self) -> str:
        return f"<!-- figures of {self.command}: end -->"

    def require(self, path: Path) -> tuple[str, str]:
        """What stands before and after the part; `ConfigError` when the document has none."""
        try:
            before, begin, rest = path.read_text(encoding="utf-8").partition(self.begin)
        except OSError as exc:
            allowed = f"a readable document ({exc.strerror})"
            raise ConfigError("--write", str(path), allowed) from exc
        _, end, after = rest.partition(self.end)
        if not begin or not end:
            allowed = f"a document with the lines {self.begin} and {self.end}"
            raise ConfigError("--write", str(path), allowed)
        return before, after

    def write(self, path: Path, text: str) -> None:
        """Replace the part; `ConfigError` when the document has none."""
        before, after = self.require(path)
        write_whole(path, f"{before}{self.begin}\n\n{text.strip()}\n\n{self.end}{after}")
