"""Cost of the queue's operations over its size."""

from typing import TYPE_CHECKING, Final

from ivr.bench.queue.report import Report
from ivr.plots import QUIET, RIGHT, WRONG

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS: Final = {"enqueue": RIGHT, "assign": WRONG, "place": "#2e7d4f", "cancel": QUIET}


def sizes(axes: "Axes", report: Report) -> None:
    """Straight lines on a logarithmic axis are what O(log n) looks like."""
    for name, colour in COLOURS.items():
        costs = [cost for cost in report.costs if cost.operation == name]
        x = [cost.waiting for cost in costs]
        axes.plot(x, [c.p50_us for c in costs], color=colour, marker="o", label=f"{name}, P50")
        axes.plot(x, [c.p99_us for c in costs], color=colour, linestyle=":", label=f"{name}, P99")
    axes.set_xscale("log")
    axes.set_ylim(0)
    axes.set_xlabel("contacts waiting")
    axes.set_ylabel("µs of one core")
    axes.legend(loc="upper left", fontsize=8, ncols=2)
