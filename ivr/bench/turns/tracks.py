"""Both directions of a call on one clock -> when the bot replied, yielded, stopped, went on. Pure.

All times are seconds of the call's audio. A prompt that is talked over is held against the same
prompt heard undisturbed: only where that one is loud can a missing voice be told from a pause.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ivr.audio.pcm import FRAME_SAMPLES, LINE_RATE_HZ, SAMPLE_BYTES, duration_s
from ivr.softphone.listening import AUDIBLE_RMS, FRAME_S

YIELD_DB: Final = 15.0
"""A prompt this much softer has yielded: it is near silence beside the caller's own voice."""
BACK_DB: Final = 10.0
"""Within this of its typical level it is back."""
WINDOW_FRAMES: Final = 2
"""Frames over which the prompt's gain is measured."""
PAUSE_DB: Final = 20.0
"""Frames this far below a prompt's typical level are its own pauses."""
SLACK_FRAMES: Final = 3
"""Jitter buffers move a prompt by up to 60 ms while it plays."""
HOLD_FRAMES: Final = 10
"""A change counts when it lasts for 200 ms."""
ALIGN_S: Final = 1.2
"""How much of the prompt before the caller's onset is looked for in the undisturbed one."""
SAME: Final = 0.5
"""Correlation from which it is the same prompt."""
SPEAKS_ON_S: Final = 0.7
"""A stop can be dated where the prompt speaks on for as long as a stop takes."""
AHEAD_S: Final = 1.0
"""The undisturbed prompt was recorded from its keys on, too, and may have come later after them;
one that the turn before left playing is at least 2 s ahead."""
PAUSE_FRAMES: Final = 5
"""Plosives are silent for less."""
DOWN_S: Final = 1.0
"""A bot that is down for longer has been stopped."""

Levels = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OverPrompt:
    """What became of a prompt that somebody or something sounded over."""

    yielded_s: float | None
    """Audio time from which the prompt was softer by `YIELD_DB` or gone, None: it never was."""
    stopped_s: float | None
    """From which it was silent."""
    back_s: float | None
    """After it had yielded: when it was heard at its level again."""

    def is_false_stop(self, ended_s: float) -> bool:
        """Whether the bot was down for more than `DOWN_S` after the sound that was no reason to."""
        if self.yielded_s is None:
            return False
        return self.back_s is None or self.back_s - max(self.yielded_s, ended_s) > DOWN_S


def over_prompt(undisturbed: bytes, heard: bytes, onset_s: float) -> OverPrompt | None:
    """Compare a call's received track with the prompt heard without anybody talking.

    None when what was heard before the onset is not that prompt.
    """
    position = aligned(undisturbed, heard, onset_s)
    if position is None:
        return None
    start = round(onset_s * LINE_RATE_HZ)
    got = levels(heard[start * SAMPLE_BYTES :])
    expected = levels(undisturbed[position * SAMPLE_BYTES :])
    length = min(len(got), len(expected))
    got, expected = got[:length], softest_nearby(expected[:length])
    typical = float(np.percentile(levels(undisturbed), 90))
    should_sound = expected > typical - PAUSE_DB
    gains, matched = gains_db(undisturbed, position, heard[start * SAMPLE_BYTES :], length)
    # Where the prompt is known again it is known too whether it sounds just there.
    sounds = np.where(np.isfinite(matched), matched > typical - PAUSE_DB, should_sound)
    yielded = _first_held(sounds, gains < -YIELD_DB)
    stopped = _first_held(should_sound, got < decibels(AUDIBLE_RMS))
    back = None if yielded is None else _back(got, yielded, typical)
    return OverPrompt(_at(onset_s, yielded), _at(onset_s, stopped), _at(onset_s, back))


def _at(onset_s: float, frame: int | None) -> float | None:
    return None if frame is None else onset_s + frame * FRAME_S


def aligned(undisturbed: bytes, heard: bytes, onset_s: float) -> int | None:
    """Sample of the undisturbed prompt that plays at the onset; None when it is another prompt."""
    end = round(onset_s * LINE_RATE_HZ)
    piece = _floats(heard)[max(0, end - round(ALIGN_S * LINE_RATE_HZ)) : end]
    whole = _floats(undisturbed)
    if len(piece) < LINE_RATE_HZ // 10 or len(whole) < len(piece) or not piece.any():
        return None
    size = len(whole) + len(piece)
    product = np.fft.rfft(whole, size) * np.conj(np.fft.rfft(piece, size))
    scores = np.fft.irfft(product, size)[: len(whole) - len(piece) + 1]
    best = int(np.argmax(scores))
    there = whole[best : best + len(piece)]
    power = float(np.sqrt(np.sum(piece**2) * np.sum(there**2)))
    if not power or float(scores[best]) / power < SAME:
        return None
    return best + len(piece)


def begun(undisturbed: bytes, recent: bytes, keyed_ago_s: float) -> int | None:
    """Sample of the prompt that keys pressed so long ago have led to by the end of `recent`.

    None while it is not heard: the turn before may have left the same prompt playing, which is
    further on than one that began after the keys can be, until the keys stop it.
    """
    position = aligned(undisturbed, recent, duration_s(recent))
    if position is None or position > (keyed_ago_s + AHEAD_S) * LINE_RATE_HZ:
        return None
    return position


def speaks_on(undisturbed: bytes, position: int) -> bool:
    """Whether the prompt has no pause of its own for a while from this sample on."""
    typical = float(np.percentile(levels(undisturbed), 90))
    length = round(SPEAKS_ON_S * LINE_RATE_HZ) * SAMPLE_BYTES
    next_ones = levels(undisturbed[position * SAMPLE_BYTES :][:length])
    loud = next_ones > typical - PAUSE_DB
    if len(loud) < round(SPEAKS_ON_S / FRAME_S):
        return False
    pauses = np.lib.stride_tricks.sliding_window_view(~loud, PAUSE_FRAMES)
    return not pauses.all(axis=1).any()


def levels(pcm: bytes) -> Levels:
    """Decibels of every 20 ms, 0 dB = an amplitude of one."""
    whole = _floats(pcm)
    frames = whole[: len(whole) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    rms: Levels = np.sqrt(np.mean(frames**2, axis=1))
    return decibels_of(rms)


def decibels_of(rms: Levels) -> Levels:
    """Of many values; silence is -20 dB."""
    result: Levels = 20 * np.log10(np.maximum(rms, 0.1))
    return result


def decibels(rms: float) -> float:
    """Of one value."""
    return float(decibels_of(np.array([rms]))[0])


def gains_db(undisturbed: bytes, position: int, heard: bytes, frames: int) -> tuple[Levels, Levels]:
    """By how much the prompt is louder than undisturbed in each frame, and how loud it is there
    undisturbed; -inf where it is not heard.

    Each 40 ms are laid over the place in the undisturbed prompt that they are most like, within the
    slack: levels alone cannot tell a softened vowel from a consonant that came 40 ms early.
    """
    got, whole = _floats(heard), _floats(undisturbed)
    slack = SLACK_FRAMES * FRAME_SAMPLES
    whole = np.pad(whole, slack)  # sample n of the prompt is at n + slack now
    gains: Levels = np.full(frames, -np.inf)
    matched: Levels = np.full(frames, -np.inf)
    for frame in range(frames):
        piece = got[frame * FRAME_SAMPLES :][: WINDOW_FRAMES * FRAME_SAMPLES]
        around = whole[position + frame * FRAME_SAMPLES :][: len(piece) + 2 * slack]
        gains[frame], matched[frame] = _gain_db(piece, around)
    return gains, matched


def _gain_db(piece: Levels, around: Levels) -> tuple[float, float]:
    energy = float(np.dot(piece, piece))
    if not energy or len(around) < len(piece):
        return -np.inf, -np.inf
    cross = np.correlate(around, piece, mode="valid")
    total = np.concatenate(([0.0], np.cumsum(around**2)))
    energies = np.maximum(total[len(piece) :] - total[: len(total) - len(piece)], 1.0)
    likeness = np.abs(cross) / np.sqrt(energies * energy)
    best = int(np.argmax(likeness))
    if likeness[best] < SAME:
        return -np.inf, -np.inf
    gain = float(20 * np.log10(abs(cross[best]) / energies[best]))
    return gain, decibels(float(np.sqrt(energies[best] / len(piece))))


def softest_nearby(values: Levels) -> Levels:
    """The least of each frame's neighbours within the slack: loud only where all of them are."""
    padded = np.pad(values, SLACK_FRAMES, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * SLACK_FRAMES + 1)
    result: Levels = windows.min(axis=1)
    return result


def _first_held(should_sound: NDArray[np.bool_], low: NDArray[np.bool_]) -> int | None:
    """First frame that should sound and is low, as all that should within the hold are."""
    for frame in np.flatnonzero(should_sound & low):
        window = slice(int(frame), int(frame) + HOLD_FRAMES)
        sounding = should_sound[window]
        if sounding.sum() >= HOLD_FRAMES // 3 and low[window][sounding].all():
            return int(frame)
    return None


def _back(got: Levels, yielded: int, typical: float) -> int | None:
    """First frame after it from which the bot is heard at its level: half of the next 200 ms."""
    loud = got > typical - BACK_DB
    for frame in range(yielded + 1, len(got)):
        if loud[frame] and loud[frame : frame + HOLD_FRAMES].sum() >= HOLD_FRAMES // 2:
            return frame
    return None


def _floats(pcm: bytes) -> Levels:
    whole: Levels = np.frombuffer(pcm, dtype="<i2").astype(np.float64)
    return whole
