"""A caller, a service behind Kamailio and an operator's phone, message by message."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from ivr.audio.tones import tone
from ivr.clock import SystemClock
from ivr.handoff.consultation import Consultation
from ivr.handoff.operator import HandoffProgress, OperatorHandoff, OperatorSettings
from ivr.handoff.transfer import TransferOutcome
from ivr.sip.leg import Answered, Disconnected, Leg, TransferProgress
from ivr.testing.raw_phone import Message, RawPhone
from tests.integration.media.conftest import (
    MakePhone,
    Phone,
    behind_kamailio,
    make_phone,
    wait_for,
)

__all__ = ["make_phone"]

WITHIN_S = 1.0
SUMMARY = tone(600, 0.4)
MUSIC = tone(300, 1.0)
HANDOFF_ID = "00" * 16


@dataclass
class Line:
    """A call that was answered, and what becomes of its hand-off.

    Follows the caller's leg as a session does: tells the attempt of the REFER, and cancels it when
    the caller is gone.
    """

    service: Phone
    caller: RawPhone
    operator: RawPhone
    leg: Leg
    """The service's leg to the caller."""
    answer: Message
    """The service's 200 to the caller."""
    statuses: list[int] = field(default_factory=list)
    joined: asyncio.Event = field(default_factory=asyncio.Event)
    gone: bool = False
    _attempt: OperatorHandoff | Consultation | None = None
    _running: "asyncio.Task[TransferOutcome] | None" = None
    _cseq: int = 1

    def begin(
        self,
        *,
        attended: bool = False,
        refer: bool = True,
        refer_timeout_s: float = 0.6,
        dial_timeout_s: float = 1.0,
    ) -> None:
        """The bot hands over."""
        settings = OperatorSettings(
            target=self.operator.uri,
            refer=refer,
            refer_timeout_s=refer_timeout_s,
            dial_timeout_s=dial_timeout_s,
            attended=attended,
            briefing_s=5.0,
        )
        clock = SystemClock()
        if attended:
            self._attempt = Consultation(
                self.leg, settings, clock, self, summary=SUMMARY, music=MUSIC
            )
        else:
            self._attempt = OperatorHandoff(self.leg, settings, clock, self, music=MUSIC)
        self._running = asyncio.create_task(self._attempt.run(HANDOFF_ID))

    async def outcome(self) -> TransferOutcome:
        """How the hand-off ends."""
        assert self._running is not None
        return await asyncio.wait_for(self._running, 10.0)

    async def follow(self) -> None:
        """What the session does with the caller's events."""
        while True:
            event = await self.leg.next_event()
            if isinstance(event, TransferProgress) and self._attempt is not None:
                self._attempt.on_progress(event)
            elif isinstance(event, Disconnected):
                self.gone = True
                if self._running is not None:
                    self._running.cancel()
                return

    # ---- what is reported

    def on_begun(self, mode: str) -> None:
        pass

    def on_status(self, progress: HandoffProgress) -> None:
        self.statuses.append(progress.status)

    def on_joined(self, operator: Leg) -> None:
        self.joined.set()

    def on_ended(self, mode: str, outcome: TransferOutcome) -> None:
        pass

    # ---- the caller's phone

    async def refer(self) -> Message:
        """The REFER that the caller's phone gets."""
        return await self.caller.request("REFER")

    def notify(self, status: int, *, final: bool) -> None:
        """What the caller's phone says of the REFER."""
        state = "terminated;reason=noresource" if final else "active;expires=60"
        self._cseq += 1
        self.caller.in_dialog(
            "NOTIFY",
            self.answer,
            self._cseq,
            body=f"SIP/2.0 {status} Status\r\n",
            headers=f"Event: refer\r\nSubscription-State: {state}\r\n",
        )

    def hang_up(self) -> float:
        """The caller's BYE; when."""
        self._cseq += 1
        self.caller.in_dialog("BYE", self.answer, self._cseq)
        return time.monotonic()

    # ---- the operator's phone

    async def rings(self, status: int = 180) -> Message:
        """The operator's phone has got its INVITE and rings."""
        invite = await self.operator.request("INVITE")
        body = self.operator.sdp() if status == 183 else ""
        self.operator.respond(invite, status, "Under way", body=body)
        await self.until_status(status)
        return invite

    async def picks_up(self) -> Message:
        """The operator answers."""
        invite = await self.rings()
        self.operator.respond(invite, 200, "OK", body=self.operator.sdp())
        await self.operator.request("ACK")
        return invite

    async def until_status(self, status: int) -> None:
        async with asyncio.timeout(5.0):
            while status not in self.statuses:
                await asyncio.sleep(0.01)

    async def released(self, invite: Message, since: float) -> float:
        """When the operator's phone is let go by CANCEL or BYE, answered as a phone does; seconds
        after `since`."""
        cancelled = asyncio.create_task(self.operator.request("CANCEL"))
        ended = asyncio.create_task(self.operator.request("BYE"))
        done, waiting = await asyncio.wait(
            {cancelled, ended}, return_when=asyncio.FIRST_COMPLETED, timeout=5.0
        )
        for task in waiting:
            task.cancel()
        assert done, "the operator's phone was not let go"
        request = done.pop().result()
        self.operator.respond(request, 200, "OK")
        if request.method == "CANCEL":
            self.operator.respond(invite, 487, "Request Terminated")
        return request.at - since

    # ---- afterwards

    async def only_the_caller_is_left(self) -> None:
        """No leg but the caller's within a second, and the caller's call is up."""
        async with asyncio.timeout(WITHIN_S):
            while self.service.pool.live_legs != [self.leg]:
                await asyncio.sleep(0.01)
        assert not self.gone
        self._cseq += 1
        asked_at = time.monotonic()
        self.caller.in_dialog("INVITE", self.answer, self._cseq, body=self.caller.sdp())
        assert (await self.caller.final("INVITE", after=asked_at)).status == 200
        self.caller.in_dialog("ACK", self.answer, self._cseq)
        assert not [message for message in self.caller.received if message.start[:3] == "BYE"]


@pytest.fixture
async def line(make_phone: MakePhone) -> AsyncIterator[Line]:
    """A caller who has been answered, through Kamailio and its Record-Route."""
    service = await behind_kamailio(make_phone, 1)
    caller, operator = await RawPhone.open(), await RawPhone.open()
    caller.invite(service.pool.uri)
    leg = await service.next_call()
    await leg.answer()
    answer = await caller.final("INVITE")
    caller.in_dialog("ACK", answer, 1)
    await wait_for(leg, Answered)
    line = Line(service, caller, operator, leg, answer)
    follower = asyncio.create_task(line.follow())
    yield line
    follower.cancel()
    if line._running is not None:
        line._running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await line._running
    caller.close()
    operator.close()
