"""`ivr serve` as a process of its own, on free ports: for tests and benches."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, Final

import psutil

from ivr.errors import SetupError

START_S: Final = 90.0
STOP_S: Final = 20.0
POLL_S: Final = 0.05


class ServiceProcess:
    """Use as an async context manager. `overrides` are IVR_SECTION__KEY variables."""

    def __init__(self, folder: Path, **overrides: object) -> None:
        self.folder = folder
        self._endpoints = folder / "run" / "endpoints.json"
        self._log = folder / "service.log"
        values: dict[str, object] = {
            "IVR_SIP__ADDRESS": "127.0.0.1",
            "IVR_SIP__PUBLIC_ADDRESS": "127.0.0.1",
            "IVR_SIP__PORT": 0,
            "IVR_SIP__TLS_PORT": 0,
            "IVR_HTTP__PORT": 0,
            "IVR_RECORDS__DATABASE": f"sqlite:///{folder}/ivr.db",
            "IVR_QUEUE__DATABASE": f"sqlite:///{folder}/queue.db",
            "IVR_RECORDS__RECORDINGS": "true",
            "IVR_RECORDS__RECORDINGS_FOLDER": folder / "recordings",
            "IVR_BACK_OFFICE__URL": f"sqlite:///{folder}/back_office.db",
            "IVR_SERVICE__RUNTIME": folder / "run",
            "IVR_SERVICE__DRAIN_S": 5,
            "IVR_LOG__LEVEL": "info",
            **overrides,
        }
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("IVR_")},
            **{key: str(value) for key, value in values.items()},
        }
        self._process: asyncio.subprocess.Process | None = None
        self.endpoints: dict[str, Any] = {}
        """What the service says of itself: 'sip', 'http', 'pid', 'workers'."""

    async def __aenter__(self) -> "ServiceProcess":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start and wait until calls are taken; `SetupError` with the log's end when it fails."""
        self._endpoints.unlink(missing_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "ivr", "serve"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
            )
        try:
            await self._takes_calls(self._process)
        except BaseException:  # nobody else knows of it yet
            await self.stop()
            raise
        self.refresh()

    async def _takes_calls(self, process: asyncio.subprocess.Process) -> None:
        async with asyncio.timeout(START_S):
            while not self._endpoints.exists():
                if process.returncode is not None:
                    raise SetupError("service", f"the service did not start:\n{self.log_tail()}")
                await asyncio.sleep(POLL_S)

    def refresh(self) -> None:
        """Read the endpoints again, for example after a worker was restarted."""
        self.endpoints = json.loads(self._endpoints.read_text(encoding="utf-8"))

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; exit code."""
        process = self._process
        assert process is not None
        if process.returncode is None:
            process.send_signal(number)
        try:
            async with asyncio.timeout(STOP_S):
                return await process.wait()
        except TimeoutError:
            process.kill()
            return await process.wait()

    @property
    def sip(self) -> str:
        """SIP URI of 0611."""
        return str(self.endpoints["sip"])

    @property
    def http(self) -> str:
        """Base URL of the HTTP API."""
        return str(self.endpoints["http"])

    @property
    def process(self) -> psutil.Process:
        """The core's process; its children are workers, Kamailio and Rasa."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def log_tail(self, lines: int = 30) -> str:
        """The end of what the service printed and logged."""
        text = self._log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def log_text(self) -> str:
        """Everything the service printed and logged."""
        return self._log.read_text(encoding="utf-8", errors="replace")
