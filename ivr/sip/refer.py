"""One blind transfer: REFER response + NOTIFY codes + deadline -> outcome (RFC 3515). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import quote, unquote

from ivr.sip.leg import TransferProgress


class ReferOutcome(StrEnum):
    """How a transfer ended."""

    CONNECTED = "connected"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    """The peer does not do transfers at all."""
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    """Nothing final was heard in time: some peers never send the last NOTIFY."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refer:
    """A REFER under way. In: progress and time. Out: the next value; `outcome` once it is over."""

    deadline: float
    """Given up at this time, seconds on the injected clock."""
    accepted: bool = False
    """The peer answered the REFER with 2xx."""
    status: int = 0
    """Last status heard."""
    outcome: ReferOutcome | None = None

    def on_progress(self, progress: TransferProgress) -> "Refer":
        """The REFER's own response (202 or a refusal) or a NOTIFY; ignored once it is over."""
        if self.outcome is not None:
            return self
        following = replace(self, status=progress.status)
        if progress.status < 300:
            outcome = ReferOutcome.CONNECTED if progress.final and progress.status >= 200 else None
            if progress.final and outcome is None:
                # Subscription closed while the target still rang: nothing more will be heard.
                outcome = ReferOutcome.FAILED
            return replace(following, accepted=True, outcome=outcome)
        return replace(following, outcome=self._failure(progress.status))

    def next_deadline(self) -> float | None:
        """When `on_deadline` has to be called."""
        return self.deadline if self.outcome is None else None

    def on_deadline(self, now: float) -> "Refer":
        """Give up when it is time."""
        if self.outcome is not None or now < self.deadline:
            return self
        return replace(self, outcome=ReferOutcome.TIMED_OUT)

    def _failure(self, status: int) -> ReferOutcome:
        if not self.accepted:
            return ReferOutcome.REFUSED
        if status in (486, 600):
            return ReferOutcome.BUSY
        if status in (408, 480, 487):
            return ReferOutcome.NO_ANSWER
        return ReferOutcome.FAILED


def refer_to(target: str, headers: Mapping[str, str] | None = None) -> str:
    """Refer-To value for a SIP URI with headers embedded (RFC 3261 section 19.1.1)."""
    uri = target.strip().removeprefix("<").removesuffix(">")
    if not headers:
        return f"<{uri}>"
    embedded = "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in headers.items())
    return f"<{uri}?{embedded}>"


def parse_refer_to(value: str) -> tuple[str, dict[str, str]]:
    """Refer-To value -> (URI without headers, embedded headers by lower-case name)."""
    inner = value[value.find("<") + 1 :].split(">", 1)[0].strip()
    uri, _, embedded = inner.partition("?")
    headers: dict[str, str] = {}
    for pair in embedded.split("&"):
        name, equals, text = pair.partition("=")
        if equals:
            headers[unquote(name).lower()] = unquote(text)
    return uri, headers
