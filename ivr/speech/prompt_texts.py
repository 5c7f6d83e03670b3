"""The prompt list: what each prompt id says, and which texts have a recording.

Recorded prompts come from the voice folder's manifest; prompts without a recording from
`prompts.tsv` beside this module. Both are tab-separated with a header line.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from ivr.errors import SetupError, SynthesisError

OWN_LIST = Path(__file__).with_name("prompts.tsv")
"""Prompts without a recording; a synthesizer speaks them until they are recorded."""
WORD_ID = "word"
"""Id shared by all recorded words for slots: numbers, units, months, names."""


class Style(StrEnum):
    """Intonation of a spoken part."""

    MID = "mid"  # something follows in the same sentence
    END = "end"  # the sentence ends here


_CUT_COLUMNS = ("style", "text", "file", "start_s", "end_s")


@dataclass(frozen=True, slots=True)
class PromptText:
    """One phrase of the prompt list."""

    prompt_id: str
    style: Style
    text: str


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded text in one intonation, a whole file or a sentence of it."""

    text: str
    style: Style
    path: Path
    start_s: float = 0.0
    end_s: float | None = None
    """None: to the end of the file. Seconds."""


@dataclass(frozen=True, slots=True)
class PromptTexts:
    """Prompt ids -> texts, and the texts that need no synthesizer. Immutable, without I/O."""

    prompts: Mapping[str, PromptText] = field(default_factory=dict)
    recorded: Mapping[str, str] = field(default_factory=dict)
    """Case-folded text -> the text as recorded."""

    def __contains__(self, prompt_id: object) -> bool:
        return prompt_id in self.prompts

    def prompt(self, prompt_id: str) -> PromptText:
        """The prompt with that id; `SynthesisError` when the list has none."""
        try:
            return self.prompts[prompt_id]
        except KeyError as exc:
            raise SynthesisError(
                "unknown_prompt", f"the prompt list has no prompt {prompt_id!r}"
            ) from exc

    def recorded_form(self, text: str) -> str | None:
        """The recorded text equal to `text` apart from case, None when it has no recording."""
        return self.recorded.get(text.casefold())


def read_prompt_list(path: Path) -> tuple[PromptText, ...]:
    """The rows of a prompt list (columns id, style, text); `SetupError` when it is unusable."""
    return tuple(
        PromptText(row["id"], Style(row["style"]), row["text"])
        for row in _rows(path, ("id", "style", "text"))
    )


def read_recordings(folder: Path) -> tuple[Recording, ...]:
    """Every recording of a voice folder, whole files first; audio is not opened.

    `sentences.tsv` is optional: sentences inside longer recordings, with their place in the file.
    """
    whole = [
        Recording(row["text"], Style(row["style"]), folder / row["file"])
        for row in _rows(folder / "manifest.tsv", ("id", "style", "text", "file"))
    ]
    sentences = folder / "sentences.tsv"
    cuts = _rows(sentences, _CUT_COLUMNS) if sentences.is_file() else []
    try:
        parts = [
            Recording(
                row["text"],
                Style(row["style"]),
                folder / row["file"],
                float(row["start_s"]),
                float(row["end_s"]),
            )
            for row in cuts
        ]
    except ValueError as exc:
        raise SetupError("prompts", f"{sentences}: {exc}") from exc
    return (*whole, *parts)


def load_prompt_texts(folder: Path, own_list: Path = OWN_LIST) -> PromptTexts:
    """Merge the voice folder's manifest with the project's own list; the recorded one wins."""
    manifest = read_prompt_list(folder / "manifest.tsv")
    phrases = [prompt for prompt in manifest if prompt.prompt_id != WORD_ID]
    return PromptTexts(
        prompts={prompt.prompt_id: prompt for prompt in (*read_prompt_list(own_list), *phrases)},
        recorded={row.text.casefold(): row.text for row in read_recordings(folder)},
    )


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError) as exc:
        raise SetupError("prompts", f"prompt list {path} cannot be read: {exc}") from exc
    styles = set(Style)
    for number, row in enumerate(rows, start=2):
        if any(not row.get(column) for column in columns) or row["style"] not in styles:
            raise SetupError(
                "prompts", f"{path} line {number}: needs {', '.join(columns)}; style mid or end"
            )
    return rows
