"""Phrases onto a leg: what plays now, may it be interrupted, how much was heard."""

from dataclasses import dataclass
from typing import Final, Protocol

from ivr.audio.pcm import LINE_RATE_HZ, SAMPLE_BYTES
from ivr.speech.phrase import Phrase


class PlaybackLeg(Protocol):
    """The part of `ivr.sip.leg.Leg` that a player needs."""

    def play(self, samples: bytes) -> None: ...

    def stop_playback(self) -> None: ...

    def set_playback_gain(self, gain: float) -> None: ...

    @property
    def queued_samples(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A rendered phrase in the order of play."""

    phrase: Phrase
    text: str
    samples: bytes
    barge_in: bool
    item: int | None = None
    """Number of the choice it names, from 1 on."""
    droppable: bool = False
    """Music, or news about the waiting: nobody needs it once an operator is there."""
    answerable_from: int | None = None
    """Sample from which a yes or no answers it; None for what is no such question."""

    @property
    def length(self) -> int:
        """Samples."""
        return len(self.samples) // SAMPLE_BYTES


REACTION_S: Final = 0.4
"""Who says «этот» means what was heard this long before the bot noticed."""
ITEM_LASTS_S: Final = 0.5
"""A choice is meant until this long after its name has ended."""


class Player:
    """Appends segments to a leg's playback ring. Event loop only.

    Positions come from the leg's count of samples not yet played, so they follow the wire and not
    the moment of writing.
    """

    def __init__(self, leg: PlaybackLeg) -> None:
        self._leg = leg
        self._segments: list[Segment] = []

    def begin(self) -> None:
        """Forget what has been played: the next segments belong to a new turn."""
        self._segments = list(self._unplayed())

    def play(self, segment: Segment) -> None:
        """Append a segment; it starts when everything before it has been played.

        `AudioError` when the ring is full; nothing of the segment is played then.
        """
        if segment.samples:
            self._leg.play(segment.samples)
        self._segments.append(segment)

    def stop(self) -> tuple[Segment, ...]:
        """Silence at once; returns the interrupted segment and those after it."""
        rest = self._unplayed()
        self._segments = []
        self._leg.stop_playback()
        return rest

    def soften(self, gain: float) -> None:
        """Go on at this part of the full level; 1.0 is back to normal. A stop undoes it."""
        self._leg.set_playback_gain(gain)

    @property
    def position(self) -> int:
        """Samples of the present segments that were heard."""
        return max(0, sum(s.length for s in self._segments) - self._leg.queued_samples)

    @property
    def played_s(self) -> float:
        """Seconds of the present segments that were heard."""
        return self.position / LINE_RATE_HZ

    @property
    def playing(self) -> bool:
        return self._leg.queued_samples > 0

    @property
    def interruptible(self) -> bool:
        """True unless the segment that plays now, or one still to come, forbids barge-in."""
        return all(segment.barge_in for segment in self._unplayed())

    @property
    def queued_s(self) -> float:
        """Seconds that were handed over and not yet heard."""
        return self._leg.queued_samples / LINE_RATE_HZ

    @property
    def droppable(self) -> bool:
        """What plays now and all that comes after it may be cut off for an operator."""
        return all(segment.droppable for segment in self._unplayed())

    @property
    def answerable(self) -> bool:
        """True once so much of a yes-or-no question was heard that a yes can mean it."""
        position = self.position
        for segment in self._segments:
            if segment.answerable_from is not None and position >= segment.answerable_from:
                return True
            position -= segment.length
        return False

    @property
    def item(self) -> int | None:
        """The choice that the caller means who says «этот» now, None when none was just named."""
        moment = self.position - round(REACTION_S * LINE_RATE_HZ)
        meant: int | None = None
        begin = 0
        for segment in self._segments:
            end = begin + segment.length + round(ITEM_LASTS_S * LINE_RATE_HZ)
            if segment.item is not None and begin <= moment < end:
                meant = segment.item
            begin += segment.length
        return meant

    def _unplayed(self) -> tuple[Segment, ...]:
        position = self.position
        for index, segment in enumerate(self._segments):
            if position < segment.length:
                return tuple(self._segments[index:])
            position -= segment.length
        return ()
