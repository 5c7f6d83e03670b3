"""Samples -> percentiles. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


def percentile(values: Sequence[float], share: float) -> float:
    """Linear interpolation between the closest ranks; NaN without values."""
    return float(np.percentile(values, share)) if values else float("nan")


@dataclass(slots=True)
class Sample:
    """Repeated measurements of one thing, milliseconds."""

    name: str
    values: list[float] = field(default_factory=list)

    def add(self, seconds: float) -> None:
        """One measurement, seconds."""
        self.values.append(seconds * 1000)

    def row(self) -> tuple[str, str, str, str, str]:
        """Name, count, P50, P95, P99 for a table."""
        shown = [f"{percentile(self.values, share):.0f}" for share in (50, 95, 99)]
        return (self.name, str(len(self.values)), shown[0], shown[1], shown[2])
