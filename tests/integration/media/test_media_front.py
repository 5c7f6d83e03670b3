"""The workers behind Kamailio: what strangers, many callers and hostile packets get."""

import asyncio
import os
import random
import signal
import ssl
from pathlib import Path

import psutil
import pytest

from ivr.config import ServiceSettings, Settings, SipSettings
from ivr.errors import SetupError
from ivr.media.addresses import LOOPBACK, free_sip_port
from ivr.media.kamailio import KamailioFront, plan_front
from ivr.media.media_leg import MediaLeg
from ivr.sip.leg import Answered, Disconnected, Dtmf, Leg, Ringing, TransferProgress
from ivr.sip.options_probe import answers_options
from tests.integration.media.conftest import (
    WAIT_S,
    MakePhone,
    Phone,
    RawCaller,
    amplitude,
    behind_kamailio,
    connect,
    listen,
    plain_sdp,
    tone,
    wait_for,
)

pytestmark = pytest.mark.integration

LOUD = 5000
SCENARIOS = Path(__file__).parents[2] / "acceptance" / "sipp"


async def answer_all(phone: Phone) -> None:
    while True:
        leg = await phone.incoming.get()
        await leg.answer()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_call_keys_transfer_and_hang_up_pass_through(
    make_phone: MakePhone, transport: str
) -> None:
    service, caller = await behind_kamailio(make_phone), await make_phone(refer="refuse")
    uri = f"{service.pool.uri};transport={transport}"
    outbound, inbound = await connect(caller, service, uri)
    assert isinstance(outbound, MediaLeg)
    inbound.play(tone(440, 4))
    outbound.play(tone(1000, 4))
    # A busy machine starts its media late; the jitter buffers have settled after a second.
    await asyncio.gather(listen(inbound, 1.5), listen(outbound, 1.5))
    heard_in, heard_out = await asyncio.gather(listen(inbound, 0.3), listen(outbound, 0.3))
    assert amplitude(heard_in, 1000) > LOUD
    assert amplitude(heard_out, 440) > LOUD
    await outbound.send_dtmf("5", info=True)
    assert await wait_for(inbound, Dtmf) == Dtmf("5")
    await outbound.hold()
    await asyncio.sleep(1.0)  # a re-INVITE must be over before the next one
    await outbound.hold(False)
    await asyncio.sleep(1.0)
    await inbound.refer("sip:operator@127.0.0.1:9")
    assert (await wait_for(inbound, TransferProgress)).status == 603
    await inbound.hang_up()
    await wait_for(outbound, Disconnected)
    outbound, inbound = await connect(caller, service, uri)
    await outbound.hang_up()
    await wait_for(inbound, Disconnected)


async def test_operator_is_dialled_and_bridged_through_the_front(make_phone: MakePhone) -> None:
    service, caller, operator = (
        await behind_kamailio(make_phone, 1),
        await make_phone(),
        await make_phone(any_number=True),
    )
    outbound, inbound = await connect(caller, service)
    beside = await inbound.dial_beside(operator.pool.uri)
    at_operator = await operator.next_call()
    await at_operator.answer()
    await wait_for(beside, Answered)
    await inbound.bridge(beside)
    outbound.play(tone(440, 2))
    await listen(at_operator, 0.6)
    assert amplitude(await listen(at_operator, 0.3), 440) > LOUD
    await at_operator.hang_up()
    await wait_for(beside, Disconnected)


async def test_full_workers_get_503_with_retry_after(make_phone: MakePhone) -> None:
    rejected: list[tuple[str, int]] = []
    service = await behind_kamailio(
        make_phone, on_rejected=lambda identity, status: rejected.append((identity.ani, status))
    )
    caller = await make_phone(worker_count=2, calls_per_worker=4)
    legs = [await connect(caller, service, worker=index % 2) for index in range(4)]
    refused = await caller.pool.dial(service.pool.uri, caller="555")
    assert (await wait_for(refused, Disconnected)).cause.status == 503
    assert rejected == [("555", 486)]
    await legs[0][0].hang_up()
    await wait_for(legs[0][1], Disconnected)
    await connect(caller, service)


async def test_raw_answers_carry_what_callers_need(
    make_phone: MakePhone, raw_caller: RawCaller
) -> None:
    service = await behind_kamailio(make_phone, 1)
    uri = service.pool.uri

    async def ask(**options: str) -> str:
        await redirect(raw_caller, service.pool.address)
        raw_caller.invite(options.pop("uri", uri), **options)  # type: ignore[arg-type]
        return await raw_caller.final()

    assert (await ask(uri=uri.replace("0611", "112"))).startswith("SIP/2.0 404")
    assert (await ask(method="OPTIONS", sdp="")).startswith("SIP/2.0 200")
    for method in ("MESSAGE", "SUBSCRIBE", "PUBLISH"):
        assert (await ask(method=method, sdp="")).startswith("SIP/2.0 405")
    assert (await ask(sdp=plain_sdp("h" * 300))).startswith("SIP/2.0 400")
    assert (await ask(sdp=plain_sdp(extra="a=rtcp:1 IN IP4 " + "h" * 300))).startswith(
        "SIP/2.0 400"
    )
    await service.pool.drain()
    draining = await ask()
    assert draining.startswith("SIP/2.0 503")
    assert "Retry-After: 10" in draining


async def test_rejection_by_the_core_is_final_and_asked_once(
    make_phone: MakePhone, raw_caller: RawCaller
) -> None:
    service = await behind_kamailio(make_phone)
    await redirect(raw_caller, service.pool.address)
    raw_caller.invite(service.pool.uri)
    await (await service.next_call()).reject(503, retry_after_s=7)
    response = await raw_caller.final()
    assert response.startswith("SIP/2.0 503")
    assert "Retry-After: 7" in response
    assert "X-Ivr-Final" not in response
    assert service.incoming.empty()


@pytest.mark.parametrize(("trusted", "expected"), [((LOOPBACK,), "+79031112233"), ((), "555")])
async def test_asserted_identity_only_from_trusted_peers(
    make_phone: MakePhone, raw_caller: RawCaller, trusted: tuple[str, ...], expected: str
) -> None:
    service = await behind_kamailio(make_phone, 1, trusted_peers=trusted)
    await redirect(raw_caller, service.pool.address)
    header = "P-Asserted-Identity: <sip:+79031112233@operator.example>\r\n"
    raw_caller.invite(service.pool.uri, headers=header, caller="555")
    leg = await service.next_call()
    assert leg.identity.ani == expected
    assert leg.identity.asserted is bool(trusted)
    await leg.reject(603)


async def test_too_many_calls_a_second_get_503(
    make_phone: MakePhone, raw_caller: RawCaller
) -> None:
    service = await behind_kamailio(make_phone, 1, calls_per_second=2)
    await redirect(raw_caller, service.pool.address)
    for _ in range(12):
        raw_caller.invite(service.pool.uri.replace("0611", "112"))
    answers = [(await raw_caller.final()) for _ in range(12)]
    limited = [answer for answer in answers if answer.startswith("SIP/2.0 503")]
    assert limited
    assert all("Retry-After" in answer for answer in limited)
    assert len(limited) < 12


async def test_hostile_packets_kill_nobody(make_phone: MakePhone, raw_caller: RawCaller) -> None:
    service = await behind_kamailio(make_phone, 1)
    chance = random.Random(1)
    worker = service.pool.worker_addresses[0]
    pids = service.pool.worker_pids
    answering = asyncio.create_task(answer_all(service))
    for address in (service.pool.address, worker):
        await redirect(raw_caller, address)
        for sdp in (plain_sdp("h" * 400), plain_sdp(extra="a=rtcp:9 IN IP4 " + "h" * 400), ""):
            raw_caller.invite(f"sip:0611@{address}", sdp=sdp)
            raw_caller.invite(f"sip:999@{address}", sdp=sdp)
        for _ in range(50):
            raw_caller.send(chance.randbytes(chance.randrange(1, 1400)))
        raw_caller.invite("sip:" + "a" * 4000, sdp="v=0\r\n" * 50)
        raw_caller.invite(f"sip:0611@{address}", headers="Via: ;;;=\r\nTo: <<<\r\nCSeq: -1\r\n")
        raw_caller.send(b"INVITE sip:0611@x SIP/2.0\r\nContent-Length: 99999999\r\n\r\n")
    await asyncio.sleep(1.0)
    answering.cancel()
    assert service.pool.worker_pids == pids
    assert service.pool.status().restarts == 0


async def test_dead_worker_is_passed_over(make_phone: MakePhone) -> None:
    service, caller = await behind_kamailio(make_phone, 2), await make_phone()
    slot = service.pool._slots[0]
    assert slot.process is not None
    pid = slot.process.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # silent, not gone: nothing restarts it for ten seconds
    try:
        for _ in range(2):
            outbound, inbound = await connect(caller, service)
            await outbound.hang_up()
            await wait_for(inbound, Disconnected)
    finally:
        os.kill(pid, signal.SIGKILL)


async def test_calls_are_cancelled_through_the_front_in_both_directions(
    make_phone: MakePhone,
) -> None:
    service, other = await behind_kamailio(make_phone, 1), await make_phone(any_number=True)
    outbound = await other.pool.dial(service.pool.uri)
    inbound = await service.next_call()
    await inbound.ring()
    await wait_for(outbound, Ringing)
    await outbound.hang_up()
    assert (await wait_for(inbound, Disconnected)).cause.disposition == "CANCEL"
    _, inbound = await connect(other, service)
    beside = await inbound.dial_beside(other.pool.uri, caller="79030001122")
    at_operator = await other.next_call()
    assert at_operator.identity.ani == "79030001122"
    await at_operator.ring()
    await wait_for(beside, Ringing)
    await beside.hang_up()
    assert (await wait_for(at_operator, Disconnected)).cause.disposition == "CANCEL"


@pytest.mark.parametrize("killed", ["kamailio", "guard"])
async def test_killed_kamailio_is_started_again(make_phone: MakePhone, killed: str) -> None:
    service, caller = await behind_kamailio(make_phone, 1), await make_phone()
    _, kept = await connect(caller, service)
    front = service.pool._front
    assert front is not None
    assert front.pid is not None
    (kamailio,) = psutil.Process(front.pid).children()
    os.kill(kamailio.pid if killed == "kamailio" else front.pid, signal.SIGKILL)
    async with asyncio.timeout(WAIT_S):
        while not (
            front.restarts and await answers_options(LOOPBACK, front.plan.sip_port, timeout_s=0.2)
        ):
            await asyncio.sleep(0.05)
    await connect(caller, service)
    await listen(kept, 0.1)


async def test_a_front_does_not_take_another_ones_answer_for_its_own(
    make_phone: MakePhone, tmp_path: Path
) -> None:
    other = await make_phone()
    taken = int(other.pool.uri.rpartition(":")[2])
    settings = Settings(
        sip=SipSettings(address=LOOPBACK, port=taken, tls_port=0),
        service=ServiceSettings(runtime=str(tmp_path)),
    )
    front = KamailioFront(settings, plan_front(settings, LOOPBACK, 1))
    with pytest.raises(SetupError, match=f"{taken} cannot be used"):
        await front.start()


async def test_tls_ends_in_kamailio(make_phone: MakePhone) -> None:
    port = free_sip_port(LOOPBACK)
    service = await behind_kamailio(make_phone, 1, tls_port=port)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(LOOPBACK, port, ssl=context)
    raw = RawTls(reader, writer)
    await raw.send("INVITE", f"sips:0611@{LOOPBACK}:{port}", plain_sdp())
    leg: Leg = await service.next_call()
    await leg.answer()
    answer = await raw.final()
    assert answer.startswith("SIP/2.0 200")
    await raw.send("ACK", raw.contact(answer), "", answer)
    await wait_for(leg, Answered)
    await leg.hang_up()
    assert (await raw.read()).startswith("BYE")
    writer.close()


@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_sipp_calls_go_through(make_phone: MakePhone, transport: str) -> None:
    service = await behind_kamailio(make_phone, 2)
    answering = asyncio.create_task(answer_all(service))
    sipp = await run_sipp(service, "basic_call.xml", transport, "-m", "4", "-r", "4", "-d", "500")
    answering.cancel()
    assert sipp == 0
    async with asyncio.timeout(WAIT_S):
        while service.pool.live_legs:
            await asyncio.sleep(0.05)


async def test_peer_may_accept_a_transfer_and_fall_silent(make_phone: MakePhone) -> None:
    service = await behind_kamailio(make_phone, 1)
    sipp = asyncio.create_task(run_sipp(service, "refer_without_notify.xml", "u1", "-m", "1"))
    leg = await service.next_call()
    await leg.answer()
    await wait_for(leg, Answered)
    await leg.refer("sip:operator@127.0.0.1:9")
    progress = await wait_for(leg, TransferProgress)
    assert (progress.status, progress.final) == (202, False)
    await leg.hang_up()
    assert await asyncio.wait_for(sipp, WAIT_S) == 0


async def run_sipp(service: Phone, scenario: str, transport: str, *options: str) -> int:
    process = await asyncio.create_subprocess_exec(
        "sipp", service.pool.address, "-s", "0611", "-sf", str(SCENARIOS / scenario),
        "-t", transport, "-i", LOOPBACK, "-nostdin", "-timeout", "20", *options,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    return await process.wait()


@pytest.mark.parametrize("expires", ["3600", "0"])
async def test_a_phone_that_insists_on_registering_is_told_yes(
    make_phone: MakePhone, raw_caller: RawCaller, expires: str
) -> None:
    service = await behind_kamailio(make_phone, 1)
    await redirect(raw_caller, service.pool.address)
    headers = f"Expires: {expires}\r\n"
    raw_caller.invite(f"sip:{service.pool.address}", method="REGISTER", sdp="", headers=headers)
    response = await raw_caller.final()
    assert response.startswith("SIP/2.0 200")
    assert f"Contact: <sip:raw@{raw_caller.own}>" in response
    assert f"Expires: {expires}" in response
    assert service.incoming.empty()


async def redirect(raw_caller: RawCaller, address: str) -> None:
    """Send to another address from now on."""
    host, port = address.split(":")
    raw_caller.peer = (host, int(port))
    while not raw_caller.responses.empty():
        raw_caller.responses.get_nowait()


class RawTls:
    """Just enough of a SIP caller over one TLS connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, method: str, uri: str, body: str, answer: str = "") -> None:
        routes = [line for line in answer.split("\r\n") if line.startswith("Record-Route: ")]
        to = next(
            (line for line in answer.split("\r\n") if line.startswith("To: ")), f"To: <{uri}>"
        )
        head = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK{method};rport",
            *(line.removeprefix("Record-") for line in reversed(routes)),
            "Max-Forwards: 70",
            "From: <sip:79035554433@127.0.0.1>;tag=tls",
            to,
            "Call-ID: over-tls",
            f"CSeq: 1 {method}",
            "Contact: <sip:79035554433@127.0.0.1:5061;transport=tls>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self._writer.write(("\r\n".join(head) + "\r\n\r\n" + body).encode())
        await self._writer.drain()

    async def read(self) -> str:
        async with asyncio.timeout(WAIT_S):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
            for line in head.split("\r\n"):
                if line.lower().startswith("content-length:"):
                    await self._reader.readexactly(int(line.split(":")[1]))
            return head

    async def final(self) -> str:
        while (message := await self.read()).startswith("SIP/2.0 1"):
            pass
        return message

    @staticmethod
    def contact(answer: str) -> str:
        line = next(line for line in answer.split("\r\n") if line.startswith("Contact: "))
        return line.split("<")[1].split(">")[0]
