"""The journal on disk: a decision is there before anybody is told so. Any thread, any process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ivr.errors import ReviewError
from ivr.review.journal import HEADER, Choice, Entry, Standing, parse, render, standing


class JournalFile:
    """Appends lines under a lock of the file, so that several tabs and processes may share it."""

    def __init__(self, path: Path) -> None:
        """The file is made with the first line; raises `ConfigError` when it is damaged."""
        self.path = path
        self.standing()

    def standing(self) -> Standing:
        """What holds now, others' decisions included."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return standing(())
        return standing(parse(text, str(self.path)))

    def append(self, entry: Entry) -> None:
        """On disk when this returns. `ReviewError` where another decision came first."""
        with self._locked() as (file, text):
            now = standing(parse(text, str(self.path)))
            _require_possible(entry, now)
            file.write((("" if text else HEADER) + render(entry)).encode())
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Nobody else writes training files meanwhile; waits for whoever does."""
        # The folder itself is locked: the journal's own lock is needed to append within.
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    @contextmanager
    def _locked(self) -> Iterator[tuple[BinaryIO, str]]:
        """The file, to be written at its end, and its whole lines."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0)
                content = file.read()
                whole = content[: content.rfind(b"\n") + 1]
                if len(whole) < len(content):
                    file.truncate(len(whole))  # torn by a crash; nobody was told it was saved
                yield file, whole.decode("utf-8")
        except OSError as exc:
            raise ReviewError(
                "unwritable", f"{self.path} cannot be written: {exc.strerror}"
            ) from exc


def _require_possible(entry: Entry, now: Standing) -> None:
    match entry.decision:
        case Choice.WRITTEN:
            return
        case Choice.UNDO:
            if entry.key not in now.decided:
                raise ReviewError("not_decided", "отменять нечего: решения уже нет")
            if entry.key in now.written:
                raise ReviewError(
                    "written", "фраза уже записана в обучающие файлы: удалите её там вручную"
                )
        case _:
            if entry.key in now.reviewed:
                who = next((one.who for one in now.decided.values() if entry.key in one.keys), "")
                raise ReviewError("decided", f"эту реплику уже разобрали ({who})")
