"""Kamailio in front of the media workers: its configuration and its process. Event loop only.

It ends TLS, filters what would crash a user agent, limits the rate, spreads calls over the workers
and passes on what happens inside dialogs. Its configuration is written anew at every start.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from ivr.config import Settings, SipSettings
from ivr.errors import IvrError, SetupError, SipError
from ivr.media.addresses import ANYWHERE, LOOPBACK, await_free, free_sip_ports
from ivr.sip.identity import mask_numbers, parse_networks
from ivr.sip.options_probe import answers_options

log = logging.getLogger(__name__)

METHODS: Final = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY, PRACK"
CHILDREN: Final = 2
SHARED_MB: Final = 64
PRIVATE_MB: Final = 8
START_S: Final = 8.0
STOP_S: Final = 5.0
RESTART_PAUSE_S: Final = 1.0
LAST_LINES: Final = 5
GUARD: Final = """
"$@" & front=$!
trap 'kill -TERM $front' TERM
trap 'sleep 1; kill -TERM $front' USR1
while kill -0 $front 2>/dev/null; do wait $front; done
"""
"""Shell around Kamailio. USR1 comes when the call core was killed: for a second more the workers'
BYE and CANCEL have to pass, or operators' phones would ring on. Not HUP: a shell cannot trap what
was ignored when it started, and under nohup that is HUP."""
SBIN: Final = "/usr/sbin:/usr/local/sbin"
"""Not in everybody's PATH."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPlan:
    """What a front is made of, with all addresses decided."""

    address: str
    public_address: str
    sip_port: int
    tls_port: int
    """0: no TLS."""
    inside_port: int
    """UDP on loopback, for the workers."""
    worker_ports: tuple[int, ...]
    folder: Path


def find_binary() -> str | None:
    """Path of kamailio, None where it is not installed."""
    return shutil.which("kamailio") or shutil.which("kamailio", path=SBIN)


def render(settings: Settings, plan: FrontPlan, certificate: Path | None, key: Path | None) -> str:
    """Settings and ports -> text of kamailio.cfg."""
    environment = Environment(
        loader=PackageLoader("ivr.media", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    advertise = plan.address == ANYWHERE
    return environment.get_template("kamailio.cfg.j2").render(
        address=plan.address,
        public_address=plan.public_address,
        sip_port=plan.sip_port,
        tls_port=plan.tls_port if certificate else 0,
        inside_port=plan.inside_port,
        advertise_sip=f" advertise {plan.public_address}:{plan.sip_port}" if advertise else "",
        advertise_tls=f" advertise {plan.public_address}:{plan.tls_port}" if advertise else "",
        tls_certificate=certificate,
        tls_key=key,
        children=CHILDREN,
        dispatcher_list=plan.folder / "dispatcher.list",
        methods=METHODS,
        calls_per_second=settings.sip.calls_per_second,
        retry_after_s=settings.sip.retry_after_s,
        trusted_peers=",".join(str(net) for net in parse_networks(settings.sip.trusted_peers)),
        contact_user=settings.sip.numbers[0] if settings.sip.numbers else "ivr",
    )


class KamailioFront:
    """One supervised Kamailio."""

    def __init__(self, settings: Settings, plan: FrontPlan) -> None:
        self.plan = plan
        self.restarts = 0
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._last_lines: list[str] = []

    @property
    def outbound_proxy(self) -> str:
        """Route the workers send everything to."""
        return f"<sip:{LOOPBACK}:{self.plan.inside_port};lr>"

    @property
    def pid(self) -> int | None:
        """Process id, of its guard where there is one, while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Write the configuration, check it, run Kamailio and wait until it answers; `SetupError`
        when somebody else holds its port, `SipError` when it does not come up."""
        binary = find_binary()
        if binary is None:
            raise SetupError("kamailio", "Kamailio is not installed: apt-get install kamailio")
        configuration = await self._configure(binary)
        # Somebody else there would answer the probe below in its place.
        await await_free("sip.port", self.plan.address, self.plan.sip_port)
        await self._spawn(binary, configuration)
        deadline = asyncio.get_running_loop().time() + START_S
        host = LOOPBACK if self.plan.address == ANYWHERE else self.plan.address
        while not await answers_options(host, self.plan.sip_port, timeout_s=0.2):
            if self.pid is None or asyncio.get_running_loop().time() > deadline:
                await self.stop()
                raise SipError("kamailio", "Kamailio did not start: " + self._told())
        log.info("- kamailio up", extra={"action": "front_up"})

    async def supervise(self) -> None:
        """Start it again whenever it ends, until cancelled."""
        while True:
            if self._process is not None:
                await self._process.wait()
            log.error("- kamailio lost: %s", self._told(), extra={"action": "front_lost"})
            await self.stop()
            await asyncio.sleep(RESTART_PAUSE_S)
            self.restarts += 1
            try:
                await self.start()
            except (IvrError, OSError) as exc:  # a full disk, no descriptors: tried again
                log.error("x kamailio does not start: %s", exc, extra={"action": "front_lost"})

    async def stop(self) -> None:
        """End it and its children."""
        process = self._process
        if process is None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await process.wait()
        _signal_group(process.pid, signal.SIGKILL)
        await process.wait()
        if self._reader is not None:
            await self._reader
            self._reader = None
        self._process = None

    async def _configure(self, binary: str) -> Path:
        folder = self.plan.folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "dispatcher.list").write_text(
            "".join(f"1 sip:{LOOPBACK}:{port}\n" for port in self.plan.worker_ports), "ascii"
        )
        configuration = folder / "kamailio.cfg"
        certificate, key = await self._certificate()
        configuration.write_text(render(self._settings, self.plan, certificate, key), "utf-8")
        try:
            await _check(binary, configuration)
        except SipError as exc:
            if certificate is None or "tls.so" not in exc.message:
                raise
            log.warning("- no TLS: Kamailio's TLS module is not installed (kamailio-tls-modules)")
            configuration.write_text(render(self._settings, self.plan, None, None), "utf-8")
            await _check(binary, configuration)
        return configuration

    async def _certificate(self) -> tuple[Path | None, Path | None]:
        sip = self._settings.sip
        if not self.plan.tls_port:
            return None, None
        if sip.tls_certificate:
            return _configured_certificate(sip)
        certificate, key = self.plan.folder / "tls.crt", self.plan.folder / "tls.key"
        if not (certificate.exists() and key.exists()):
            made = await _make_certificate(certificate, key, self.plan.public_address)
            if not made:
                log.warning("- no TLS: openssl is not installed and no certificate is configured")
                return None, None
        return certificate, key

    async def _spawn(self, binary: str, configuration: Path) -> None:
        # If the call core is killed, Kamailio must not live on and hold the port.
        setpriv = shutil.which("setpriv")
        prefix = (
            [setpriv, *["--pdeathsig", "USR1", "--", "/bin/sh", "-c"], GUARD, ""] if setpriv else []
        )
        folder = self.plan.folder
        self._last_lines.clear()
        # A pipe of our own: asyncio's Process.wait() would wait for its pipes to close as well,
        # and Kamailio's children keep them open when their parent is killed.
        reading, writing = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *prefix, binary, "-DD", "-E", "-f", str(configuration),
                "-m", str(SHARED_MB), "-M", str(PRIVATE_MB),
                "-Y", str(folder),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=writing,
                start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(writing)
        stream = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(reading, "rb", 0)
        )
        self._reader = asyncio.create_task(self._read_log(stream))

    async def _read_log(self, stream: asyncio.StreamReader) -> None:
        with contextlib.suppress(ValueError):  # a line beyond the reader's limit
            async for line in stream:
                text = mask_numbers(line.decode("utf-8", "replace").strip())
                self._last_lines = [*self._last_lines, text][-LAST_LINES:]
                log.debug("kamailio: %s", text)

    def _told(self) -> str:
        return " | ".join(self._last_lines) or "no output"


def _configured_certificate(sip: SipSettings) -> tuple[Path, Path]:
    key = sip.tls_key or sip.tls_certificate
    return Path(sip.tls_certificate).absolute(), Path(key).absolute()


async def _check(binary: str, configuration: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        binary, "-c", "-f", str(configuration), "-Y", str(configuration.parent),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, output = await process.communicate()
    if process.returncode != 0:
        lines = [line for line in output.decode("utf-8", "replace").splitlines() if "ERROR" in line]
        raise SipError("kamailio", "Kamailio refuses its configuration: " + " | ".join(lines[:3]))


async def _make_certificate(certificate: Path, key: Path, address: str) -> bool:
    openssl = shutil.which("openssl")
    if openssl is None:
        return False
    process = await asyncio.create_subprocess_exec(
        openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "3650", "-subj", f"/CN={address}", "-addext", _alternative_name(address),
        "-keyout", str(key), "-out", str(certificate),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    return await process.wait() == 0


def _alternative_name(address: str) -> str:
    kind = "IP" if address.replace(".", "").isdigit() else "DNS"
    return f"subjectAltName={kind}:{address}"


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def plan_front(settings: Settings, public: str, workers: int) -> FrontPlan:
    """Decide the ports of a front and its workers; a configured SIP port of 0 takes a free one."""
    sip = settings.sip
    outside = [] if sip.port else [sip.address]
    free = free_sip_ports([*outside, *[LOOPBACK] * (1 + workers)], {sip.port, sip.tls_port})
    sip_port, inside_port, *worker_ports = free if outside else (sip.port, *free)
    return FrontPlan(
        address=sip.address,
        public_address=public,
        sip_port=sip_port,
        tls_port=sip.tls_port,
        inside_port=inside_port,
        worker_ports=tuple(worker_ports),
        folder=Path(settings.service.runtime).absolute() / "kamailio",
    )
