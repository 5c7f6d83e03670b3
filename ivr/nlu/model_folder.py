"""The folder of model versions: which are there, which one serves, which ones served before."""

import fcntl
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from ivr.errors import NluError
from ivr.files import write_whole
from ivr.nlu.gates import GateResult
from ivr.nlu.model_records import now, pretty, record_file, version_of

SUFFIX: Final = ".tar.gz"


class Term(msgspec.Struct, frozen=True):
    """A model and since when it has been, or was, in service."""

    model: str
    since: datetime


class Current(msgspec.Struct, frozen=True, kw_only=True):
    """The file `current`: what services load, and what `roll_back` returns to."""

    model: str
    since: datetime
    before: tuple[Term, ...] = ()
    """The latest last."""


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the file `promotions.jsonl`."""

    at: datetime
    action: Literal["promoted", "rolled back"]
    model: str
    before: str
    """The model in service until then; '' when none was promoted before."""
    forced: bool = False
    reason: str = ""
    gates: tuple[str, ...] = ()
    """What each gate found."""


class ModelFolder:
    """Archives, their records, the file `current` and the log. Blocks for a moment; any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.current_file = path / "current"
        self._log = path / "promotions.jsonl"

    def archive(self, version: str) -> Path:
        """Where that version is or would be."""
        return self.path / f"{version}{SUFFIX}"

    def archives(self) -> list[Path]:
        """The newest first."""
        found = self.path.glob(f"[!.]*{SUFFIX}")
        return sorted(found, key=lambda file: (file.stat().st_mtime, file.name), reverse=True)

    def current(self) -> Current | None:
        """None while nothing was promoted; raises `NluError` when the file cannot be read."""
        try:
            return msgspec.json.decode(self.current_file.read_bytes(), type=Current)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            message = f"{self.current_file} cannot be read ({error}); promote a model anew"
            raise NluError("current_model", message) from error

    def readable_current(self) -> Current | None:
        """The same, but a damaged file counts as nothing: promoting mends it."""
        try:
            return self.current()
        except NluError:
            return None

    def find(self, name: str, *, expected: Path) -> Path:
        """An archive by 'current', 'previous', 'expected', hash, beginning of a hash, or file.

        `expected`: the model of the present data. Raises `NluError` for none and for several.
        """
        archive = self._named(name, expected)
        if not archive.is_file():
            hint = "; train it: ivr nlu train" if archive == expected else ""
            raise NluError("no_such_model", f"there is no model {archive}{hint}")
        return archive

    def promote(
        self,
        version: str,
        gates: Sequence[GateResult] = (),
        *,
        base: str = "",
        forced: bool = False,
        reason: str = "",
    ) -> Current:
        """Put a version into service.

        `base`: what a later roll-back returns to when nothing was promoted before. Promoting the
        version in service writes the file anew, which makes a service try again to load it.
        """
        with self._alone():
            old = self._before(base)
            if old is not None and old.model == version:
                self._write(old)
                return old
            terms = () if old is None else (*old.before, Term(old.model, old.since))
            fresh = Current(model=version, since=now(), before=terms)
            self._write(fresh)
            self._note(
                LogEntry(
                    at=fresh.since,
                    action="promoted",
                    model=version,
                    before=terms[-1].model if terms else "",
                    forced=forced,
                    reason=reason,
                    gates=tuple(f"{gate.name}: {gate.found}" for gate in gates),
                )
            )
            return fresh

    def roll_back(self, *, reason: str = "") -> Current:
        """Return to the model before the present one; twice goes two back.

        Raises `NluError` when there is none, or its archive is gone.
        """
        with self._alone():
            old = self.current()
            if old is None or not old.before:
                raise NluError("no_earlier_model", "no model was in service before this one")
            *terms, last = old.before
            if not self.archive(last.model).is_file():
                message = f"{self.archive(last.model)}, in service before, is gone"
                raise NluError("no_such_model", message)
            fresh = Current(model=last.model, since=now(), before=tuple(terms))
            self._write(fresh)
            self._note(
                LogEntry(
                    at=fresh.since,
                    action="rolled back",
                    model=last.model,
                    before=old.model,
                    reason=reason,
                )
            )
            return fresh

    def history(self) -> list[LogEntry]:
        """Every promotion and roll-back, the first first; raises `NluError` for a damaged line."""
        if not self._log.exists():
            return []
        entries = []
        for number, line in enumerate(self._log.read_bytes().splitlines(), 1):
            try:
                entries.append(msgspec.json.decode(line, type=LogEntry))
            except msgspec.DecodeError as error:
                raise NluError("promotion_log", f"{self._log}:{number}: {error}") from error
        return entries

    def prune(self, keep: int, *, spare: Collection[str] = ()) -> list[str]:
        """Remove all but the `keep` newest versions; never the current, the previous, `spare`."""
        with self._alone():
            current = self.current()
            needed = set(spare)
            if current is not None:
                needed |= {current.model, *(term.model for term in current.before[-1:])}
            removed = [old for old in self.archives()[keep:] if version_of(old) not in needed]
            for archive in removed:
                archive.unlink()
                record_file(archive).unlink(missing_ok=True)
        return [version_of(archive) for archive in removed]

    def newest_beside(self, version: str) -> str:
        """The newest other version, '' where there is none."""
        others = [version_of(archive) for archive in self.archives()]
        return next((other for other in others if other != version), "")

    def _named(self, name: str, expected: Path) -> Path:
        if name == "expected":
            return expected
        if name in ("current", "previous"):
            return self.archive(self._in_service(name))
        if "/" in name or name.endswith(SUFFIX):
            return Path(name)
        found = [file for file in self.archives() if version_of(file).startswith(name)]
        if len(found) > 1:
            which = ", ".join(version_of(file) for file in found)
            raise NluError("ambiguous_model", f"{name!r} begins several models: {which}")
        return found[0] if found else self.archive(name)

    def _in_service(self, name: str) -> str:
        current = self.current()
        if current is None:
            raise NluError("no_current_model", "no model was promoted yet")
        if name == "current":
            return current.model
        if not current.before:
            raise NluError("no_earlier_model", "no model was in service before the current one")
        return current.before[-1].model

    def _before(self, base: str) -> Current | None:
        return self.readable_current() or (Current(model=base, since=now()) if base else None)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two promotions at once would lose one of them from the history."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _write(self, current: Current) -> None:
        write_whole(self.current_file, pretty(current))

    def _note(self, entry: LogEntry) -> None:
        with self._log.open("ab") as log:
            log.write(msgspec.json.encode(entry) + b"\n")
            log.flush()
            os.fsync(log.fileno())
