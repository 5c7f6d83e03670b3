"""A customer's phone of which every message is known: rings, picks up, presses keys over SIP."""

import asyncio
import time
from typing import Final

from ivr.testing.raw_phone import WAIT_S, Message, RawPhone

ENDS: Final = ("CANCEL", "BYE")
DEFAULT_LIFETIME_S: Final = 180.0
"""What SIP gives a call that says nothing of it: timer C of proxies."""


class Handset(RawPhone):
    """Lets go at once when told to, and rings no longer than the call says, as phones do. Make it
    with `Handset.open()`."""

    def __init__(self) -> None:
        super().__init__()
        self._taken: set[str] = set()
        self._answered: set[str] = set()
        self._cseq = 100

    # ---- being called

    @property
    def invites(self) -> list[Message]:
        """Every call that ever came, repeated requests left out."""
        first: dict[str, Message] = {}
        for message in self.received:
            if message.is_request and message.method == "INVITE":
                first.setdefault(message.header("Call-ID"), message)
        return list(first.values())

    async def rings(self, wait_s: float = 15.0) -> Message:
        """The next call, which it is told of by 180."""
        invite = await self._first(self._is_new, 0.0, wait_s)
        self._taken.add(invite.header("Call-ID"))
        self.respond(invite, 180, "Ringing")
        asyncio.get_running_loop().call_later(_lifetime_s(invite), self._expires, invite)
        return invite

    async def picks_up(self, invite: Message) -> None:
        """Answer a call that rings."""
        self._answered.add(invite.header("Call-ID"))
        self.respond(invite, 200, "OK", body=self.sdp())
        await self._first(
            lambda message: (
                message.start.startswith("ACK")
                and message.header("Call-ID") == invite.header("Call-ID")
            ),
            0.0,
            WAIT_S,
        )

    def press(self, invite: Message, key: str) -> None:
        """A key during a call, by INFO."""
        self._cseq += 1
        self.in_dialog(
            "INFO",
            invite,
            self._cseq,
            body=f"Signal={key}\r\nDuration=160\r\n",
            headers="Content-Type: application/dtmf-relay\r\n",
        )

    async def let_go(self, invite: Message, since: float, wait_s: float = WAIT_S) -> float:
        """Until this call is ended by the other side; seconds since a time."""
        call_id = invite.header("Call-ID")
        end = await self._first(lambda message: _ends(message, call_id), 0.0, wait_s)
        return end.at - since

    def most_at_once(self) -> int:
        """How many calls were alive at the same time, at most."""
        spans = [(invite.at, self.ended_at(invite)) for invite in self.invites]
        return max((sum(a <= start < b for a, b in spans) for start, _ in spans), default=0)

    def ended_at(self, invite: Message) -> float:
        """When a call was over: by the other side, or by itself where nobody had picked up."""
        call_id = invite.header("Call-ID")
        ends = [message.at for message in self.received if _ends(message, call_id)]
        if call_id not in self._answered:
            ends.append(invite.at + _lifetime_s(invite))
        return min(ends, default=time.monotonic())

    async def is_left_alone(self, seconds: float) -> bool:
        """No new call comes for so long."""
        try:
            await self._first(self._is_new, 0.0, seconds)
        except TimeoutError:
            return True
        return False

    def _is_new(self, message: Message) -> bool:
        is_invite = message.is_request and message.method == "INVITE"
        return is_invite and message.header("Call-ID") not in self._taken

    def _expires(self, invite: Message) -> None:
        call_id = invite.header("Call-ID")
        over = any(_ends(message, call_id) for message in self.received)
        if not over and call_id not in self._answered:
            self.respond(invite, 487, "Request Terminated")

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        super().datagram_received(data, addr)
        message = self.received[-1]
        if message.is_request and message.method in ENDS:
            self.respond(message, 200, "OK")
            if message.method == "CANCEL":
                for invite in self.invites:
                    if invite.header("Call-ID") == message.header("Call-ID"):
                        self.respond(invite, 487, "Request Terminated")


def _lifetime_s(invite: Message) -> float:
    return float(invite.header("Expires") or DEFAULT_LIFETIME_S)


def _ends(message: Message, call_id: str) -> bool:
    return message.is_request and message.method in ENDS and message.header("Call-ID") == call_id
