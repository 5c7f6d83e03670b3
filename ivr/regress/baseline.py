"""The last accepted run as text: one line a case, so that a version control diff can be read."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from ivr.errors import ConfigError
from ivr.files import read_text, write_whole
from ivr.regress.outcome import Outcome

COLUMNS: Final = (
    "file",
    "condition",
    "transcript",
    "intent",
    "slots",
    "actions",
    "prompts",
    "response_ms",
    "reply",
)
Accepted = dict[tuple[str, str], Outcome]


def read_baseline(path: Path) -> Accepted:
    """Accepted outcomes by file and condition; none where the file does not exist yet."""
    if not path.exists():
        return {}
    header, *lines = read_text(path).splitlines() or [""]
    if tuple(header.split("\t")) != COLUMNS:
        raise ConfigError(str(path), header, f"the columns {', '.join(COLUMNS)}")
    accepted = {}
    for number, line in enumerate(lines, start=2):
        cells = line.split("\t")
        if len(cells) != len(COLUMNS):
            raise ConfigError(f"{path}:{number}", line, f"{len(COLUMNS)} columns")
        row = dict(zip(COLUMNS, cells, strict=True))
        outcome = _outcome(row, f"{path}:{number}")
        accepted[outcome.key] = outcome
    return accepted


def write_baseline(path: Path, accepted: Mapping[tuple[str, str], Outcome]) -> None:
    """Sorted by condition and file."""
    ordered = sorted(accepted.values(), key=lambda outcome: (outcome.condition, outcome.file))
    lines = ["\t".join(COLUMNS), *("\t".join(_cells(outcome)) for outcome in ordered)]
    write_whole(path, "\n".join(lines) + "\n")


def accept(
    accepted: Mapping[tuple[str, str], Outcome], outcomes: Iterable[Outcome]
) -> tuple[Accepted, int]:
    """With these outcomes in place of earlier ones, and how many. Errors are never accepted."""
    fresh = {outcome.key: outcome for outcome in outcomes if not outcome.error}
    return {**accepted, **fresh}, len(fresh)


def _outcome(row: Mapping[str, str], place: str) -> Outcome:
    response = row["response_ms"]
    if response and not response.isdecimal():
        raise ConfigError(place, response, "whole milliseconds in response_ms")
    return Outcome(
        file=row["file"],
        condition=row["condition"],
        transcript=row["transcript"],
        intent=row["intent"],
        slots=row["slots"],
        actions=row["actions"],
        prompts=row["prompts"],
        reply=row["reply"],
        response_ms=int(response) if response else None,
    )


def _cells(outcome: Outcome) -> Iterable[str]:
    for column in COLUMNS:
        value = getattr(outcome, column)
        text = "" if value is None else str(value)
        yield " ".join(text.split())  # no tab or line break of a reply may break the table
