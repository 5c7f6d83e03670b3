"""Figures -> SVG for a page, or PNG. Matplotlib is loaded with the first plot, not before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RIGHT: Final = "#2b6cb0"
WRONG: Final = "#c0262d"
QUIET: Final = "#5a6675"
STYLE: Final[Any] = {
    "svg.fonttype": "none",  # text stays text: it can be searched and takes the page's font
    "svg.hashsalt": "ivr",  # same figures, same bytes
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": QUIET,
    "axes.grid": True,
    "grid.color": "#dde3ea",
    "legend.frameon": False,
}

EMPTY: Final[Any] = dict.fromkeys(("Creator", "Date", "Format", "Type"))
"""Left out: within a page they mean nothing, and the date would change the bytes."""


@dataclass(frozen=True, slots=True)
class Line:
    """A named curve."""

    name: str
    colour: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line with its name."""

    name: str
    x: float
    colour: str


@dataclass(frozen=True, slots=True)
class Course:
    """Something over time: local times without a zone, as many values."""

    name: str
    colour: str
    x: Sequence[datetime]
    y: Sequence[float]
    shape: Literal["line", "steps", "dots"] = "line"
    """'steps': a value holds until the next, the area under it is filled; the last covers those
    before it."""


def curves(
    lines: Sequence[Line],
    marks: Sequence[Mark],
    *,
    x_label: str,
    y_label: str,
    fine: Line | None = None,
) -> str:
    """Shares over thresholds, both 0..1 and shown in per cent.

    `fine`: a curve of small values with an axis of its own on the right.
    """

    def draw(axes: "Axes") -> None:
        for line in lines:
            axes.plot(line.x, [100 * y for y in line.y], color=line.colour, label=line.name)
        if fine is not None:
            axes.plot([], [], color=fine.colour, label=f"{fine.name} (справа)")
            beside = axes.twinx()
            beside.plot(fine.x, [100 * y for y in fine.y], color=fine.colour)
            beside.set_ylabel(f"{fine.name}, %", color=fine.colour)
            beside.tick_params(axis="y", labelcolor=fine.colour)
            beside.set_ylim(0)
            beside.grid(visible=False)
            beside.spines["right"].set_visible(True)
        for mark in marks:
            axes.axvline(mark.x, color=mark.colour, linestyle="--", linewidth=1.2, label=mark.name)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.set_ylim(0)
        axes.legend(loc="best", fontsize=9)

    return drawn(draw)


def histogram(
    groups: Mapping[str, tuple[str, Sequence[float]]], *, x_label: str, y_label: str
) -> str:
    """Name -> (colour, values 0..1), stacked in steps of 0.05; the count axis is logarithmic."""

    def draw(axes: "Axes") -> None:
        axes.hist(
            [values for _, values in groups.values()],
            bins=[step / 20 for step in range(21)],
            color=[colour for colour, _ in groups.values()],
            label=[f"{name}: {len(values)}" for name, (_, values) in groups.items()],
        )
        axes.set_yscale("symlog", linthresh=10)
        axes.set_yticks([0, 5, 10, 50, 100, 200], ["0", "5", "10", "50", "100", "200"])
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.legend(loc="upper left", fontsize=9)

    return drawn(draw)


def reliability(
    points: Sequence[tuple[float, float, int]], *, x_label: str, y_label: str, ideal: str
) -> str:
    """(Confidence, share right, count) -> dots sized by count around the diagonal."""

    def draw(axes: "Axes") -> None:
        axes.plot([0, 1], [0, 1], color=QUIET, linestyle="--", linewidth=1, label=ideal)
        axes.plot([x for x, _, _ in points], [y for _, y, _ in points], color=RIGHT, linewidth=1)
        axes.scatter(
            [x for x, _, _ in points],
            [y for _, y, _ in points],
            s=[20 + 1.2 * count for _, _, count in points],
            color=RIGHT,
            zorder=3,
        )
        for x, y, count in points:
            axes.annotate(str(count), (x, y), xytext=(6, -13), textcoords="offset points")
        axes.set_xlim(0, 1.03)
        axes.set_ylim(0, 1.06)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.legend(loc="upper left", fontsize=9)

    return drawn(draw)


def over_time(
    courses: Sequence[Course],
    *,
    y_label: str,
    since: datetime,
    until: datetime,
    level: tuple[str, float] | None = None,
    top: float | None = None,
) -> str:
    """Courses of one day or several; `level`: a named horizontal line, `top`: end of the y axis."""

    def draw(axes: "Axes") -> None:
        from matplotlib.dates import DateFormatter  # noqa: PLC0415 - as slow as the rest of it

        for course in courses:
            x, colour, name = np.array(course.x, "datetime64[ms]"), course.colour, course.name
            if course.shape == "dots":
                axes.scatter(x, course.y, s=9, color=colour, label=name)
            elif course.shape == "steps":
                axes.fill_between(x, course.y, step="post", color=colour, label=name)
            else:
                axes.plot(x, course.y, "o-", markersize=3, color=colour, label=name)
        if level is not None:
            name, value = level
            axes.axhline(value, color=QUIET, linestyle="--", linewidth=1.2, label=name)
        clock = "%H:%M" if until - since <= timedelta(hours=36) else "%d.%m"
        axes.xaxis.set_major_formatter(DateFormatter(clock))  # type: ignore[no-untyped-call]
        axes.set_xlim(since, until)  # type: ignore[arg-type]
        axes.set_ylim(0, top)
        axes.set_ylabel(y_label)
        if courses or level is not None:
            axes.legend(loc="best", fontsize=9)

    return drawn(draw, width=9.0, height=3.0)


def drawn(draw: "Callable[[Axes], None]", width: float = 5.6, height: float = 3.5) -> str:
    """What `draw` puts on the axes, as SVG; sizes in inches."""
    text = StringIO()
    panels([draw], width, height, lambda figure: figure.savefig(text, format="svg", metadata=EMPTY))
    whole = text.getvalue()
    return whole[whole.index("<svg") :]  # an XML prologue has no place within a page


def picture(draws: "Sequence[Callable[[Axes], None]]", width: float, height: float) -> bytes:
    """Panels below each other as PNG; the height is that of one."""
    image = BytesIO()
    panels(draws, width, height, lambda figure: figure.savefig(image, format="png", dpi=110))
    return image.getvalue()


def panels(
    draws: "Sequence[Callable[[Axes], None]]",
    width: float,
    height: float,
    save: "Callable[[Figure], None]",
) -> None:
    """Draw each on axes of its own, and save the figure while the style is in force."""
    from matplotlib import rc_context  # noqa: PLC0415 - takes half a second, few commands need it
    from matplotlib.figure import Figure  # noqa: PLC0415

    with rc_context(STYLE):
        figure = Figure(figsize=(width, height * len(draws)), layout="constrained")
        for axes, draw in zip(figure.subplots(len(draws), squeeze=False)[:, 0], draws, strict=True):
            draw(axes)
        save(figure)
