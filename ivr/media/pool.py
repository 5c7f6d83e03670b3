"""The media workers as one: starts, watches and restarts them, places outbound legs.

Event loop only. In front of several workers stands Kamailio; without it one worker takes the SIP
port itself.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ivr.config import Settings
from ivr.errors import SetupError, SipError
from ivr.media import wire
from ivr.media.addresses import ANYWHERE, LOOPBACK, await_free, free_sip_ports, public_address
from ivr.media.kamailio import KamailioFront, find_binary, plan_front
from ivr.media.media_leg import MediaLeg
from ivr.media.options import WorkerOptions
from ivr.media.worker_slot import WorkerSlot
from ivr.sip.leg import Leg, LegIdentity

log = logging.getLogger(__name__)

RTP_PORTS_PER_WORKER: Final = 40
RECYCLE_CHECK_S: Final = 60.0
PULSE_S: Final = 0.25
"""Between two signs of life to the workers: what they are given to wait is at least twice this."""

FAILOVER: Final = (486, 503)
"""Answers after which Kamailio asks the next worker."""
TURNED_KEPT: Final = 256

ReferMode = Literal["follow", "refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolStatus:
    """Figures for health checks and metrics."""

    workers: int
    workers_up: int
    restarts: int
    legs: int
    free_places: int
    """Calls that may still begin, inbound or outbound."""
    turned_away: int
    """INVITEs that workers answered themselves: wrong number, over the limit, hostile."""
    late_ticks: int
    dropped_frames: int
    rss_mb: float
    registered: bool | None
    """State of the trunk registration; None without one."""
    front: str
    """'kamailio' or 'worker': who holds the SIP port."""


class MediaPool:
    """Takes inbound calls to `on_incoming` and makes outbound ones."""

    def __init__(
        self,
        settings: Settings,
        *,
        on_incoming: Callable[[Leg], None],
        on_rejected: Callable[[LegIdentity, int], None] | None = None,
        worker_count: int | None = None,
        refer: ReferMode = "refuse",
        any_number: bool = False,
        calls_per_worker: int | None = None,
        last_wills: bool = True,
    ) -> None:
        """`on_rejected` hears of calls turned away by all workers: identity and status.

        `refer`, `any_number`, `calls_per_worker` and `last_wills` serve softphones made of a pool:
        without last wills a phone that is killed says no goodbye.
        """
        self._settings = settings
        self._on_rejected = on_rejected
        self._on_incoming = on_incoming
        self._worker_count = worker_count
        self._refer = refer
        self._last_wills = last_wills
        self._numbers = () if any_number else settings.sip.numbers
        self._max_callers = calls_per_worker or settings.media.calls_per_worker
        self._slots: list[WorkerSlot] = []
        self._front: KamailioFront | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._rejections: set[asyncio.Future[None]] = set()
        self._turned_away = 0
        self._turned: dict[str, int] = {}
        """Workers that refused a call so far, by Call-ID."""
        self._public = public_address(settings.sip)
        self._sip_port = settings.sip.port

    # ---- life

    async def start(self, *, legs_until: Callable[[], float] | None = None) -> None:
        """Bring all workers up, then the front; `SipError` when one of them cannot start.

        `legs_until` says until when (monotonic seconds) workers may keep legs that do not talk
        without hearing of this process again; without it they keep them however long it takes.
        """
        with_front = self._wants_front()
        sip = self._settings.sip
        await await_free("sip.port", sip.address, sip.port)
        if with_front:
            await await_free("sip.tls_port", sip.address, sip.tls_port)
        count = self._worker_count or (self._settings.media.workers if with_front else 1)
        if with_front:
            plan = plan_front(self._settings, self._public, count)
            self._front = KamailioFront(self._settings, plan)
            ports = plan.worker_ports
        else:
            ports = free_sip_ports([sip.address] * count, {sip.port})
            if sip.port:
                ports = (sip.port, *ports[1:])
            if self._settings.sip.kamailio != "off":
                log.warning(
                    "- Kamailio is not installed: one media worker takes the SIP port, "
                    "%d callers at once, no TLS", self._max_callers
                )  # fmt: skip
        self._slots = [
            WorkerSlot(self._options(index, port), self._offer, self._on_turned)
            for index, port in enumerate(ports)
        ]
        self._sip_port = self._front.plan.sip_port if self._front else ports[0]
        try:
            await asyncio.gather(*(slot.start() for slot in self._slots))
            if self._front is not None:
                await self._front.start()
        except BaseException:
            await self.aclose()
            raise
        supervisors = [slot.supervise() for slot in self._slots]
        if self._front is not None:
            supervisors.append(self._front.supervise())
        supervisors.append(self._recycle())
        if legs_until is not None:
            supervisors.append(self._pulse(legs_until))
        self._tasks = [asyncio.create_task(supervisor) for supervisor in supervisors]

    async def aclose(self) -> None:
        """Hang up every leg, end the workers and the front."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await asyncio.gather(*(slot.process.stop() for slot in self._slots if slot.process))
        if self._front is not None:
            await self._front.stop()

    async def drain(self) -> None:
        """No new calls from now on: INVITEs get 503 with Retry-After."""
        await asyncio.gather(*(slot.drain() for slot in self._slots))

    # ---- calls

    async def dial(
        self,
        target: str,
        *,
        caller: str = "",
        headers: Mapping[str, str] | None = None,
        asserted: bool = False,
        worker: int | None = None,
        keep_free: int = 0,
    ) -> MediaLeg:
        """An outbound leg that begins a call, from the given worker or the one with most places.

        It takes a place like a caller's INVITE, with room beside it for the call's second leg, and
        callers are told 486/503 while all places are taken. `keep_free` places are left to them:
        `SipError` 'no_place' when fewer would remain or no worker has one, and nothing is dialled.
        """
        running = [
            slot.running
            for slot in self._slots
            if slot.running is not None and worker in (None, slot.options.index)
        ]
        if not running:
            raise SipError("no_worker", "no media worker is up")
        if self.free_places <= keep_free:
            raise SipError("no_place", f"{self.free_places} places free, {keep_free} to be kept")
        refusal = SipError("no_place", "the media worker has no place for another call")
        for process in sorted(running, key=lambda one: one.places.free, reverse=True):
            if process.places.free:
                try:
                    return await process.dial(
                        target, caller=caller, headers=headers, asserted=asserted
                    )
                except SipError as exc:  # its legs may still wait for far ends that are gone
                    refusal = exc
        raise refusal

    @property
    def free_places(self) -> int:
        """Calls that may still begin, inbound or outbound, in workers that are up."""
        return sum(slot.running.places.free for slot in self._slots if slot.running is not None)

    @property
    def live_legs(self) -> list[MediaLeg]:
        """All legs, inbound and outbound."""
        return [leg for slot in self._slots if slot.process for leg in slot.process.legs.values()]

    # ---- figures

    @property
    def address(self) -> str:
        """'host:port' callers reach."""
        return f"{self._public}:{self._sip_port}"

    @property
    def uri(self) -> str:
        """SIP URI to dial: the main number at our address."""
        user = self._numbers[0] if self._numbers else "ivr"
        return f"sip:{user}@{self.address}"

    @property
    def worker_addresses(self) -> list[str]:
        """'host:port' of every worker's own SIP port."""
        return [f"{self._worker_host()}:{slot.options.sip_port}" for slot in self._slots]

    @property
    def worker_pids(self) -> list[int | None]:
        """Process ids by worker index; None while one is down."""
        return [slot.process.pid if slot.process is not None else None for slot in self._slots]

    def status(self) -> PoolStatus:
        """Figures of this moment."""
        up = [slot.running for slot in self._slots if slot.running is not None]
        registered = next(
            (worker.status.registered for worker in up if worker.options.register), None
        )
        return PoolStatus(
            workers=len(self._slots),
            workers_up=len(up),
            restarts=sum(slot.restarts for slot in self._slots),
            legs=len(self.live_legs),
            free_places=self.free_places,
            turned_away=self._turned_away,
            late_ticks=sum(worker.status.late_ticks for worker in up),
            dropped_frames=sum(worker.status.dropped_frames for worker in up),
            rss_mb=sum(worker.status.rss_mb for worker in up),
            registered=registered,
            front="worker" if self._front is None else "kamailio",
        )

    # ---- inside

    def _offer(self, leg: Leg) -> None:
        try:
            self._on_incoming(leg)
        except Exception:  # a fault with one caller must not cut the link of all the others
            log.exception("x incoming call failed", extra={"action": "offer_failed"})
            task = asyncio.ensure_future(leg.reject(500))
            self._rejections.add(task)
            task.add_done_callback(self._rejections.discard)

    def _on_turned(self, message: wire.Turned) -> None:
        """A worker refused; Kamailio asks the others unless it was for the call's own fault."""
        asked = self._turned.pop(message.sip_call_id, 0) + 1
        up = sum(slot.running is not None for slot in self._slots)
        if self._front is not None and message.status in FAILOVER and asked < up:
            self._turned[message.sip_call_id] = asked
            if len(self._turned) > TURNED_KEPT:
                self._turned.pop(next(iter(self._turned)))
            return
        self._turned_away += 1
        log.info("x INVITE turned away: %d", message.status, extra={"action": "turned_away"})
        if self._on_rejected is not None:
            identity = LegIdentity(
                ani=message.ani, dnis=message.dnis, sip_call_id=message.sip_call_id
            )
            self._on_rejected(identity, message.status)

    def _wants_front(self) -> bool:
        wish = self._settings.sip.kamailio
        if wish == "off":
            return False
        installed = find_binary() is not None
        if wish == "required" and not installed:
            raise SetupError("kamailio", "Kamailio is not installed: apt-get install kamailio")
        return installed

    async def _recycle(self) -> None:
        while True:
            await asyncio.sleep(RECYCLE_CHECK_S)
            for slot in self._slots:
                await slot.recycle_if_large()

    async def _pulse(self, legs_until: Callable[[], float]) -> None:
        while True:
            until = legs_until()
            for slot in self._slots:
                if slot.running is not None:
                    slot.running.pulse(until)
            await asyncio.sleep(PULSE_S)

    def _worker_host(self) -> str:
        address = self._settings.sip.address
        return LOOPBACK if self._front is not None or address == ANYWHERE else address

    def _options(self, index: int, port: int) -> WorkerOptions:
        sip, media, trunk = self._settings.sip, self._settings.media, self._settings.trunk
        front = self._front
        return WorkerOptions(
            index=index,
            bind_address=LOOPBACK if front is not None else sip.address,
            public_address=self._public,
            sip_port=port,
            tcp=front is None,
            outbound_proxy=front.outbound_proxy if front is not None else "",
            rtp_address=sip.address,
            rtp_port=media.rtp_port + index * RTP_PORTS_PER_WORKER,
            rtp_ports=RTP_PORTS_PER_WORKER,
            numbers=self._numbers,
            max_callers=self._max_callers,
            retry_after_s=sip.retry_after_s,
            codecs=sip.codecs,
            srtp=sip.srtp,
            # Kamailio has removed what untrusted peers assert.
            trusted_peers=(LOOPBACK,) if front is not None else sip.trusted_peers,
            rtp_timeout_s=media.rtp_timeout_s,
            standstill_s=media.standstill_s,
            refer=self._refer,
            last_wills=self._last_wills,
            registrar=trunk.registrar,
            user=trunk.user,
            password=trunk.password,
            realm=trunk.realm,
            expires_s=trunk.expires_s,
            register=bool(trunk.registrar) and index == 0,
        )
