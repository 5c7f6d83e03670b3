"""Time as a dependency, so that tests decide what time it is."""

import time
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Two clocks: one for deadlines and durations, one for records."""

    def monotonic(self) -> float:
        """Seconds on a clock that never jumps; for deadlines and durations."""
        ...

    def now(self) -> datetime:
        """Local wall-clock time with its zone; for records and for what callers hear."""
        ...


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now().astimezone()
