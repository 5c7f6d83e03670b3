"""What the call core knows of a leg: its events, its audio and what it can be told to do.

A leg is one SIP dialog with its media. Everything here lives on the event loop; how a leg reaches
a user agent in another process is the business of `ivr.media`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NewType, Protocol

from ivr.audio.pcm import PcmFrame
from ivr.sip.causes import HangupCause

LegId = NewType("LegId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegIdentity:
    """Who calls whom, as the INVITE said it."""

    ani: str
    """Caller's number or user part: P-Asserted-Identity of a trusted peer, else From. May be ''."""
    dnis: str
    """Dialled number or user part of the request URI."""
    asserted: bool = False
    """True where the number comes from P-Asserted-Identity of a trusted peer."""
    sip_call_id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers worth knowing, lower-case names: user-to-user, user-agent."""


@dataclass(frozen=True, slots=True)
class Ringing:
    """The far end of an outbound leg rings (18x)."""

    status: int


@dataclass(frozen=True, slots=True)
class EarlyMedia:
    """An outbound leg carries audio before it is answered (183 with SDP): an announcement of the
    network or a foreign ringing tone. Its frames arrive; nothing may be charged for it yet."""

    codec: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The leg is up and its media runs."""

    codec: str


@dataclass(frozen=True, slots=True)
class Held:
    """The far end put us on hold (it may send music of its own) or took us back, by re-INVITE."""

    held: bool


@dataclass(frozen=True, slots=True)
class Dtmf:
    """One key: 0-9, *, #, A-D; RFC 4733 or SIP INFO."""

    digit: str


@dataclass(frozen=True, slots=True)
class PlaybackFinished:
    """Everything handed to `play` so far has gone out on the wire."""

    played_samples: int
    """Samples played since the leg was answered."""


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """Status of a REFER we sent: its own response or a NOTIFY's sipfrag (RFC 3515)."""

    status: int
    """100-199 under way, 200-299 done, 300 and up failed."""
    reason: str
    final: bool


@dataclass(frozen=True, slots=True)
class TransferRequested:
    """The peer sent us a REFER. Refused (603) unless the pool was told to follow: callers must not
    make the service dial."""

    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers embedded in Refer-To, lower-case names, e.g. user-to-user."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The last event of every leg."""

    cause: HangupCause


LegEvent = (
    Ringing
    | EarlyMedia
    | Answered
    | Held
    | Dtmf
    | PlaybackFinished
    | TransferProgress
    | TransferRequested
    | Disconnected
)


@dataclass(frozen=True, slots=True)
class LegFrame:
    """20 ms of what the far end said, with how much it has heard by then."""

    frame: PcmFrame
    played_samples: int
    """Samples of our playback that had gone out when this frame came in (one clock for both)."""
    flushed_samples: int = 0
    """Samples of our playback that `stop_playback` had dropped by then."""
    missing: bool = False
    """No RTP came in though it should have: the frame is made up, not silence of the far end."""


class Leg(Protocol):
    """One SIP dialog and its media, seen from the event loop.

    After `Disconnected` every command is a no-op, so that a hang-up can race with anything.
    Commands raise `SipError` only when the media worker itself is gone or refuses them.
    """

    @property
    def leg_id(self) -> LegId: ...

    @property
    def identity(self) -> LegIdentity: ...

    async def next_event(self) -> LegEvent:
        """The next event, in order, none dropped. After `Disconnected` it is returned again."""
        ...

    async def next_frame(self) -> LegFrame | None:
        """The next received frame, None after disconnection. Bounded: drops the oldest, counted."""
        ...

    @property
    def dropped_frames(self) -> int: ...

    async def ring(self) -> None:
        """Answer 180."""
        ...

    async def answer(self) -> None:
        """Answer 200; `Answered` follows when the media runs."""
        ...

    async def reject(self, status: int, *, retry_after_s: int | None = None) -> None:
        """Answer 300-699, with a Retry-After header where given."""
        ...

    async def hang_up(self, *, reason: str = "") -> None:
        """BYE or CANCEL, whatever fits the dialog's state; `Disconnected` follows."""
        ...

    def play(self, samples: bytes) -> None:
        """Append int16 mono 8 kHz audio to the playback ring (60 s long; `AudioError` if over)."""
        ...

    def set_playback_gain(self, gain: float) -> None:
        """Play softer (0..1) from the next frame on; `stop_playback` sets it back to 1."""
        ...

    def stop_playback(self) -> None:
        """Drop what is not yet played, with a 5 ms fade; the next frame reports the position."""
        ...

    @property
    def queued_samples(self) -> int:
        """Samples handed over by `play` since the last stop and not yet reported as played."""
        ...

    async def send_dtmf(self, digits: str) -> None:
        """RFC 4733 events."""
        ...

    async def refer(self, target: str, *, headers: Mapping[str, str] | None = None) -> None:
        """Blind transfer: REFER to `target` (a SIP URI), `headers` embedded in Refer-To.

        The outcome arrives as `TransferProgress`; nothing may ever arrive, so keep a deadline.
        """
        ...

    async def refer_replacing(self, other: "Leg") -> None:
        """Attended transfer: REFER with Replaces (RFC 3891), so that this leg's far end takes our
        place in the answered call `other`, which its far end then ends.

        Both legs are of one worker. The outcome arrives as for `refer`.
        """
        ...

    async def hold(self, held: bool = True) -> None:
        """re-INVITE: put the far end on hold, or take it back.

        On hold it hears what `play` is told and nobody else, and nobody hears it; connections come
        back with it. The far end may take its time to agree: there is no event for that.
        """
        ...

    async def dial_beside(
        self,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        caller: str = "",
        asserted: bool = False,
    ) -> "Leg":
        """A new outbound leg in the same worker, so that both can be joined there.

        From any leg of the call, an outbound one too. `caller`: number in From, `asserted`: in
        P-Asserted-Identity as well, for a trunk that believes us. `SipError` when the worker has
        no leg left that is not owed to another call.
        """
        ...

    async def connect(self, other: "Leg", *, hear: bool, speak: bool) -> None:
        """Set what the two hear of each other: `hear`: this leg hears the other, `speak`: the
        other hears this one; both false parts them.

        It lasts through holds and re-INVITEs until one of the legs ends. A third leg may listen
        (hear only), whisper (both with the operator, hear only with the caller) or barge in (both
        with both). Frames of all legs keep arriving (for recording), and what a leg is told to
        `play` is heard by its own far end only, mixed in.
        """
        ...

    async def bridge(self, other: "Leg") -> None:
        """Join the two legs' media both ways."""
        ...

    async def unbridge(self, other: "Leg") -> None:
        """Part the two legs' media."""
        ...
