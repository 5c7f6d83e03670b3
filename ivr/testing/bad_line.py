"""What networks do to RTP: packets lost, late, out of order, drifting, not sent. Pure, seeded."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from ivr.audio.pcm import FRAME_BYTES, FRAME_MS, FRAME_SAMPLES

PAYLOAD_TYPE: Final = 8
"""A-law (RFC 3551)."""
KEEPALIVE_FRAMES: Final = 25
"""A phone that sends nothing in silence still sends a frame this often."""
COMFORT_NOISE_TYPE: Final = 13
COMFORT_NOISE_LEVEL: Final = 65
"""-65 dB (RFC 3389 section 3)."""
SILENT_PEAK: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """How bad. The default is a perfect line."""

    loss: float = 0.0
    """Share of packets lost, 0..1."""
    jitter_ms: float = 0.0
    """Every packet is late by up to this much, so neighbours overtake each other."""
    spacing_ms: float = float(FRAME_MS)
    """Time between two packets by the sender's clock, which may run fast or slow."""
    silence_suppressed: bool = False
    """Silence is not sent (DTX): times go on, numbers do not (RFC 3551 section 4.1)."""
    comfort_noise: bool = False
    """What is sent now and then in suppressed silence says how loud it is (RFC 3389) instead of
    being it."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet and when it goes out, seconds from the beginning."""

    at_s: float
    data: bytes


def packets(
    pcm: bytes, line: BadLine, *, ssrc: int, first: int = 0, suppressed: int = 0
) -> list[Packet]:
    """int16 8 kHz audio as it arrives over the line, in the order of arrival.

    `first` is the number of the first frame within the stream, `suppressed` how many frames before
    it were not sent (`suppressed_in`).
    """
    chance = random.Random(line.seed + first)
    sent = []
    for index, number, payload in _frames(pcm, first):
        if _left_out(payload, number, line):
            suppressed += 1
            continue
        late_s = chance.random() * line.jitter_ms / 1000
        at_s = index * line.spacing_ms / 1000 + late_s
        head = _head(number, number - suppressed, line, payload)
        sent.append(Packet(at_s, head + ssrc.to_bytes(4, "big") + _payload(payload, line)))
    arrived = [packet for packet in sent if chance.random() >= line.loss]
    return sorted(arrived, key=lambda packet: packet.at_s)


def suppressed_in(pcm: bytes, line: BadLine, first: int = 0) -> int:
    """How many frames of this audio are silence that is not sent."""
    return sum(_left_out(payload, number, line) for _, number, payload in _frames(pcm, first))


def _frames(pcm: bytes, first: int) -> Iterator[tuple[int, int, bytes]]:
    for index in range(len(pcm) // FRAME_BYTES):
        yield index, first + index, pcm[index * FRAME_BYTES : (index + 1) * FRAME_BYTES]


def _head(frame: int, number: int, line: BadLine, samples: bytes) -> bytes:
    """The fixed header but for the source (RFC 3550 section 5.1)."""
    kind = COMFORT_NOISE_TYPE if line.comfort_noise and _silent(samples) else PAYLOAD_TYPE
    stamp = (frame * FRAME_SAMPLES % 2**32).to_bytes(4, "big")
    return bytes((0x80, kind)) + (number % 65536).to_bytes(2, "big") + stamp


def _payload(samples: bytes, line: BadLine) -> bytes:
    if line.comfort_noise and _silent(samples):
        return bytes((COMFORT_NOISE_LEVEL,))
    return alaw(samples)


def _left_out(samples: bytes, number: int, line: BadLine) -> bool:
    return line.silence_suppressed and _silent(samples) and number % KEEPALIVE_FRAMES != 0


def _silent(samples: bytes) -> bool:
    peak = int(np.max(np.abs(np.frombuffer(samples, dtype="<i2").astype(np.int32))))
    return peak < SILENT_PEAK


def alaw(samples: bytes) -> bytes:
    """int16 -> G.711 A-law: the code whose value is nearest."""
    values, codes = _alaw_table()
    middles = (values[1:] + values[:-1]) / 2
    nearest = np.searchsorted(middles, np.frombuffer(samples, dtype="<i2"))
    return bytes(codes[nearest].astype(np.uint8).tobytes())


def from_alaw(data: bytes) -> bytes:
    """G.711 A-law -> int16."""
    values, codes = _alaw_table()
    by_code = np.empty(256, dtype="<i2")
    by_code[codes] = values
    return bytes(by_code[np.frombuffer(data, dtype=np.uint8)].tobytes())


@cache
def _alaw_table() -> tuple[np.ndarray, np.ndarray]:
    """All 256 values in rising order, and their codes (ITU-T G.711)."""
    codes = np.arange(256)
    bits = codes ^ 0x55
    exponent, mantissa = (bits >> 4) & 7, bits & 15
    magnitude = np.where(
        exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0)
    )
    values = np.where(bits & 0x80, magnitude, -magnitude)
    order = np.argsort(values)
    return values[order], codes[order]
