"""Times at which something is to happen to somebody: one per key, the earliest first. Pure."""

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

from sortedcontainers import SortedList

Key = TypeVar("Key", bound=Hashable)


class Timers(Generic[Key]):
    """Setting, clearing and taking cost O(log n)."""

    def __init__(self) -> None:
        self._at: dict[Key, float] = {}
        self._order: SortedList[tuple[float, Key]] = SortedList()

    def __len__(self) -> int:
        return len(self._at)

    def __iter__(self) -> Iterator[Key]:
        return (key for _, key in self._order)

    def set(self, key: Key, at: float) -> None:
        """Replaces the time that the key had."""
        self.clear(key)
        self._at[key] = at
        self._order.add((at, key))

    def clear(self, key: Key) -> None:
        """Nothing happens when no time was set."""
        at = self._at.pop(key, None)
        if at is not None:
            self._order.remove((at, key))

    def take(self, now: float) -> Iterator[Key]:
        """Those whose time has come, in order; each is cleared before it is given."""
        while self._order and self._order[0][0] <= now:
            _, key = self._order.pop(0)
            del self._at[key]
            yield key

    def next_at(self) -> float | None:
        """The earliest time; None without any."""
        return self._order[0][0] if self._order else None
