"""Who is near and who is far: a caller's voice by its own usual level, against people behind. Pure.

A television or a room full of people is speech to voice activity and to the recognizer. What tells
it from the caller is that it is softer than the caller, and that it goes on. Both are relative: a
caller on a faint line is heard as well, and where nobody talks in the background nothing changes.
"""

from collections import deque
from typing import Final

import numpy as np

from ivr.audio.pcm import FRAME_MS

BEHIND_DB: Final = 15.0
"""Voices this much softer than the caller's usual level are somebody else's."""
SYLLABLES: Final = 300 // FRAME_MS
"""Frames within which a caller who speaks is at the usual level once: consonants are far softer."""
WATCHED: Final = 4000 // FRAME_MS
BEFORE_S: Final = 4.0
"""Voices this long before an utterance go on beside it."""
ACTIVE: Final = 1500 // FRAME_MS
"""Frames of soft voices within those watched, from which on somebody talks in the background."""
REMEMBERED: Final = 20_000 // FRAME_MS
"""Frames whose level is kept: longer than the longest utterance."""
IN_VAIN: Final = 3
"""So many soft answers in a row, with nothing of the caller's between: perhaps it is they."""
UNHEARD: Final = 600 // FRAME_MS
"""Frames of soft voices, more than a cough, beside which a question's silence is doubtful, and
after which what is said softly is not believed."""
UTTERANCES: Final = 3
"""The usual level is the median of so many: one that was shouted counts for little."""
LOUD_SHARE: Final = 80
"""Percentile of an utterance's voiced frames that is its level."""


class Foreground:
    """Levels of voiced frames in, whether they are the caller's out. One per leg."""

    def __init__(self) -> None:
        self._voiced: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)
        """Audio time at the end of a voiced frame, and its level."""
        self._last: deque[float] = deque(maxlen=SYLLABLES)
        self._behind: deque[bool] = deque(maxlen=WATCHED)
        self._levels: deque[float] = deque(maxlen=UTTERANCES)
        self._ignored = 0
        """How many utterances in a row were left to the background."""
        self._in_vain = 0
        """How many of them made sense as an answer."""

    @property
    def usual_db(self) -> float | None:
        """The caller's level, dB relative to full scale; None before anything was understood."""
        return float(np.median(self._levels)) if self._levels else None

    @property
    def others_talk(self) -> bool:
        """Whether soft voices have been going on."""
        return sum(self._behind) >= ACTIVE

    def passes(self, level_db: float, *, voiced: bool, end_s: float) -> bool:
        """Take the next frame; False for a voice that is behind the caller's."""
        self._last.append(level_db if voiced else -np.inf)
        if voiced:
            self._voiced.append((end_s, level_db))
        usual = self.usual_db
        behind = voiced and usual is not None and max(self._last) < usual - BEHIND_DB
        self._behind.append(behind)
        return voiced and not (behind and self.others_talk)

    def learn(self, start_s: float, end_s: float) -> None:
        """What was said between these audio times was understood: it was the caller."""
        level = self._level(start_s, end_s)
        if level is not None:
            self._levels.append(level)
        self._ignored = self._in_vain = 0

    def unanswered(self, start_s: float, end_s: float) -> None:
        """Nobody answered between these audio times. Soft voices then may have been the caller's.

        A caller who has become much softer talks as steadily as a television, and would never be
        heard again; a television beside a silent caller is heard once for it.
        """
        usual = self.usual_db
        if usual is None:
            return
        if self._talked(start_s, end_s, usual):
            self._forget()

    def is_background(self, start_s: float, end_s: float, *, answers: bool = False) -> bool:
        """Whether this utterance is somebody else's. `answers`: it makes sense as an answer.

        An answer into silence is a caller's who has become softer; beside voices that go on it may
        be theirs. So is a second soft one in a row without such voices: then the usual level is
        forgotten. So it is for what follows after `IN_VAIN` answers, for a caller's own long
        sentences are voices that go on, too; what a television says makes no sense three times.
        """
        level, usual = self._level(start_s, end_s), self.usual_db
        if level is None or usual is None or level >= usual - BEHIND_DB:
            return False
        into_silence = answers and not self._talked(start_s - BEFORE_S, start_s, usual)
        if into_silence or (self._ignored and not self.others_talk):
            self._forget()
            return False
        self._ignored += 1
        self._in_vain += answers
        if self._in_vain >= IN_VAIN:
            self._forget()
        return True

    def _forget(self) -> None:
        self._levels.clear()
        self._ignored = self._in_vain = 0

    def _talked(self, start_s: float, end_s: float, usual_db: float) -> bool:
        """Whether voices behind the caller's were heard between these audio times."""
        levels = self._between(start_s, end_s)
        return sum(level < usual_db - BEHIND_DB for level in levels) >= UNHEARD

    def _level(self, start_s: float, end_s: float) -> float | None:
        levels = self._between(start_s, end_s)
        return float(np.percentile(levels, LOUD_SHARE)) if levels else None

    def _between(self, start_s: float, end_s: float) -> list[float]:
        """Levels of the voiced frames between these audio times."""
        return [level for at_s, level in self._voiced if start_s < at_s <= end_s]
