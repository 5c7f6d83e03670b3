"""Why a leg ended: SIP status and Reason header (RFC 3326) in one value."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_REASON = re.compile(
    r"^Reason[ \t]*:[^\r\n]*?\btext=\"([^\"\r\n]{1,80})\"", re.MULTILINE | re.IGNORECASE
)
_Q850 = re.compile(
    r"^Reason[ \t]*:[^\r\n]*?\bQ\.850[ \t]*;[^\r\n,]*?\bcause=(\d{1,3})\b",
    re.MULTILINE | re.IGNORECASE,
)


class HangupSide(StrEnum):
    """Who ended the leg."""

    REMOTE = "remote"
    LOCAL = "local"
    MEDIA_LOST = "media_lost"
    """No RTP came for the configured time: the far end died without BYE."""
    WORKER_LOST = "worker_lost"
    """The media worker process died."""
    STANDSTILL = "standstill"
    """The call core stood still, and the media worker let the leg go."""


OUR_FAULTS: Final = frozenset({HangupSide.WORKER_LOST, HangupSide.STANDSTILL})
"""The far end has nothing to do with it."""


@dataclass(frozen=True, slots=True)
class HangupCause:
    """SIP status that ended the leg (200 = normal BYE), its text and who did it."""

    status: int
    reason: str
    side: HangupSide
    q850: int = 0
    """Cause of the telephone network (ITU-T Q.850): 17 busy, 19 no answer...; 0: none was told."""

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


def reason_text(message: str) -> str:
    """Text of a BYE's or CANCEL's Reason header (RFC 3326), '' when there is none."""
    match = _REASON.search(message)
    return match.group(1) if match else ""


def q850_cause(message: str) -> int:
    """Cause of the telephone network in a message's Reason header, 0 when there is none."""
    match = _Q850.search(message)
    return int(match.group(1)) if match else 0
