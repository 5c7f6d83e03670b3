"""How fast callers on the line give up, measured as the day goes, for the estimate of waits."""

from math import exp
from typing import Final

MEMORY_S: Final = 900.0
"""What happened so long ago counts a third."""
LEAST_WAITED_S: Final = 3600.0
"""Seconds of waiting, of all callers together, below which nothing is concluded."""


class Leaving:
    """Decaying sums of callers who gave up and of seconds waited."""

    def __init__(self) -> None:
        self._left = 0.0
        self._waited_s = 0.0
        self._count = 0
        self._at = 0.0

    def waiting(self, count: int, now: float) -> None:
        """So many wait on the line from now on."""
        self._forward(now)
        self._count = count

    def left(self, now: float) -> None:
        """Somebody gave up."""
        self._forward(now)
        self._left += 1.0

    def rate(self, now: float) -> float:
        """Share of those on the line who give up, each second."""
        self._forward(now)
        return self._left / self._waited_s if self._waited_s >= LEAST_WAITED_S else 0.0

    def _forward(self, now: float) -> None:
        passed_s = now - self._at
        fading = exp(-passed_s / MEMORY_S)
        self._left *= fading
        self._waited_s = self._waited_s * fading + self._count * passed_s
        self._at = now
