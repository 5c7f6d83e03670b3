"""Runs of one or two models -> figures for a page and for JSON. Pure apart from reading audio."""

import base64
import io
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import jinja2
import numpy as np
import soundfile

from ivr.asr_eval.corpus import Recording, samples_of
from ivr.asr_eval.run import EngineRun, Heard
from ivr.asr_eval.scoring import (
    Comparison,
    Errors,
    Rate,
    character_error_rate,
    compare,
    compare_texts,
    grouped,
    length_group,
    number_error_rate,
    rate,
    word_error_rate,
    worst_words,
)
from ivr.audio.pcm import LINE_RATE_HZ

WORST_WORDS: Final = 25
PLAYERS: Final = 100
"""Recordings with errors that get a player; their audio is put into the page."""


@dataclass(frozen=True, slots=True)
class ModelReport:
    """One model's figures."""

    model: str
    words: Rate
    characters: Rate
    numbers: Rate
    concepts: Rate | None
    """Of the utterances, those whose intent or numbers differ from those of the text itself."""
    groups: Mapping[str, Mapping[str, Rate]]
    """Word error rate by voice, source, length."""
    worst: tuple[tuple[tuple[str, str], int], ...]
    real_time_factor: float
    final_median_ms: float
    final_p95_ms: float
    load_s: float
    memory_mb: float
    unreadable: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One recording in the page: what was said and what each model heard."""

    name: str
    text: str
    heard: tuple[str, ...]
    wrong: tuple[int, ...]
    audio: str
    """A data: address, or '' beyond the first `PLAYERS`."""


Intents = Mapping[str, str]
"""Text -> intent."""


def errors_of(run: EngineRun) -> list[Errors]:
    """Word by word for each recording."""
    return [compare_texts(one.recording.text, one.text) for one in run.heard]


def summarize(
    run: EngineRun, errors: Sequence[Errors], intents: Intents | None = None
) -> ModelReport:
    """All figures of one model; with `intents` of every text said and heard, concepts as well."""
    finals = sorted(one.final_s * 1000 for one in run.heard)
    groupings = {
        "голос": [one.recording.voice or "не указан" for one in run.heard],
        "источник": ["человек" if one.recording.human else "синтез" for one in run.heard],
        "слов во фразе": [length_group(one.words) for one in errors],
    }
    groupings |= _where_told(run.heard)
    return ModelReport(
        run.model,
        word_error_rate(errors),
        character_error_rate(errors),
        number_error_rate(errors),
        None if intents is None else _concepts(run.heard, errors, intents),
        {name: grouped(errors, keys, word_error_rate) for name, keys in groupings.items()},
        tuple(worst_words(errors, WORST_WORDS)),
        run.real_time_factor,
        statistics.median(finals) if finals else 0.0,
        finals[min(len(finals) - 1, int(len(finals) * 0.95))] if finals else 0.0,
        run.load_s,
        run.memory_mb,
        run.unreadable,
    )


def as_json(reports: Sequence[ModelReport], comparison: Comparison | None) -> dict[str, Any]:
    """The same for programs."""
    models = [asdict(report) for report in reports]
    return {"models": models, "comparison": None if comparison is None else asdict(comparison)}


def as_html(
    title: str,
    runs: Sequence[EngineRun],
    errors: Sequence[Sequence[Errors]],
    reports: Sequence[ModelReport],
) -> str:
    """One self-contained page in Russian."""
    template = resources.files("ivr.asr_eval").joinpath("report.html.j2").read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    widest = max(
        (one.high for report in reports for group in report.groups.values()
         for one in group.values()), default=1.0,
    )  # fmt: skip
    return environment.from_string(template).render(
        title=title,
        reports=reports,
        comparison=compare(*errors) if len(errors) == 2 else None,
        lines=_lines(runs, errors),
        widest=max(widest, 0.01),
        utterances=len(runs[0].heard),
    )


def _where_told(heard: Sequence[Heard]) -> dict[str, list[str]]:
    """Groups by what is known of some recordings only: noise, codec, condition."""
    told = {
        "шум на записи": [one.recording.noise for one in heard],
        "кодек": [one.recording.codec for one in heard],
        "условие": [one.recording.condition for one in heard],
    }
    return {
        name: [value or "как есть" for value in values]
        for name, values in told.items()
        if any(values)
    }


def _concepts(heard: Sequence[Heard], errors: Sequence[Errors], intents: Intents) -> Rate:
    wrong = [
        int(one.numbers_wrong or intents[said.recording.text] != intents[said.text])
        for said, one in zip(heard, errors, strict=True)
    ]
    return rate(wrong, [1] * len(wrong))


def _lines(runs: Sequence[EngineRun], errors: Sequence[Sequence[Errors]]) -> list[Line]:
    """Recordings with errors in any model, the worst first."""
    lines = []
    for at, first in enumerate(runs[0].heard):
        wrong = tuple(of_run[at].word_errors for of_run in errors)
        if any(wrong):
            heard = tuple(run.heard[at].text for run in runs)
            lines.append((first.recording, heard, wrong))
    lines.sort(key=lambda line: (-max(line[2]), line[0].name))
    voices = tuple(dict.fromkeys(one.recording.path for one in runs[0].heard))
    return [
        Line(
            recording.name,
            recording.text,
            heard,
            wrong,
            _data_address(recording, voices) if number < PLAYERS else "",
        )
        for number, (recording, heard, wrong) in enumerate(lines)
    ]


def _data_address(recording: Recording, voices: Sequence[Path]) -> str:
    """What the recognizer was given, as FLAC in a data: address."""
    samples = np.frombuffer(samples_of(recording, (0.0, 0.0), voices), np.int16)
    file = io.BytesIO()
    soundfile.write(file, samples, LINE_RATE_HZ, format="FLAC")
    return f"data:audio/flac;base64,{base64.b64encode(file.getvalue()).decode()}"
