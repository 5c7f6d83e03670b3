"""Which legs of a worker form one call, and whether another call or leg may come. Pure.

A worker's user agent has four legs. A call begins with one (a caller's INVITE, or a callback's
first dial) and is owed its share of them, so that nobody who was let in finds no leg for the
operator. A leg beyond that share (a supervisor, say) is lent only where no call can miss it. Worker
and call core keep the same account; the worker's is the one that counts.
"""

from typing import Final

MAX_LEGS: Final = 4
"""PJSUA_MAX_CALLS of the wheel; more are refused by it."""


class Places:
    """The calls of one worker by their legs' numbers."""

    def __init__(self, max_calls: int) -> None:
        self._max_calls = max_calls
        self._owed = max(1, MAX_LEGS // max_calls)
        self._calls: list[set[int]] = []

    @property
    def taken(self) -> int:
        """Calls under way."""
        return len(self._calls)

    @property
    def free(self) -> int:
        """Calls that may still begin."""
        return max(0, min(self._max_calls - self.taken, self._spare // self._owed))

    def may_join(self, beside: int) -> bool:
        """Whether the call of that leg gets one more."""
        return len(self._call_of(beside)) < self._owed or self._spare > 0

    def begin(self, leg: int) -> None:
        """A leg that begins a call."""
        self._calls.append({leg})

    def join(self, leg: int, beside: int) -> None:
        """A further leg of a call; of one that has just ended it begins a new one."""
        call = self._call_of(beside)
        if call:
            call.add(leg)
        else:
            self.begin(leg)

    def leave(self, leg: int) -> None:
        """A leg is gone; with its last one a call is over."""
        self._call_of(leg).discard(leg)
        self._calls = [call for call in self._calls if call]

    @property
    def _spare(self) -> int:
        """Legs that are neither in use nor owed to a call under way."""
        return MAX_LEGS - sum(max(self._owed, len(call)) for call in self._calls)

    def _call_of(self, leg: int) -> set[int]:
        return next((call for call in self._calls if leg in call), set())
