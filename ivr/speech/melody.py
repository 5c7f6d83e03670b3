"""Whether a voice has come down as at the end of a sentence: what words cannot tell.

Statements, orders and most questions of Russian end lower than they were spoken (Bryzgunova's
intonation constructions 1 and 2; a yes-or-no question rises before its end and falls then), and a
speaker who goes on after a pause has held the pitch up. Pitch is Praat's: autocorrelation and the
cheapest path through its candidates (Boersma 1993).

Nothing but pitch is used. How softly or abruptly a recording ends tells pauses from ends as well
where pauses were made by cutting recordings, and tells nothing of a caller.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import parselmouth

from ivr.audio.pcm import LINE_RATE_HZ, SAMPLE_BYTES

STEP_S: Final = 0.01
LOWEST_HZ, HIGHEST_HZ = 70.0, 400.0
"""Pitch of men and women on a telephone."""
LONGEST_S: Final = 6.0
"""Only so much of an utterance is listened to, its end: 1 ms of work for each second."""
END_STEPS: Final = 10
"""Voiced steps that are the end: a tenth of a second."""
FEWEST_STEPS: Final = 15
"""With less voice than this an utterance has no melody to speak of."""
LOW_SHARE: Final = 25
"""Percentile of the end that is compared: tracking errs upwards in a creaking last syllable."""
HIGHEST_END_ST: Final = 2.5
"""An end that lies higher over the rest is a question as often as a pause («можно узнать баланс?»),
or the tracking has slipped by an octave in a creaking voice: it says nothing."""
JUMP_ST: Final = 3.0
"""No voice moves by more semitones in 10 ms: the tracking has slipped."""
MOST_JUMPS: Final = 0.012
"""Share of such jumps from which on the contour is not believed. Recorded people and parametric
voices are below it, joints of concatenated speech, noise and crosstalk above."""

Semitones = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Melody:
    """How an utterance ended."""

    fall_st: float
    """Pitch of the end against the utterance's median, semitones: -5 is a clear fall, 0 none, a
    little more a voice that is held up."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What the vocal cords did in an utterance."""

    voiced_s: float
    """How long they were heard to swing. Every Russian word has a vowel; «стоп» has 0.08 s of it,
    a cough, a breath and a rustle have none, down to 10 dB above noise."""
    melody: Melody | None
    """None where too little was voiced, the pitch could not be followed or ends high."""


def voice_of(samples: bytes) -> Voice:
    """Int16 mono 8 kHz audio of an utterance up to its last speech (silence after it does no harm)
    -> its voice. Any thread.
    """
    pitch = _pitch(samples[-round(LONGEST_S * LINE_RATE_HZ) * SAMPLE_BYTES :])
    voiced = np.flatnonzero(pitch)
    return Voice(len(voiced) * STEP_S, _melody(voiced, pitch))


def _melody(voiced: npt.NDArray[np.intp], pitch: npt.NDArray[np.float64]) -> Melody | None:
    if len(voiced) < FEWEST_STEPS:
        return None
    heights = 12 * np.log2(pitch[voiced])
    if _jumps(voiced, heights) >= MOST_JUMPS:
        return None
    end = float(np.percentile(heights[-END_STEPS:], LOW_SHARE))
    fall_st = end - float(np.median(heights))
    return Melody(fall_st) if fall_st <= HIGHEST_END_ST else None


def _pitch(samples: bytes) -> npt.NDArray[np.float64]:
    """Hertz every 10 ms; 0 where nothing is voiced."""
    values = np.frombuffer(samples, dtype=np.int16) / 32768.0
    if len(values) < 4 * LINE_RATE_HZ / LOWEST_HZ:  # less than Praat's window
        return np.zeros(0)
    sound = parselmouth.Sound(values, LINE_RATE_HZ)
    pitch = sound.to_pitch_ac(time_step=STEP_S, pitch_floor=LOWEST_HZ, pitch_ceiling=HIGHEST_HZ)
    found: npt.NDArray[np.float64] = pitch.selected_array["frequency"]
    return found


def _jumps(voiced: npt.NDArray[np.intp], heights: Semitones) -> float:
    """Share of steps between neighbours that no voice makes."""
    neighbours = np.diff(voiced) == 1
    leaps = np.abs(np.diff(heights))[neighbours]
    return float(np.mean(leaps > JUMP_ST)) if len(leaps) else 1.0
