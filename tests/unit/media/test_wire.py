"""The local link's frames."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.audio.rings import ReceivedFrame
from ivr.errors import SipError
from ivr.media import wire

pytestmark = pytest.mark.unit


def body(data: bytes) -> bytes:
    ((_, content),) = wire.Splitter().feed(data)
    return content


def test_control_messages_come_back_as_they_were() -> None:
    request = wire.Request(7, wire.Dial(1, "sip:a@b", "0611", {"User-to-User": "x"}))
    assert wire.decode_to_worker(body(wire.encode_control(request))) == request
    ended = wire.LegDisconnected(2, 486, "Busy Here", "remote")
    assert wire.decode_from_worker(body(wire.encode_control(ended))) == ended


def test_audio_comes_back_with_its_counters() -> None:
    frame = ReceivedFrame(160, 80, 40, b"\1\2" * 160)
    assert wire.decode_received(body(wire.encode_received(6, frame))) == (6, frame)
    assert wire.decode_playback(body(wire.encode_playback(6, b"abcd"))) == (6, b"abcd")


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 64))
def test_frames_survive_any_cut(parts: list[bytes], cut: int) -> None:
    stream = b"".join(wire.encode_playback(1, part) for part in parts)
    splitter = wire.Splitter()
    received = [
        wire.decode_playback(content)[1]
        for start in range(0, len(stream), cut)
        for _, content in splitter.feed(stream[start : start + cut])
    ]
    assert received == parts


def test_a_frame_that_claims_too_much_is_a_fault() -> None:
    with pytest.raises(SipError):
        list(wire.Splitter().feed(struct.pack("<IB", wire.MAX_BODY_BYTES + 1, 0)))


@pytest.mark.parametrize("decode", [wire.decode_to_worker, wire.decode_from_worker])
def test_unknown_messages_are_a_fault(decode: object) -> None:
    assert callable(decode)
    with pytest.raises(SipError):
        decode(b"\x81\xa4type\xa4Nope")
