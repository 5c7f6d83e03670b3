"""A circuit breaker, so that a dead engine does not cost every turn the full time limit."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """In: outcomes and time. Out: whether the next request is worth making, and the next value.

    After `failure_limit` failures in a row requests fail at once for `pause_s`; then they are let
    through again, and the first failure starts a new pause.
    """

    failure_limit: int = 3
    pause_s: float = 2.0
    failures: int = 0
    """In a row."""
    closed_from: float = 0.0
    """Requests are let through from this time on, seconds on the caller's monotonic clock."""

    def lets_through(self, now: float) -> bool:
        return now >= self.closed_from

    def on_success(self) -> "Circuit":
        return replace(self, failures=0, closed_from=0.0)

    def on_failure(self, now: float) -> "Circuit":
        failures = self.failures + 1
        pause_s = self.pause_s if failures >= self.failure_limit else 0.0
        return replace(self, failures=failures, closed_from=now + pause_s)
