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
    """Silence is not sent."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet and when it goes out, seconds from the beginning."""

    at_s: float
    data: bytes


def packets(pcm: bytes, line: BadLine, *, ssrc: int, first: int = 0) -> list[Packet]:
    """int16 8 kHz audio as it arrives over the line, in the order of arrival.

    `first` is the number of the first frame within the stream.
    """
    chance = random.Random(line.seed + first)
    sent = (
        _late(index, number, payload, line, ssrc, chance)
        for index, number, payload in _frames(pcm, first)
        if not (line.silence_suppressed and _left_out(payload, number))
    )
    arrived = [packet for packet in sent if chance.random() >= line.loss]
    return sorted(arrived, key=lambda packet: packet.at_s)


def _frames(pcm: bytes, first: int) -> Iterator[tuple[int, int, bytes]]:
    for index in range(len(pcm) // FRAME_BYTES):
        yield index, first + index, pcm[index * FRAME_BYTES : (index + 1) * FRAME_BYTES]


def _late(
    index: int, number: int, samples: bytes, line: BadLine, ssrc: int, chance: random.Random
) -> Packet:
    head = bytes((0x80, PAYLOAD_TYPE)) + (number % 65536).to_bytes(2, "big")
    stamp = (number * FRAME_SAMPLES % 2**32).to_bytes(4, "big")
    late_s = chance.random() * line.jitter_ms / 1000
    at_s = index * line.spacing_ms / 1000 + late_s
    return Packet(at_s, head + stamp + ssrc.to_bytes(4, "big") + alaw(samples))


def _left_out(samples: bytes, number: int) -> bool:
    peak = int(np.max(np.abs(np.frombuffer(samples, dtype="<i2").astype(np.int32))))
    return peak < SILENT_PEAK and number % KEEPALIVE_FRAMES != 0


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
