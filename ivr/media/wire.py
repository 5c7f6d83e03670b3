"""The local link between the call core and one media worker.

A Unix stream socket carries frames of a 5-byte head (length of the body, kind) and a body: a
msgpack control message, 20 ms of received audio with its counters, or audio to be played. The
first message in each direction names the protocol version.
"""

import struct
from collections.abc import Iterator
from typing import Final

import msgspec

from ivr.audio.rings import ReceivedFrame
from ivr.errors import SipError
from ivr.media.options import WorkerOptions

VERSION: Final = 4
MAX_BODY_BYTES: Final = 4 * 1024 * 1024

KIND_CONTROL: Final = 0
KIND_RECEIVED: Final = 1
KIND_PLAYBACK: Final = 2

_HEAD = struct.Struct("<IB")
_RECEIVED = struct.Struct("<IQQQ?")
_PLAYBACK = struct.Struct("<I")


class _Message(msgspec.Struct, frozen=True, tag=True):
    """Base of all control messages: msgpack maps with the class name in `type`."""


# ---- core -> worker


class Start(_Message, frozen=True):
    """First message to a worker."""

    version: int
    options: WorkerOptions


class Ring(_Message, frozen=True):
    leg: int


class Answer(_Message, frozen=True):
    leg: int


class Reject(_Message, frozen=True):
    leg: int
    status: int
    retry_after_s: int | None = None


class HangUp(_Message, frozen=True):
    leg: int
    reason: str = ""


class StopPlayback(_Message, frozen=True):
    leg: int


class SetGain(_Message, frozen=True):
    """Play what is queued softer or as it was handed over; a stop sets it back to 1."""

    leg: int
    gain: float
    """Factor 0..1."""


class Pulse(_Message, frozen=True):
    """The core lives; see `ivr.media.standstill`."""

    until: float
    """Legs may be kept so long without another one, monotonic seconds."""


class SendDtmf(_Message, frozen=True):
    leg: int
    digits: str
    info: bool = False
    """By SIP INFO instead of RFC 4733."""


class Refer(_Message, frozen=True):
    leg: int
    target: str
    headers: dict[str, str]


class ReferReplacing(_Message, frozen=True):
    """Attended transfer: the far end of `leg` is to take the place of our leg `other`."""

    leg: int
    other: int


class Dial(_Message, frozen=True):
    """Make an outbound leg; `leg` is chosen by the core (odd, so it never meets a worker's own)."""

    leg: int
    target: str
    caller: str
    headers: dict[str, str]
    beside: int | None = None
    """Leg of the same call; None: the dial begins a call and takes a caller's place."""
    asserted: bool = False
    """Say the caller's number in P-Asserted-Identity too."""


class Connect(_Message, frozen=True):
    """What two legs hear of each other from now on, whatever it was before."""

    leg: int
    other: int
    hear: bool
    """`leg` hears `other`."""
    speak: bool
    """`other` hears `leg`."""


class Hold(_Message, frozen=True):
    leg: int
    held: bool


class Drain(_Message, frozen=True):
    """Answer new calls 503 from now on."""


class Stop(_Message, frozen=True):
    """End: hang up what there is and exit."""


class Request(_Message, frozen=True):
    """A command with a number that its `Done` repeats."""

    number: int
    command: "Command"


Command = (
    Ring
    | Answer
    | Reject
    | HangUp
    | SendDtmf
    | Refer
    | ReferReplacing
    | Dial
    | Connect
    | Hold
    | Drain
    | Stop
)
ToWorker = Start | Request | StopPlayback | SetGain | Pulse

# ---- worker -> core


class Ready(_Message, frozen=True):
    """First message of a worker: it takes calls from now on."""

    version: int
    sip_port: int


class Done(_Message, frozen=True):
    number: int
    error: str = ""


class Offered(_Message, frozen=True):
    """An INVITE came in."""

    leg: int
    ani: str
    dnis: str
    asserted: bool
    sip_call_id: str
    headers: dict[str, str]


class Turned(_Message, frozen=True):
    """An INVITE was turned away by the worker itself."""

    status: int
    ani: str
    dnis: str
    sip_call_id: str


class LegRinging(_Message, frozen=True):
    leg: int
    status: int


class LegEarlyMedia(_Message, frozen=True):
    leg: int
    codec: str


class LegAnswered(_Message, frozen=True):
    leg: int
    codec: str


class LegHeld(_Message, frozen=True):
    """The far end put us on hold or took us back."""

    leg: int
    held: bool


class LegDialog(_Message, frozen=True):
    """What it takes to end this dialog should the worker die; see `ivr.sip.will`."""

    leg: int
    inbound: bool
    invite: str
    answer: str
    destination: str


class LegDtmf(_Message, frozen=True):
    leg: int
    digit: str


class LegPlaybackFinished(_Message, frozen=True):
    leg: int
    played: int
    flushed: int


class LegTransferProgress(_Message, frozen=True):
    leg: int
    status: int
    reason: str
    final: bool


class LegTransferRequested(_Message, frozen=True):
    leg: int
    target: str
    headers: dict[str, str]
    followed_by: int | None
    """Leg that dials the target, None when refused."""


class LegDisconnected(_Message, frozen=True):
    leg: int
    status: int
    reason: str
    side: str
    q850: int = 0


class Log(_Message, frozen=True):
    """A log record, without speech and numbers."""

    level: int
    text: str


class Status(_Message, frozen=True):
    """Figures of a worker, every two seconds."""

    legs: int
    rss_mb: float
    late_ticks: int
    dropped_frames: int
    registered: bool | None = None


FromWorker = (
    Ready
    | Done
    | Offered
    | Turned
    | LegRinging
    | LegEarlyMedia
    | LegAnswered
    | LegHeld
    | LegDialog
    | LegDtmf
    | LegPlaybackFinished
    | LegTransferProgress
    | LegTransferRequested
    | LegDisconnected
    | Log
    | Status
)

_encoder = msgspec.msgpack.Encoder()
_to_worker: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)
_from_worker: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)


def _framed(kind: int, body: bytes) -> bytes:
    return _HEAD.pack(len(body), kind) + body


def encode_control(message: ToWorker | FromWorker) -> bytes:
    """A control message ready for the socket."""
    return _framed(KIND_CONTROL, _encoder.encode(message))


def encode_received(leg: int, frame: ReceivedFrame) -> bytes:
    """A received frame ready for the socket."""
    counters = _RECEIVED.pack(
        leg, frame.sample_index, frame.played_samples, frame.flushed_samples, frame.missing
    )
    return _framed(KIND_RECEIVED, counters + frame.samples)


def encode_playback(leg: int, samples: bytes) -> bytes:
    """Audio to be played, ready for the socket."""
    return _framed(KIND_PLAYBACK, _PLAYBACK.pack(leg) + samples)


def decode_to_worker(body: bytes) -> ToWorker:
    """Body of a control frame in the worker."""
    try:
        return _to_worker.decode(body)
    except msgspec.MsgspecError as exc:
        raise SipError("wire", f"control message not understood: {exc}") from exc


def decode_from_worker(body: bytes) -> FromWorker:
    """Body of a control frame in the call core."""
    try:
        return _from_worker.decode(body)
    except msgspec.MsgspecError as exc:
        raise SipError("wire", f"control message not understood: {exc}") from exc


def decode_received(body: bytes) -> tuple[int, ReceivedFrame]:
    """Body of a received frame -> (leg, frame)."""
    leg, sample_index, played, flushed, missing = _RECEIVED.unpack_from(body)
    return leg, ReceivedFrame(sample_index, played, flushed, body[_RECEIVED.size :], missing)


def decode_playback(body: bytes) -> tuple[int, bytes]:
    """Body of a playback frame -> (leg, samples)."""
    (leg,) = _PLAYBACK.unpack_from(body)
    return leg, body[_PLAYBACK.size :]


class Splitter:
    """Bytes as they come from the socket -> whole frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Add bytes; yields (kind, body) for each complete frame."""
        self._buffer += data
        position = 0
        while len(self._buffer) - position >= _HEAD.size:
            length, kind = _HEAD.unpack_from(self._buffer, position)
            if length > MAX_BODY_BYTES:
                raise SipError("wire", f"frame of {length} bytes is too long")
            end = position + _HEAD.size + length
            if len(self._buffer) < end:
                break
            yield kind, bytes(self._buffer[position + _HEAD.size : end])
            position = end
        del self._buffer[:position]
