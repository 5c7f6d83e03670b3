"""Outcomes on disk while a run is under way, so that an interrupted one can be gone on with."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

import msgspec

from ivr.files import write_whole
from ivr.regress.outcome import Case, Outcome


class _Header(msgspec.Struct):
    run: str


def run_id(cases: Sequence[Case], models: Iterable[Path], facts: Iterable[str]) -> str:
    """Names a run by its recordings and by what they are replayed with; `models`: files, folders,
    or names that are neither."""
    digest = hashlib.sha256("\n".join(facts).encode())
    for case in cases:
        digest.update(f"\n{case.name}\t{_state(case.path)}".encode())
    for file in (file for model in models for file in (model, *sorted(model.rglob("*")))):
        digest.update(f"\n{file}\t{_state(file)}".encode())
    return digest.hexdigest()[:16]


def _state(path: Path) -> str:
    """What changes with a file; folders change with what is in them."""
    if not path.is_file():
        return "no file"
    stat = path.stat()
    return f"{stat.st_size} {stat.st_mtime_ns}"


def unfinished(path: Path, run: str) -> dict[tuple[str, str], Outcome]:
    """Good outcomes of the same run's earlier attempt; none when it was another run."""
    if not path.exists():
        return {}
    lines = path.read_bytes().splitlines()
    found = {}
    try:
        if not lines or msgspec.json.decode(lines[0], type=_Header).run != run:
            return {}
        for line in lines[1:]:
            outcome = msgspec.json.decode(line, type=Outcome)
            if not outcome.error:
                found[outcome.key] = outcome
    except msgspec.DecodeError:
        pass  # the last line of a run that was killed; what came before it counts
    return found


class ProgressFile:
    """Appends each outcome as one JSON line, at once."""

    def __init__(self, path: Path, run: str, known: Iterable[Outcome]) -> None:
        write_whole(path, b"".join(map(_line, (_Header(run), *known))))
        self._file: IO[bytes] = path.open("ab")

    def __enter__(self) -> "ProgressFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, outcome: Outcome) -> None:
        """Keep it whatever happens next."""
        self._file.write(_line(outcome))
        self._file.flush()


def _line(value: object) -> bytes:
    return msgspec.json.encode(value) + b"\n"
