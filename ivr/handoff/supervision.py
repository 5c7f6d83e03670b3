"""A supervisor beside a caller and an operator: listens, whispers, barges in. Event loop only."""

import asyncio
import logging
from enum import StrEnum
from typing import Final

from ivr.handoff.dialling import answered, release
from ivr.sip.leg import Disconnected, Dtmf, Leg

log = logging.getLogger(__name__)


class SupervisionMode(StrEnum):
    """From the least to the most that the others notice."""

    LISTEN = "listen"  # hears both, is heard by nobody
    WHISPER = "whisper"  # hears both, is heard by the operator
    BARGE = "barge"  # a three-way talk


KEYS: Final = {
    "4": SupervisionMode.LISTEN,
    "5": SupervisionMode.WHISPER,
    "6": SupervisionMode.BARGE,
}
"""What the supervisor's phone chooses; the keys that Asterisk's ChanSpy uses."""


class Supervision:
    """One supervisor at one talk of two legs in the same media worker."""

    def __init__(self, caller: Leg, operator: Leg, *, mode: SupervisionMode) -> None:
        self._caller = caller
        self._operator = operator
        self._supervisor: Leg | None = None
        self.mode = mode
        self.dialled = asyncio.Event()
        """Set once a leg was found and the phone is being rung."""

    async def run(self, target: str, *, ring_s: float, caller: str = "") -> int:
        """Dial the supervisor and keep them in until they hang up; to be cancelled when the talk
        is over, which lets their phone go.

        Returns 200, or the status with which the phone was not answered; `SipError` when no leg
        is free that is not owed to another caller.
        """
        supervisor = await self._operator.dial_beside(target, caller=caller)
        self.dialled.set()
        try:
            reply = await answered(supervisor, ring_s)
            if reply.is_up:
                self._supervisor = supervisor
                await self.set_mode(self.mode)
                await self._follow_keys(supervisor)
            return reply.status
        finally:
            self._supervisor = None
            await release(supervisor)

    async def set_mode(self, mode: SupervisionMode) -> None:
        """Change who hears the supervisor; before they have answered: what it will be."""
        self.mode = mode
        if self._supervisor is None:
            return
        speaks = mode is not SupervisionMode.LISTEN
        barges = mode is SupervisionMode.BARGE
        await self._supervisor.connect(self._operator, hear=True, speak=speaks)
        await self._supervisor.connect(self._caller, hear=True, speak=barges)
        log.info("- supervisor: %s", mode.value, extra={"action": "supervision"})

    async def _follow_keys(self, supervisor: Leg) -> None:
        while True:
            match await supervisor.next_event():
                case Dtmf(digit=digit) if digit in KEYS:
                    await self.set_mode(KEYS[digit])
                case Disconnected():
                    return
                case _:
                    pass
