"""What a bad line does to packets, and the same every time."""

import itertools

import numpy as np
import pytest

from ivr.testing.bad_line import BadLine, alaw, from_alaw, packets, suppressed_in

pytestmark = pytest.mark.unit

SECOND = (np.sin(np.arange(8000) / 5) * 8000).astype("<i2").tobytes()


def numbers(line: BadLine) -> list[int]:
    return [int.from_bytes(packet.data[2:4], "big") for packet in packets(SECOND, line, ssrc=1)]


def test_a_perfect_line_sends_a_frame_every_20_ms():
    sent = packets(SECOND, BadLine(), ssrc=5, first=65530)
    assert [round(packet.at_s, 3) for packet in sent[:3]] == [0.0, 0.02, 0.04]
    assert [int.from_bytes(packet.data[2:4], "big") for packet in sent[5:8]] == [65535, 0, 1]
    assert {len(packet.data) for packet in sent} == {172}


def test_loss_takes_packets_out_and_is_the_same_for_the_same_seed():
    line = BadLine(loss=0.2, seed=3)
    assert 30 < len(numbers(line)) < 50
    assert numbers(line) == numbers(line)
    assert numbers(line) != numbers(BadLine(loss=0.2, seed=4))


def test_jitter_lets_packets_overtake_each_other_and_loses_none():
    late = numbers(BadLine(jitter_ms=60.0))
    assert late != sorted(late)
    assert sorted(late) == list(range(50))


def test_a_drifting_clock_changes_the_spacing():
    sent = packets(SECOND, BadLine(spacing_ms=20.1), ssrc=1)
    gaps = {round(right.at_s - left.at_s, 5) for left, right in itertools.pairwise(sent)}
    assert gaps == {0.0201}


def test_suppressed_silence_is_sent_twice_a_second():
    assert len(packets(bytes(16000), BadLine(silence_suppressed=True), ssrc=1)) == 2


def test_after_suppressed_silence_times_have_gone_on_and_numbers_have_not():
    sent = packets(bytes(16000) + SECOND, BadLine(silence_suppressed=True), ssrc=1)
    first, second, third = (packet.data for packet in sent[:3])
    assert [int.from_bytes(data[2:4], "big") for data in (first, second, third)] == [0, 1, 2]
    assert int.from_bytes(third[4:8], "big") == 50 * 160
    assert [packet.at_s for packet in sent[:3]] == [0.0, 0.5, 1.0]


def test_a_stream_in_two_parts_is_numbered_like_one():
    line = BadLine(silence_suppressed=True)
    silent = suppressed_in(bytes(16000), line)
    second = packets(SECOND, line, ssrc=1, first=50, suppressed=silent)
    assert second[0].data == packets(bytes(16000) + SECOND, line, ssrc=1)[2].data


def test_comfort_noise_is_a_packet_of_its_own_kind_with_a_level():
    line = BadLine(silence_suppressed=True, comfort_noise=True)
    sent = packets(bytes(16000) + SECOND, line, ssrc=1)
    assert [(packet.data[1], packet.data[12:]) for packet in sent[:2]] == [(13, b"A")] * 2
    assert {packet.data[1] for packet in sent[2:]} == {8}


def test_a_law_and_back_keeps_the_sound():
    values = np.frombuffer(SECOND, dtype="<i2").astype(float)
    again = np.frombuffer(from_alaw(alaw(SECOND)), dtype="<i2").astype(float)
    assert np.max(np.abs(values - again) / (np.abs(values) + 16)) < 0.6
    assert np.corrcoef(values, again)[0, 1] > 0.999
    assert alaw(bytes(2)) in (b"\xd5", b"\x55")  # the two zeros of A-law
