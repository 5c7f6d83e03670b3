"""A table of operators (CSV) -> operators, or everything that is wrong with it. Pure."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Final

from ivr.errors import ConfigError
from ivr.queue.desk import DeskError, new_operator, skills_of
from ivr.queue.destinations import DestinationRules
from ivr.queue.model import DEFAULT_LANGUAGE, Operator

COLUMNS: Final = ("id", "name", "target", "skills", "languages")
NEEDED: Final = ("id", "target")
SEPARATORS: Final = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table that can be used."""

    line: int
    operator: Operator


@dataclass(frozen=True, slots=True)
class WrongRow:
    """A line that cannot."""

    line: int
    text: str
    fault: str


@dataclass(frozen=True, slots=True)
class OperatorsFile:
    """The whole table; empty lines are left out."""

    rows: Sequence[Row]
    wrong: Sequence[WrongRow]


def read_operators(text: str, guard: DestinationRules) -> OperatorsFile:
    """Columns by their names, in any order, with commas, semicolons or tabs between; phones that
    the guard refuses make a line wrong.

    `ConfigError` when the heading cannot be understood, and so nothing else either.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    heading = lines[0] if lines else ""
    separator = max(SEPARATORS, key=heading.count)
    reader = csv.reader(StringIO("\n".join(lines)), delimiter=separator, strict=True)
    rows: list[Row] = []
    wrong: list[WrongRow] = []
    seen: dict[str, int] = {}
    columns = _columns(next(reader, []))
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
            if not any(cell.strip() for cell in cells):
                continue
            operator = _operator(columns, cells, guard)
            first = seen.setdefault(operator.operator_id, line)
            if first != line:
                raise DeskError("invalid", f"id {operator.operator_id!r} is in line {first} too")
            rows.append(Row(line, operator))
        except StopIteration:
            return OperatorsFile(rows, wrong)
        except (DeskError, csv.Error) as fault:
            shown = "\n".join(lines[line - 1 : reader.line_num])
            wrong.append(WrongRow(line, shown, str(fault)))


def write_operators(operators: Iterable[Operator]) -> str:
    """The table that `read_operators` takes."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in operators:
        skills = " ".join(f"{skill}:{level}" for skill, level in sorted(one.skills.items()))
        languages = " ".join(sorted(one.languages))
        writer.writerow((one.operator_id, one.name, one.target, skills, languages))
    return text.getvalue()


def _columns(heading: Sequence[str]) -> list[str]:
    names = [name.strip().lower() for name in heading]
    strange = [name for name in names if name not in COLUMNS]
    missing = [name for name in NEEDED if name not in names]
    if strange or missing or len(set(names)) != len(names):
        raise ConfigError("heading", ",".join(names), f"each of {', '.join(COLUMNS)} once at most")
    return names


def _operator(columns: Sequence[str], cells: Sequence[str], guard: DestinationRules) -> Operator:
    if len(cells) != len(columns):
        raise DeskError("invalid", f"{len(cells)} cells where the heading has {len(columns)}")
    values = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
    languages = values.get("languages", "").replace(",", " ").split()
    return new_operator(
        values["id"],
        values["target"],
        guard=guard,
        name=values.get("name", ""),
        skills=skills_of([values.get("skills", "")]),
        languages=languages or (DEFAULT_LANGUAGE,),
    )
