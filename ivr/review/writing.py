"""Decisions -> training files, test file and word list, each replaced as a whole."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.errors import ReviewError, SetupError
from ivr.files import write_whole
from ivr.nlu.phrase_file import AddedPhrase, add_phrases, hold_out_phrases
from ivr.nlu.phrases import read_phrases, spelling
from ivr.review.journal import Entry
from ivr.review.sorting import Refused, sort_out

REVIEWED_WORDS: Final = Path("words/reviewed.txt")
HEADER: Final = (
    "# Words that trainers found missing in the recognizer while reviewing calls.\n"
    "# Rebuild with: ivr asr build\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written and what was not."""

    training: tuple[AddedPhrase, ...]
    held_out: tuple[AddedPhrase, ...]
    words: tuple[str, ...]
    refused: tuple[Refused, ...]


def together(parts: Iterable[Written]) -> Written:
    """Several writings of one session as one."""
    done = tuple(parts)
    return Written(
        training=tuple(phrase for one in done for phrase in one.training),
        held_out=tuple(phrase for one in done for phrase in one.held_out),
        words=tuple(word for one in done for word in one.words),
        refused=tuple(refused for one in done for refused in one.refused),
    )


def write(data: Path, entries: Sequence[Entry], *, share: float) -> Written:
    """Add what is new of these decisions below `data`; `ConfigError` names a damaged file."""
    training, tested = read_phrases(data / "nlu"), read_phrases(data / "test.yml")
    plan = sort_out(entries, training, tested, share=share)
    return Written(
        training=add_phrases(data, plan.training),
        held_out=hold_out_phrases(data, plan.held_out),
        words=_add_words(data, plan.words),
        refused=plan.refused,
    )


def listed_words(folder: Path) -> tuple[str, ...]:
    """Lines of all word lists, without comments."""
    return tuple(
        text
        for file in sorted(folder.glob("*.txt"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if (text := line.partition("#")[0].strip())
    )


def _add_words(data: Path, words: Iterable[str]) -> tuple[str, ...]:
    file = data / REVIEWED_WORDS
    known = {spelling(word) for word in listed_words(file.parent)}
    new = tuple(sorted({word for word in words if spelling(word) not in known}))
    if new:
        text = file.read_text(encoding="utf-8") if file.exists() else HEADER
        comments = [line for line in text.splitlines() if line.startswith("#")]
        others = [line for line in text.splitlines() if line.strip() and line not in comments]
        _replace(file, "\n".join([*comments, *sorted({*others, *new})]) + "\n")
    return new


def _replace(file: Path, text: str) -> None:
    try:
        write_whole(file, text)
    except SetupError as exc:
        raise ReviewError("unwritable", exc.message) from exc
