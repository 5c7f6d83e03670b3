"""Rasa's HTTP server as a supervised child on loopback."""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import time
from asyncio.subprocess import Process
from collections.abc import Callable
from pathlib import Path

import httpx

from ivr.errors import NluError, SetupError
from ivr.nlu.rasa_process import HOW_TO_INSTALL, rasa_environment

log = logging.getLogger(__name__)

START_LIMIT_S = 90.0
"""4 s on an idle core; a loaded small machine needs several times that."""
PROBE_PERIOD_S = 5.0
PROBE_LIMIT_S = 3.0
PROBES_LOST = 3
"""Probes without an answer in a row after which a living process is taken for hung."""
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 10.0
DIED = "rasa_died"
"""Code of the fault of a server that ended while starting: its model cannot be loaded."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class RasaServer:
    """Starts Rasa, watches it, restarts it with growing pauses. Loop side.

    Port and token stay the same over restarts, so that clients need not be told. The child dies
    with this process, however it ends (PR_SET_PDEATHSIG); start it on the main thread.
    """

    def __init__(
        self,
        *,
        python: Path,
        model: Path,
        runtime: Path,
        on_progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`python`: of the Rasa environment. `runtime`: folder for its home and its log."""
        self._python = python
        self._model = model
        self._runtime = runtime
        self._on_progress = on_progress
        self._port = free_port()
        self.token = secrets.token_urlsafe(24)
        self.restarts = 0
        self._process: Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._ready = False
        self._client = httpx.AsyncClient(
            base_url=self.url, params={"token": self.token}, timeout=PROBE_LIMIT_S, trust_env=False
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def healthy(self) -> bool:
        """True while the process lives and its last probe was answered."""
        return self._ready and self.process_id is not None

    @property
    def process_id(self) -> int | None:
        """None while no process runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Return when a text was parsed; raises `SetupError` or `NluError`."""
        if not self._python.is_file():
            message = f"no Rasa environment at {self._python}; make one: {HOW_TO_INSTALL}"
            raise SetupError("rasa_environment", message)
        if not self._model.is_file():
            message = f"no Rasa model at {self._model}; train one: ivr nlu train"
            raise SetupError("rasa_model", message)
        await self._spawn()
        try:
            await self._until_ready()
        except (NluError, asyncio.CancelledError):
            await self.aclose()
            raise
        self._watcher = asyncio.create_task(self._watch(), name="rasa-watch")

    async def aclose(self) -> None:
        """Stop watching and end the process, by force after two seconds."""
        if self._watcher is not None:
            self._watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watcher
            self._watcher = None
        await self._end_process()
        await self._client.aclose()

    async def _spawn(self) -> None:
        home = self._runtime / "rasa-home"
        home.mkdir(parents=True, exist_ok=True)
        with (self._runtime / "rasa.log").open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                str(self._python.absolute()),
                *("-m", "ivr_rasa.serve", str(self._model.absolute())),
                *(str(self._port), str(os.getpid())),
                cwd=home,
                env=rasa_environment(home.absolute()) | {"IVR_RASA_TOKEN": self.token},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        log.info("- rasa started", extra={"action": "rasa_started", "port": self._port})

    async def _until_ready(self) -> None:
        began = time.monotonic()
        while not await self._answers():
            waited_s = time.monotonic() - began
            if self.process_id is None:
                raise NluError(DIED, f"Rasa ended while starting: {self._last_words()}")
            if waited_s > START_LIMIT_S:
                raise NluError("rasa_slow", f"Rasa was not ready within {START_LIMIT_S:.0f} s")
            self._on_progress(f"Rasa is loading, {waited_s:.0f} s")
            await asyncio.sleep(0.2)
        self._ready = True
        log.info("- rasa ready", extra={"action": "rasa_ready", "port": self._port})

    async def _answers(self) -> bool:
        try:
            response = await self._client.post("/model/parse", json={"text": "баланс"})
        except httpx.HTTPError:
            return False
        return response.status_code == httpx.codes.OK

    async def _watch(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            await self._until_lost()
            self._ready = False
            self.restarts += 1
            log.error("- rasa lost, restarting", extra={"action": "rasa_lost", "pause_s": pause_s})
            await self._end_process()
            await asyncio.sleep(pause_s)
            try:
                await self._spawn()
                await self._until_ready()
            except (NluError, OSError):
                log.exception("- rasa does not start", extra={"action": "rasa_start_failed"})
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                pause_s = FIRST_PAUSE_S

    async def _until_lost(self) -> None:
        assert self._process is not None
        lost = 0
        while self._process.returncode is None and lost < PROBES_LOST:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PROBE_PERIOD_S):
                    await self._process.wait()
                return
            self._ready = await self._answers()
            lost = 0 if self._ready else lost + 1

    async def _end_process(self) -> None:
        process = self._process
        self._ready = False
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(2.0):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def _last_words(self) -> str:
        lines = (self._runtime / "rasa.log").read_text("utf-8", "replace").strip().splitlines()
        return " | ".join(lines[-3:])[-500:] or "no output"
