"""Who hears whom among the legs of one worker: what is wanted, whatever the bridge has. Pure."""

from collections.abc import Iterator


class Connections:
    """Directed: (speaker, hearer), by leg number."""

    def __init__(self) -> None:
        self._pairs: set[tuple[int, int]] = set()

    def set(self, leg: int, other: int, *, hear: bool, speak: bool) -> None:
        """Whatever it was before, `leg` now hears `other` and `other` hears `leg`, or not."""
        for pair, wanted in (((other, leg), hear), ((leg, other), speak)):
            if wanted:
                self._pairs.add(pair)
            else:
                self._pairs.discard(pair)

    def hears(self, hearer: int, speaker: int) -> bool:
        """Whether one leg is to hear another."""
        return (speaker, hearer) in self._pairs

    def partners(self, leg: int) -> Iterator[int]:
        """Legs connected with this one in any direction, each once."""
        yield from sorted(
            {pair[0] if pair[1] == leg else pair[1] for pair in self._pairs if leg in pair}
        )

    def remove(self, leg: int) -> None:
        """A leg is gone."""
        self._pairs = {pair for pair in self._pairs if leg not in pair}
