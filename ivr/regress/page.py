"""Judgements -> one HTML page in Russian: figures, heat map, and every case with sound and time."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import jinja2

from ivr.audio.pcm import LINE_RATE_HZ
from ivr.files import write_whole
from ivr.regress.compare import Change, Judgement, Verdict
from ivr.regress.figures import ALL, Cell, Figures
from ivr.regress.outcome import CLEAN, OVER_SIP, Mark, Outcome
from ivr.regress.run import Report

WIDTH, HEIGHT = 640, 96
WAVE_HEIGHT: Final = 56
"""Pixels of a picture; the rest below the waveform is for speech and partials."""
AFTER_S: Final = 1.5
"""What is shown after the recording's end: the reply comes within it."""
MOST_DRAWN: Final = 1500
"""Beyond it only cases that somebody must look at get a picture: a browser has to draw them."""

VERDICTS: Final = {
    Verdict.ERROR: "ошибка",
    Verdict.WORSE: "хуже",
    Verdict.CHANGED: "иначе",
    Verdict.BETTER: "лучше",
    Verdict.NEW: "новая",
    Verdict.SAME: "без изменений",
}
FIELDS: Final = {
    "transcript": "текст",
    "intent": "намерение",
    "slots": "значения",
    "actions": "действия",
    "prompts": "фразы",
    "reply": "ответ",
    "response_ms": "ответ через, мс",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of the picture: pixels from the left, width, what it says when pointed at."""

    x: float
    width: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Waveform and timeline of one case, in pixels."""

    wave: str
    """SVG path."""
    end_x: float
    """Where the recording ends."""
    speech: tuple[Bar, ...]
    partials: tuple[Bar, ...]
    replies: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Shade:
    """A square of the heat map."""

    text: str
    hue: int
    """0 red to 120 green."""


def write_page(path: Path, report: Report, baseline: Path) -> None:
    """Write the page. Players refer to the audio where it lies, relative to the page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ivr.regress", "."), autoescape=True, trim_blocks=True
    )
    template = environment.get_template("page.html.j2")
    items = sorted(report.judgements, key=_urgency)
    page = template.render(
        report=report,
        figures=report.figures,
        baseline=str(baseline),
        cases=[_case(item, path.parent, len(items)) for item in items],
        verdicts=[
            (verdict.value, VERDICTS[verdict], report.figures.verdicts[verdict])
            for verdict in Verdict
            if report.figures.verdicts[verdict]
        ],
        maps=_maps(report.figures),
        width=WIDTH,
        height=HEIGHT,
        wave_height=WAVE_HEIGHT,
    )
    write_whole(path, page)


def condition_name(condition: str) -> str:
    """For people."""
    return {CLEAN: "как есть", OVER_SIP: "по SIP"}.get(condition, condition)


def _urgency(item: Judgement) -> tuple[int, bool, int]:
    """By verdict, then wrong intents, then the most word errors."""
    right = item.score.intent_right is not False
    return (list(Verdict).index(item.verdict), right, -item.score.word_errors)


def _case(item: Judgement, folder: Path, cases: int) -> dict[str, object]:
    drawn = item.outcome.peaks and (item.verdict.fails or cases <= MOST_DRAWN)
    audio = Path(item.outcome.audio) if item.outcome.audio else item.case.path
    return {
        "item": item,
        "verdict": VERDICTS[item.verdict],
        "condition": condition_name(item.case.condition),
        "form": _form(item.outcome),
        "audio": _link(audio, folder) if item.outcome.peaks else "",
        "picture": picture_of(item) if drawn else None,
        "changes": [
            Change(FIELDS[change.field], change.before, change.after) for change in item.changes
        ],
    }


def _link(file: Path, folder: Path) -> str:
    """The file as the page in `folder` refers to it, whatever bytes its name is of."""
    return quote(os.fsencode(os.path.relpath(file.resolve(), folder.resolve())))


def _form(outcome: Outcome) -> str:
    """What had to be converted."""
    mixed = f"каналов: {outcome.channels}, сведены" if outcome.channels > 1 else ""
    converted = f"{outcome.rate_hz} Гц, пересчитано" if outcome.rate_hz != LINE_RATE_HZ else ""
    return "; ".join(filter(None, (mixed, converted)))


def picture_of(item: Judgement) -> Picture:
    """Waveform and marks on one scale: the recording and what follows it."""
    outcome = item.outcome
    total_s = max(0.1, outcome.seconds + AFTER_S)
    scale = WIDTH / total_s
    return Picture(
        wave=wave_path(outcome.peaks, outcome.seconds * scale),
        end_x=outcome.seconds * scale,
        speech=tuple(_bar(mark, scale) for mark in outcome.marks if mark.kind == "speech"),
        partials=tuple(_bar(mark, scale) for mark in outcome.marks if mark.kind == "partial"),
        replies=tuple(
            _bar(mark, scale)
            for mark in outcome.marks
            if mark.kind in ("reply", "handoff") and mark.at_s <= total_s
        ),
    )


def wave_path(peaks: Sequence[int], width: float) -> str:
    """An SVG path of vertical strokes around the middle line."""
    middle, step = WAVE_HEIGHT / 2, width / max(1, len(peaks))
    return "".join(
        f"M{index * step:.1f} {middle - peak * middle / 100:.1f}v{max(1.0, peak * middle / 50):.1f}"
        for index, peak in enumerate(peaks)
    )


def _bar(mark: Mark, scale: float) -> Bar:
    end_s = mark.at_s if mark.end_s is None else mark.end_s
    seconds = f"{mark.at_s:.2f} с" if mark.end_s is None else f"{mark.at_s:.2f}-{end_s:.2f} с"
    x = max(0.0, mark.at_s * scale)
    return Bar(round(x, 1), round(max(2.0, end_s * scale - x), 1), f"{seconds} {mark.text}".strip())


def _maps(figures: Figures) -> list[dict[str, object]]:
    """Two heat maps: word errors and intents, conditions down, voices across."""
    voices = [voice for voice in next(iter(figures.by_condition.values())) if voice != ALL]
    shown = [ALL, *voices] if len(voices) > 1 else [ALL]
    return [
        {
            "title": title,
            "columns": ["все" if voice == ALL else voice for voice in shown],
            "rows": [
                (condition_name(condition), [shade(cells[voice]) for voice in shown])
                for condition, cells in figures.by_condition.items()
            ],
        }
        for title, shade in (("Ошибки в словах (WER)", wer_shade), ("Намерение найдено", hit_shade))
    ]


def wer_shade(cell: Cell) -> Shade | None:
    """Green without errors, red from one word in two."""
    if cell.wer is None:
        return None
    return Shade(f"{cell.wer * 100:.1f} %", round(120 * max(0.0, 1 - 2 * cell.wer)))


def hit_shade(cell: Cell) -> Shade | None:
    """Green at all, red from one in two."""
    if cell.intents is None:
        return None
    return Shade(f"{cell.intents * 100:.1f} %", round(120 * max(0.0, 2 * cell.intents - 1)))
