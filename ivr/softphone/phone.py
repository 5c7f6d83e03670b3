"""The softphone itself: one media worker on a free loopback port, calls out and in."""

import asyncio
import random
from pathlib import Path
from typing import Final, Literal

from ivr.audio.recorder import TwoChannelRecorder
from ivr.config import MediaSettings, Settings, SipSettings
from ivr.media.media_leg import MediaLeg
from ivr.media.pool import MediaPool
from ivr.sip.leg import Leg
from ivr.softphone.caller import PhoneCall

RTP_BLOCK: Final = 40
FIRST_RTP_PORT: Final = 30000
RTP_BLOCKS: Final = 500
LEGS: Final = 4
"""What one pjsua2 process can hold."""
INCOMING_LIMIT: Final = 16
"""Calls kept that nobody has answered yet; beyond it the oldest goes."""


class Softphone:
    """Use as an async context manager. One process; up to four calls at once."""

    def __init__(
        self,
        *,
        refer: Literal["follow", "refuse"] = "follow",
        address: str = "127.0.0.1",
        srtp: Literal["off", "optional", "required"] = "off",
        rtp_timeout_s: float = 30.0,
        codecs: tuple[str, ...] = ("PCMA", "PCMU", "G722"),
    ) -> None:
        """`refer`: what a REFER gets: followed (202, the target is dialled) or refused (603)."""
        block = random.randrange(RTP_BLOCKS)
        settings = Settings(
            sip=SipSettings(
                address=address,
                public_address=address,
                port=0,
                kamailio="off",
                srtp=srtp,
                codecs=codecs,
            ),
            media=MediaSettings(
                rtp_port=FIRST_RTP_PORT + block * RTP_BLOCK, rtp_timeout_s=rtp_timeout_s
            ),
        )
        self._pool = MediaPool(
            settings,
            on_incoming=self._on_incoming,
            worker_count=1,
            refer=refer,
            any_number=True,
            calls_per_worker=LEGS,
            last_wills=False,
        )
        self._incoming: asyncio.Queue[MediaLeg] = asyncio.Queue()

    async def __aenter__(self) -> "Softphone":
        await self._pool.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.aclose()

    @property
    def uri(self) -> str:
        """Where it can be called: 'sip:user@host:port'."""
        return self._pool.uri

    @property
    def worker_pids(self) -> list[int | None]:
        """Process ids of its user agent."""
        return self._pool.worker_pids

    async def call(
        self,
        target: str,
        *,
        caller: str = "",
        headers: dict[str, str] | None = None,
        recording: Path | None = None,
    ) -> PhoneCall:
        """Dial a SIP URI as that caller. Enter the returned call as a context manager."""
        leg: MediaLeg = await self._pool.dial(target, caller=caller, headers=headers)
        return PhoneCall(leg, TwoChannelRecorder(recording) if recording else None)

    async def next_incoming(self, timeout_s: float = 15.0) -> PhoneCall:
        """The next call that still rings: `call.leg.answer()` or `.reject()` it."""
        async with asyncio.timeout(timeout_s):
            while (leg := await self._incoming.get()).is_ended:
                pass
            return PhoneCall(leg)

    def _on_incoming(self, leg: Leg) -> None:
        assert isinstance(leg, MediaLeg)
        if self._incoming.qsize() >= INCOMING_LIMIT:
            self._incoming.get_nowait()  # the oldest has long stopped ringing
        self._incoming.put_nowait(leg)
