"""Measurements -> pages in Russian for whoever trains the intents."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jinja2

from ivr import plots
from ivr.config import NluSettings
from ivr.files import write_whole
from ivr.nlu.comparison import Comparison
from ivr.nlu.confusions import Cell, Matrix, confusion_matrix
from ivr.nlu.curves import (
    Advice,
    accept_curve,
    advise,
    calibration_error,
    confirm_curve,
    reliability,
)
from ivr.nlu.evaluation import Prediction, Score, score
from ivr.nlu.model_records import now
from ivr.plots import QUIET, RIGHT, WRONG, Line, Mark

CELL: Final = 14
LABELS: Final = 172
"""Pixels for the names left of and above the matrix."""
ADVISED: Final = "#15803d"
MEASURES: Final = (
    ("Точность", "accuracy"),
    ("F1, среднее по намерениям", "macro_f1"),
    ("Выполнено сразу, верно", "accepted_right"),
    ("Выполнено сразу, ошибочно", "accepted_wrong"),
    ("Посторонние фразы, принятые за просьбу", "false_accepts"),
)
"""What it is called, field of `Score`."""


@dataclass(frozen=True, slots=True)
class Square:
    """A cell of the matrix where it is drawn."""

    cell: Cell
    x: int
    y: int

    @property
    def colour(self) -> str:
        """The larger the share, the darker: blue where right, red where wrong."""
        hue, strength = (212, 0.25 + 0.6 * self.cell.share) if self.cell.right else (0, 0.45)
        strength = strength if self.cell.right else min(0.95, strength + 0.5 * self.cell.share)
        return f"hsl({hue} 65% {round(92 - 48 * strength)}%)"


@dataclass(frozen=True, slots=True)
class IntentLine:
    """An intent's figures."""

    name: str
    f1: float
    phrases: int


def write_measurement_page(
    path: Path, predictions: Sequence[Prediction], settings: NluSettings, model: str
) -> None:
    """Everything a measurement shows; `model`: what to call it. One file without references."""
    matrix = confusion_matrix(predictions)
    advice = advise(predictions)
    found = score(predictions, accept=settings.accept, confirm=settings.confirm)
    page = _environment().get_template("measurement.html.j2").render(
        model=model,
        at=now(),
        settings=settings,
        phrases=len(predictions),
        measures=_measures(found),
        advice=advice,
        advised=_measures(score(predictions, accept=advice.accept, confirm=advice.confirm)),
        matrix=matrix,
        squares=_squares(matrix),
        cell=CELL,
        labels=LABELS,
        intents=_intents(found, predictions),
        mistakes=_mistakes(predictions),
        plots=_plots(predictions, settings, advice),
        calibration_error=calibration_error(reliability(predictions)),
    )  # fmt: skip
    _write(path, page)


def write_comparison_page(path: Path, found: Comparison, first: str, second: str) -> None:
    """Two models side by side; `first`, `second`: what to call them."""
    rows = [
        (text, getattr(found.first, field), getattr(found.second, field))
        for text, field in MEASURES
    ]
    f1 = [
        (name, found.first.f1[name], found.second.f1[name])
        for name in found.first.f1
        if abs(found.first.f1[name] - found.second.f1[name]) > 1e-9
    ]
    page = _environment().get_template("comparison.html.j2").render(
        found=found,
        first=first,
        second=second,
        at=now(),
        rows=rows,
        f1=sorted(f1, key=lambda row: row[2] - row[1]),
    )  # fmt: skip
    _write(path, page)


def _write(path: Path, page: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, page.encode())


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("ivr.nlu", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


def _measures(found: Score) -> list[tuple[str, float]]:
    return [(text, getattr(found, field)) for text, field in MEASURES]


def _squares(matrix: Matrix) -> list[Square]:
    place = {name: number for number, name in enumerate(matrix.names)}
    return [
        Square(cell, LABELS + CELL * place[cell.found], LABELS + CELL * place[cell.said])
        for cell in matrix.cells
    ]


def _intents(found: Score, predictions: Sequence[Prediction]) -> list[IntentLine]:
    """The worst first."""
    counts = Counter(item.phrase.intent for item in predictions)
    lines = [IntentLine(name, value, counts[name]) for name, value in found.f1.items()]
    return sorted(lines, key=lambda line: (line.f1, line.name))


def _mistakes(predictions: Sequence[Prediction]) -> list[Prediction]:
    """The surest first: these do the most harm."""
    wrong = (item for item in predictions if not item.right)
    return sorted(wrong, key=lambda item: -item.result.intent.confidence)


def _plots(
    predictions: Sequence[Prediction], settings: NluSettings, advice: Advice
) -> dict[str, str]:
    return {
        "accept": _accept_plot(predictions, settings, advice),
        "confirm": _confirm_plot(predictions, settings, advice),
        "confidence": _confidence_plot(predictions),
        "reliability": _reliability_plot(predictions),
    }


def _marks(name: str, configured: float, advised: float) -> list[Mark]:
    return [
        Mark(f"{name} в настройках: {configured:.2f}", configured, QUIET),
        Mark(f"рекомендуется: {advised:.2f}", advised, ADVISED),
    ]


def _accept_plot(predictions: Sequence[Prediction], settings: NluSettings, advice: Advice) -> str:
    curve = accept_curve(predictions)
    x = [point.threshold for point in curve]
    return plots.curves(
        [
            Line("выполнено сразу, верно", RIGHT, x, [point.right for point in curve]),
        ],
        _marks("accept", settings.accept, advice.accept),
        x_label="порог accept",
        y_label="% всех фраз",
        fine=Line("ошибочно из выполненного", WRONG, x, [point.wrong_of_acted for point in curve]),
    )


def _confirm_plot(predictions: Sequence[Prediction], settings: NluSettings, advice: Advice) -> str:
    curve = confirm_curve(predictions, advice.accept)
    x = [point.threshold for point in curve]
    return plots.curves(
        [
            Line("переспрошено верно", RIGHT, x, [point.right for point in curve]),
            Line("переспрошено неверно", WRONG, x, [point.wrong for point in curve]),
        ],
        _marks("confirm", settings.confirm, advice.confirm),
        x_label=f"порог confirm при accept = {advice.accept:.2f}",
        y_label="% всех фраз",
    )


def _confidence_plot(predictions: Sequence[Prediction]) -> str:
    groups = {
        "верно": (RIGHT, [_sure(item) for item in predictions if item.right]),
        "ошибочно": (WRONG, [_sure(item) for item in predictions if not item.right]),
    }
    return plots.histogram(groups, x_label="уверенность модели", y_label="фраз")


def _reliability_plot(predictions: Sequence[Prediction]) -> str:
    points = [(one.confidence, one.right, one.count) for one in reliability(predictions)]
    return plots.reliability(
        points, x_label="уверенность модели", y_label="доля верных", ideal="идеал"
    )


def _sure(item: Prediction) -> float:
    return item.result.intent.confidence
