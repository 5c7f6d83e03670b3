"""People at the far ends of a queue node's legs, without SIP: each dial is noted in a diary that
outlives the process, and a process that dies takes its legs with it, as media workers do.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ivr.call.handoff_notes import HandoffNotes
from ivr.call.in_line import InLine
from ivr.call.queue_desk import QueueDesk
from ivr.call.turn_log import TurnLog
from ivr.dialogue.inputs import CallbackStored
from ivr.events import CallId
from ivr.handoff.transfer import TransferOutcome
from ivr.queue.model import ContactKind
from ivr.sip.causes import HangupCause, HangupSide
from ivr.sip.leg import Answered, Disconnected, Leg, PlaybackFinished
from ivr.storage.ports import CallStore
from ivr.testing.legs import FakeLeg
from ivr.testing.queue_breaks import Diary

CUSTOMERS: Final = "customers.test"
CALLERS: Final = "callers.test"
BUSY: Final = 486


class Manner(StrEnum):
    """How somebody takes a call."""

    PICKS_UP = "picks up"
    BUSY = "busy"
    SILENT = "silent"  # rings until it is given up


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """What people do, whichever process calls them."""

    first: Mapping[str, Manner] = field(default_factory=dict)
    """SIP URI -> how its first call is taken. All others are picked up."""
    unwilling: frozenset[str] = frozenset()
    """SIP URIs of those who pick up and want to be called no more."""
    ring_s: float = 0.01
    talk_s: float = 0.03

    def of(self, target: str, dials: int) -> Manner:
        """How the call is taken that makes it so many."""
        return self.first.get(target, Manner.PICKS_UP) if dials == 1 else Manner.PICKS_UP


class RecordedLeg(FakeLeg):
    """Hears everything at once; whoever is joined talks for a moment and hangs up."""

    def __init__(self, target: str, manners: Manners, diary: Diary) -> None:
        super().__init__()
        self.target = target
        self._facts = {"who": _who(target), "target": target}
        self._manners = manners
        self._diary = diary

    def play(self, samples: bytes) -> None:
        self.happens(PlaybackFinished(0))

    async def bridge(self, other: Leg) -> None:
        self._diary.note("joins", **self._facts)
        asyncio.get_running_loop().call_later(self._manners.talk_s, self._talked)

    async def hang_up(self, *, reason: str = "") -> None:
        self._diary.note("hangs up", **self._facts)
        await super().hang_up(reason=reason)

    async def dial_beside(
        self,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        caller: str = "",
        asserted: bool = False,
    ) -> Leg:
        return dialled(target, self._manners, self._diary)

    def _talked(self) -> None:
        self._diary.note("has talked", **self._facts)
        self.happens(Disconnected(HangupCause(200, "", HangupSide.REMOTE)))


def dialled(target: str, manners: Manners, diary: Diary) -> RecordedLeg:
    """A leg that calls somebody; what they do about it comes a moment later."""
    leg = RecordedLeg(target, manners, diary)
    diary.note("dials", who=_who(target), target=target)
    event = {
        Manner.BUSY: Disconnected(HangupCause(BUSY, "Busy Here", HangupSide.REMOTE)),
        Manner.SILENT: None,
    }.get(manners.of(target, diary.noted("dials", target=target)), Answered("PCMA"))
    if event is not None:
        asyncio.get_running_loop().call_later(manners.ring_s, leg.happens, event)
    return leg


class Caller:
    """Calls to talk to an operator, again when the line was cut; in vain when that was done."""

    def __init__(self, number: str, desk: QueueDesk, manners: Manners, diary: Diary) -> None:
        self._number = number
        self._desk = desk
        self._diary = diary
        self._leg = RecordedLeg(f"sip:{number}@{CALLERS}", manners, diary)
        self._summoned = asyncio.Event()

    async def talks(self, records: CallStore) -> None:
        """Wait on the line for an operator and talk to them."""
        if self._has_talked:
            return
        line = self._line(records)
        following = asyncio.create_task(self._follow(line))
        await self._waits(line)
        while True:
            await self._summoned.wait()
            self._summoned.clear()
            if await line.join() is TransferOutcome.CONNECTED:
                break
        following.cancel()
        await line.close(lost=False)

    async def takes_callback(self, records: CallStore) -> None:
        """Wait on the line at first, then hang up for the promise of a call at the same place."""
        line = self._line(records)
        owed = await line.promises()
        if self._has_talked or any(place.kind is ContactKind.CALLBACK for place in owed):
            return
        await self._waits(line)
        stored = await line.promise(self._number, "operator", None)
        assert isinstance(stored, CallbackStored)
        await line.close(lost=False)

    @property
    def _has_talked(self) -> bool:
        targets = (self._leg.target, f"sip:{self._number}@{CUSTOMERS}")
        return any(self._diary.noted("has talked", target=target) for target in targets)

    def _line(self, records: CallStore) -> InLine:
        call_id, clock = CallId(f"call-{self._number}"), self._desk.clock
        self._diary.note("calls", who="caller", target=self._leg.target)
        return InLine(
            call_id=call_id,
            leg=self._leg,
            number=self._number,
            desk=self._desk,
            notes=HandoffNotes(
                call_id=call_id,
                caller_number=self._number,
                store=records,
                turns=TurnLog(call_id, clock, _unread),
                publish=_unread,
                clock=clock,
            ),
            call_conversation=self._summoned.set,
            leave_conversation=self._summoned.clear,
            joined=_unread,
        )

    async def _waits(self, line: InLine) -> None:
        """At the place that is kept, where there is one."""
        places = await line.promises()
        if places:
            self._diary.note("is back at", contact=places[0].contact_id)
            await line.return_to_line(places[0].contact_id)
        else:
            await line.enter("operator")

    async def _follow(self, line: InLine) -> None:
        """What a session does with the events of the caller's leg."""
        while not isinstance(await self._leg.next_event(), Disconnected):
            pass
        line.on_gone(lost=False)


def _unread(_event: object) -> None:
    """Records of calls are no matter of the queue."""


def _who(target: str) -> str:
    host = target.rpartition("@")[2]
    return {CUSTOMERS: "customer", CALLERS: "caller"}.get(host, "operator")
