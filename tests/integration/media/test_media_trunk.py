"""Registration to a trunk, and what is left when the call core is killed."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from ivr.config import TrunkSettings
from tests.integration.media.conftest import (
    WAIT_S,
    MakePhone,
    RawCaller,
    connect,
)

pytestmark = pytest.mark.integration


class Registrar(asyncio.DatagramProtocol):
    """Challenges a REGISTER once, then takes it; `refusals` first get 503."""

    def __init__(self, refusals: int = 0) -> None:
        self.registered: asyncio.Queue[str] = asyncio.Queue()
        self._refusals = refusals
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        request = data.decode()
        if not request.startswith("REGISTER"):
            return
        lines = request.split("\r\n")
        copied = [
            line for line in lines if line.startswith(("Via", "From", "To", "Call-ID", "CSeq"))
        ]
        contact = [line for line in lines if line.startswith("Contact")]
        if self._refusals > 0:
            self._refusals -= 1
            head, extra = "SIP/2.0 503 Later", []
        elif "Authorization: Digest" not in request:
            head = "SIP/2.0 401 Unauthorized"
            extra = ['WWW-Authenticate: Digest realm="trunk", nonce="n1", algorithm=MD5']
        else:
            head, extra = "SIP/2.0 200 OK", [*contact, "Expires: 300"]
            self.registered.put_nowait(request)
        answer = "\r\n".join([head, *copied, *extra, "Content-Length: 0", "", ""])
        assert self._transport is not None
        self._transport.sendto(answer.encode(), addr)


@pytest.mark.parametrize("front", ["off", "required"])
@pytest.mark.parametrize("refusals", [0, 1])
async def test_one_worker_registers_with_digest_and_tries_again(
    make_phone: MakePhone, front: str, refusals: int
) -> None:
    loop = asyncio.get_running_loop()
    transport, registrar = await loop.create_datagram_endpoint(
        lambda: Registrar(refusals), local_addr=("127.0.0.1", 0)
    )
    host, port = transport.get_extra_info("sockname")
    trunk = TrunkSettings(registrar=f"sip:{host}:{port}", user="74950000611", password="secret")
    service = await make_phone(sip={"kamailio": front}, settings={"trunk": trunk}, worker_count=2)
    request = await asyncio.wait_for(registrar.registered.get(), WAIT_S)
    assert 'username="74950000611"' in request
    assert f"@{service.pool.address}" in request.split("Contact: ")[1].split("\r\n")[0]
    async with asyncio.timeout(WAIT_S):
        while service.pool.status().registered is not True:
            await asyncio.sleep(0.05)
    transport.close()


async def test_worker_over_its_limit_says_when_to_try_again(
    make_phone: MakePhone, raw_caller: RawCaller
) -> None:
    service, caller = await make_phone(calls_per_worker=1), await make_phone()
    await connect(caller, service)
    host, port = service.pool.address.split(":")
    raw_caller.peer = (host, int(port))
    raw_caller.invite(service.pool.uri)
    response = await raw_caller.final()
    assert response.startswith("SIP/2.0 486")
    assert "Retry-After: 10" in response


CORE = """
import asyncio, json, sys
from pathlib import Path
from ivr.config import MediaSettings, ServiceSettings, Settings, SipSettings
from ivr.media.pool import MediaPool

async def main():
    settings = Settings(
        sip=SipSettings(address="127.0.0.1", port=0, tls_port=0, kamailio="required"),
        media=MediaSettings(rtp_port=53000, workers=2),
        service=ServiceSettings(runtime=sys.argv[1]),
    )
    pool = MediaPool(settings, on_incoming=print)
    await pool.start()
    print("up", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_nothing_is_left_of_a_killed_call_core(tmp_path: Path) -> None:
    core = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CORE, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert core.stdout is not None
    assert await asyncio.wait_for(core.stdout.readline(), WAIT_S) == b"up\n"
    family = psutil.Process(core.pid).children(recursive=True)
    assert len(family) > 2
    os.kill(core.pid, signal.SIGKILL)
    await core.wait()
    async with asyncio.timeout(WAIT_S):
        while any(member.is_running() and member.status() != "zombie" for member in family):
            await asyncio.sleep(0.1)
