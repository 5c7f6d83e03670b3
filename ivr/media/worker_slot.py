"""One place in the pool of media workers: keeps a worker running in it. Event loop only."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from ivr.errors import SipError
from ivr.media import wire
from ivr.media.options import WorkerOptions
from ivr.media.worker_process import WorkerProcess
from ivr.sip.leg import Leg

log = logging.getLogger(__name__)

RECYCLE_MB: Final = 200.0
CRASH_LOOP_S: Final = 5.0
"""A worker that lived shorter than this is restarted with a growing pause."""
FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 10.0
"""Worst case between two tries of a worker that cannot start."""


class WorkerSlot:
    """One place in the pool: the same ports and dispatcher entry through all restarts."""

    def __init__(
        self,
        options: WorkerOptions,
        on_incoming: Callable[[Leg], None],
        on_turned: Callable[[wire.Turned], None],
    ) -> None:
        self.options = options
        self.restarts = 0
        self.process: WorkerProcess | None = None
        self._on_incoming = on_incoming
        self._on_turned = on_turned
        self._generation = 0
        self._draining = False

    @property
    def running(self) -> WorkerProcess | None:
        """The process while it takes calls."""
        process = self.process
        if process is None or process.closed.is_set() or not process.ready.is_set():
            return None
        return process

    async def start(self) -> None:
        """Bring the worker up."""
        self._generation += 1
        self.process = WorkerProcess(
            self.options,
            self._generation,
            on_incoming=self._on_incoming,
            on_turned=self._on_turned,
        )
        await self.process.start()
        if self._draining:
            await self.drain()
        log.info("- media worker %d up", self.options.index, extra={"action": "worker_up"})

    async def drain(self) -> None:
        """No new calls, also after a restart."""
        self._draining = True
        if self.running is not None:
            try:
                await self.running.request(wire.Drain())
            except SipError as exc:  # the registry turns its callers away anyway
                log.warning("- media worker %d not drained: %s", self.options.index, exc.message)

    async def supervise(self) -> None:
        """Restart the worker whenever it ends, until cancelled."""
        loop = asyncio.get_running_loop()
        pause_s = 0.0
        while True:
            started_at = loop.time()
            if self.process is not None:
                await self.process.wait()
            log.error("- media worker %d lost", self.options.index, extra={"action": "worker_lost"})
            short = loop.time() - started_at < CRASH_LOOP_S
            pause_s = min(max(FIRST_PAUSE_S, pause_s * 2), LONGEST_PAUSE_S) if short else 0.0
            await asyncio.sleep(pause_s)
            self.restarts += 1
            try:
                await self.start()
            except (SipError, OSError) as exc:  # no descriptors, no memory: tried again
                log.error("x media worker %d does not start: %s", self.options.index, exc)

    async def recycle_if_large(self) -> None:
        """Replace an idle worker that has grown; its supervisor starts the next one."""
        process = self.running
        if process is not None and not process.legs and process.status.rss_mb > RECYCLE_MB:
            log.info("- media worker %d recycled", self.options.index)
            await process.stop()
