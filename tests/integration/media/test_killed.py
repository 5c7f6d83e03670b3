"""No phone rings on: what operators and callers see when our processes are killed.

Times are measured on the phone, from the kill to the CANCEL or BYE that comes in.
"""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from ivr.sip.leg import Answered, Disconnected, Ringing
from ivr.testing.raw_phone import RawPhone
from tests.integration.media.conftest import WAIT_S, MakePhone, Phone, connect, wait_for

pytestmark = pytest.mark.integration

WITHIN_S = 1.0
FRONTS = pytest.mark.parametrize("front", ["off", "required"])


def kill_worker(phone: Phone) -> float:
    """SIGKILL the only media worker; when."""
    (pid,) = phone.pool.worker_pids
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return time.monotonic()


@FRONTS
@pytest.mark.parametrize("status", [100, 180, 183])
async def test_an_operators_phone_stops_ringing_when_the_media_worker_is_killed(
    make_phone: MakePhone, raw_phone: RawPhone, front: str, status: int
) -> None:
    service = await make_phone(sip={"kamailio": front}, worker_count=1)
    leg = await service.pool.dial(raw_phone.uri)
    invite = await raw_phone.request("INVITE")
    body = raw_phone.sdp() if status == 183 else ""
    raw_phone.respond(invite, status, "Under way", body=body)
    if status != 100:
        await wait_for(leg, Ringing)
    await asyncio.sleep(0.1)
    killed_at = kill_worker(service)
    cancel = await raw_phone.request("CANCEL")
    assert cancel.at - killed_at < WITHIN_S
    assert cancel.header("Via").split(";")[0] == invite.header("Via").split(";")[0]
    raw_phone.respond(cancel, 200, "OK")
    raw_phone.respond(invite, 487, "Request Terminated")


@FRONTS
async def test_a_phone_of_another_make_accepts_the_cancel(
    make_phone: MakePhone, front: str
) -> None:
    service, other = await make_phone(sip={"kamailio": front}, worker_count=1), await make_phone()
    leg = await service.pool.dial(other.pool.uri)
    at_operator = await other.next_call()
    await at_operator.ring()
    await wait_for(leg, Ringing)
    killed_at = kill_worker(service)
    ended = await wait_for(at_operator, Disconnected)
    assert time.monotonic() - killed_at < WITHIN_S
    assert ended.cause.status == 487


@FRONTS
async def test_caller_and_operator_are_hung_up_when_their_media_worker_is_killed(
    make_phone: MakePhone, front: str
) -> None:
    service, others = await make_phone(sip={"kamailio": front}, worker_count=1), await make_phone()
    caller, inbound = await connect(others, service)
    beside = await inbound.dial_beside(others.pool.uri)
    operator = await others.next_call()
    await operator.answer()
    await wait_for(beside, Answered)
    await inbound.bridge(beside)
    killed_at = kill_worker(service)
    await asyncio.gather(*(wait_for(leg, Disconnected) for leg in (caller, operator)))
    assert time.monotonic() - killed_at < WITHIN_S


CORE = """
import asyncio, sys
from ivr.config import MediaSettings, ServiceSettings, Settings, SipSettings
from ivr.media.pool import MediaPool

async def main():
    runtime, front, *targets = sys.argv[1:]
    settings = Settings(
        sip=SipSettings(address="127.0.0.1", port=0, tls_port=0, kamailio=front),
        media=MediaSettings(rtp_port=53400, workers=1),
        service=ServiceSettings(runtime=runtime),
    )
    pool = MediaPool(settings, on_incoming=print)
    await pool.start()
    for target in targets:
        await pool.dial(target)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@FRONTS
async def test_phones_stop_when_the_call_core_is_killed_and_nothing_is_left(
    raw_phone: RawPhone, tmp_path: Path, front: str
) -> None:
    """One phone rings, another has answered; both through a front that goes with the core."""
    other = await RawPhone.open()
    core = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CORE, str(tmp_path), front, raw_phone.uri, other.uri
    )
    ringing = await raw_phone.request("INVITE")
    raw_phone.respond(ringing, 180, "Ringing")
    answered = await other.request("INVITE")
    other.respond(answered, 200, "OK", body=other.sdp())
    await other.request("ACK")
    family = psutil.Process(core.pid).children(recursive=True)
    os.kill(core.pid, signal.SIGKILL)
    killed_at = time.monotonic()
    await core.wait()
    cancel = await raw_phone.request("CANCEL")
    raw_phone.respond(cancel, 200, "OK")
    raw_phone.respond(ringing, 487, "Request Terminated")
    bye = await other.request("BYE")
    other.respond(bye, 200, "OK")
    assert max(cancel.at, bye.at) - killed_at < WITHIN_S
    other.close()
    async with asyncio.timeout(WAIT_S):
        while any(member.is_running() and member.status() != "zombie" for member in family):
            await asyncio.sleep(0.05)
    assert time.monotonic() - killed_at < 3.0


async def test_an_invite_that_nobody_answered_yet_is_cancelled_by_a_worker_that_has_to_go(
    raw_phone: RawPhone, tmp_path: Path
) -> None:
    """The phone is slow: its first response comes after the call core was killed."""
    core = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CORE, str(tmp_path), "off", raw_phone.uri
    )
    invite = await raw_phone.request("INVITE")
    os.kill(core.pid, signal.SIGKILL)
    await core.wait()
    await asyncio.sleep(0.1)
    raw_phone.respond(invite, 180, "Ringing")
    await raw_phone.request("CANCEL", wait_s=WITHIN_S)
