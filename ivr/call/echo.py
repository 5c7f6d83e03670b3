"""The bot's own voice, come back from the caller's phone: known by its likeness to what was played.

Handsfree phones and bad hybrids return the prompt 10-30 dB softer and 50-400 ms later. To voice
activity and to the recognizer that is speech; to us it must not be a caller's.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from ivr.audio.pcm import LINE_RATE_HZ
from ivr.audio.playout import PlayoutTrack
from ivr.audio.rings import scaled
from ivr.sip.leg import LegFrame
from ivr.speech.player import PlaybackLeg

COMPARED_S: Final = 0.24
"""Of what was received; shorter pieces of different voices are too much alike."""
LONGEST_DELAY_S: Final = 0.6
"""Network both ways, jitter buffers and the far end's room."""
LIKENESS: Final = 0.5
"""Normalised correlation from which it is an echo."""
LOUDEST_GAIN: Final = 0.7
"""An echo is softer than what it echoes; the same voice as loud is a recording of it."""
QUIET_ENERGY: Final = 1e6
"""Below this a compared piece holds no sound."""
LIKENESS_OF_LITTLE: Final = 0.8
"""The same where only a part of the piece holds sound: the first 80 ms of a «да» are a few periods
of a vowel, and those are much like some vowel of any prompt, most of all of the same voice."""
PARTS: Final = 12
FILLED_PARTS: Final = 8
"""So many twelfths of the piece hold sound when it is no little."""
FILLED_SHARE: Final = 0.01
"""Of the loudest part's energy, from which a part holds sound."""
_EMPHASIS: Final = 0.95
"""Speech is mostly low frequencies, in which all voices are alike: they are taken out first."""

Signal = npt.NDArray[np.float32]


class EchoDetector:
    """Both directions in, frame by frame; whether the last piece received is an echo. Pure."""

    def __init__(self) -> None:
        self._received: Signal = np.zeros(round(COMPARED_S * LINE_RATE_HZ) + 1, np.float32)
        span_s = COMPARED_S + LONGEST_DELAY_S
        self._played: Signal = np.zeros(round(span_s * LINE_RATE_HZ) + 1, np.float32)

    def frame(self, received: bytes, played: bytes) -> None:
        """Take 20 ms of both directions, int16 at the line rate."""
        self._received = _shifted(self._received, received)
        self._played = _shifted(self._played, played)

    def is_echo(self) -> bool:
        """Compare by FFT: about 0.5 ms, so asked only while something is heard over a prompt."""
        piece, track = _flattened(self._received), _flattened(self._played)
        energy = float(np.dot(piece, piece))
        if energy < QUIET_ENERGY:
            return False
        size = 1 << (len(track) + len(piece) - 1).bit_length()
        spectrum = np.fft.rfft(track, size) * np.conj(np.fft.rfft(piece, size))
        cross = np.fft.irfft(spectrum, size)[: len(track) - len(piece) + 1]
        total = np.concatenate(([0.0], np.cumsum(track.astype(np.float64) ** 2)))
        energies = np.maximum(total[len(piece) :] - total[: len(total) - len(piece)], QUIET_ENERGY)
        best = int(np.argmax(np.abs(cross) / np.sqrt(energies)))
        likeness = abs(float(cross[best])) / (float(energies[best]) * energy) ** 0.5
        gain = abs(float(cross[best])) / float(energies[best])
        least = LIKENESS if _is_filled(piece) else LIKENESS_OF_LITTLE
        return likeness >= least and gain <= LOUDEST_GAIN


def _is_filled(piece: Signal) -> bool:
    energies = np.square(piece[: len(piece) // PARTS * PARTS]).reshape(PARTS, -1).sum(axis=1)
    return int(np.count_nonzero(energies >= FILLED_SHARE * energies.max())) >= FILLED_PARTS


def _shifted(signal: Signal, samples: bytes) -> Signal:
    new = np.frombuffer(samples, dtype="<i2").astype(np.float32)
    return np.concatenate((signal[len(new) :], new))


def _flattened(signal: Signal) -> Signal:
    flat: Signal = signal[1:] - np.float32(_EMPHASIS) * signal[:-1]
    return flat


class EchoGuard:
    """Sits between player and leg, and in the ears' tap, and knows both directions. Event loop."""

    def __init__(self, leg: PlaybackLeg) -> None:
        self._leg = leg
        self._track = PlayoutTrack()
        self._detector = EchoDetector()
        self._gain = 1.0

    def play(self, samples: bytes) -> None:
        self._leg.play(samples)
        self._track.appended(samples)

    def stop_playback(self) -> None:
        self._leg.stop_playback()
        self._gain = 1.0

    def set_playback_gain(self, gain: float) -> None:
        self._leg.set_playback_gain(gain)
        self._gain = gain

    @property
    def queued_samples(self) -> int:
        return self._leg.queued_samples

    def on_frame(self, received: LegFrame) -> None:
        """20 ms of the caller's audio, with how much of ours had gone out by then."""
        heard = self._track.frame(received.played_samples, received.flushed_samples)
        self._detector.frame(received.frame.samples, scaled(heard, self._gain, self._gain))

    def is_echo(self) -> bool:
        """Whether what is heard now is the bot itself."""
        return self._detector.is_echo()
