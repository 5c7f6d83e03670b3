"""Why a leg ended: SIP status and Reason header (RFC 3326) in one value."""

from dataclasses import dataclass
from enum import StrEnum


class HangupSide(StrEnum):
    """Who ended the leg."""

    REMOTE = "remote"
    LOCAL = "local"
    MEDIA_LOST = "media_lost"
    """No RTP came for the configured time: the far end died without BYE."""
    WORKER_LOST = "worker_lost"
    """The media worker process died."""


@dataclass(frozen=True, slots=True)
class HangupCause:
    """SIP status that ended the leg (200 = normal BYE), its text and who did it."""

    status: int
    reason: str
    side: HangupSide

    @property
    def disposition(self) -> str:
        """CDR disposition of a leg that was never answered; see RFC 3261 section 21."""
        if self.status in (486, 600):
            return "BUSY"
        if self.status in (408, 480):
            return "NO ANSWER"
        if self.status == 487:
            return "CANCEL"
        return "FAILED"
