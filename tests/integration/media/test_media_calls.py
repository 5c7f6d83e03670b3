"""Calls between two pools over real SIP and RTP on loopback, without Kamailio."""

import asyncio
import os
import signal

import pytest

from ivr.errors import AudioError, SetupError
from ivr.media.media_leg import MediaLeg
from ivr.sip.causes import HangupSide
from ivr.sip.leg import (
    Answered,
    Disconnected,
    Dtmf,
    PlaybackFinished,
    Ringing,
    TransferProgress,
    TransferRequested,
)
from tests.integration.media.conftest import (
    WAIT_S,
    MakePhone,
    amplitude,
    connect,
    listen,
    next_frame,
    settle,
    tone,
    wait_for,
)

pytestmark = pytest.mark.integration

LOUD = 5000
QUIET = 100


async def test_an_answered_call_carries_audio_both_ways(make_phone: MakePhone) -> None:
    service, caller = await make_phone(), await make_phone(any_number=True)
    outbound = await caller.pool.dial(
        service.pool.uri, caller="79031234567", headers={"User-to-User": "abc"}
    )
    inbound = await service.next_call()
    assert inbound.identity.ani == "79031234567"
    assert inbound.identity.dnis == "0611"
    assert inbound.identity.headers["user-to-user"] == "abc"
    await inbound.ring()
    assert await wait_for(outbound, Ringing) == Ringing(180)
    await inbound.answer()
    assert await wait_for(inbound, Answered) == Answered("PCMA")
    await wait_for(outbound, Answered)
    inbound.play(tone(440, 1.5))
    outbound.play(tone(1000, 1.5))
    await asyncio.gather(listen(inbound, 0.4), listen(outbound, 0.4))
    heard_in, heard_out = await asyncio.gather(listen(inbound, 0.8), listen(outbound, 0.8))
    assert amplitude(heard_in, 1000) > LOUD
    assert amplitude(heard_in, 440) < QUIET
    assert amplitude(heard_out, 440) > LOUD
    assert amplitude(heard_out, 1000) < QUIET
    assert await wait_for(inbound, PlaybackFinished) == PlaybackFinished(12000)
    assert inbound.queued_samples == 0
    await inbound.hang_up(reason="done")
    assert (await wait_for(outbound, Disconnected)).cause.side is HangupSide.REMOTE
    ended = await wait_for(inbound, Disconnected)
    assert (ended.cause.status, ended.cause.side) == (200, HangupSide.LOCAL)
    assert await inbound.next_event() == ended
    await inbound.hang_up()  # a no-op by now
    assert service.pool.live_legs == []


async def test_keys_arrive_by_rfc_4733_and_by_info(make_phone: MakePhone) -> None:
    service, caller = await make_phone(), await make_phone()
    outbound, inbound = await connect(caller, service)
    assert isinstance(outbound, MediaLeg)
    await outbound.send_dtmf("1*")
    assert [await wait_for(inbound, Dtmf) for _ in range(2)] == [Dtmf("1"), Dtmf("*")]
    await outbound.send_dtmf("7", info=True)
    assert await wait_for(inbound, Dtmf) == Dtmf("7")


async def test_stopped_playback_reports_how_much_was_heard(make_phone: MakePhone) -> None:
    service, caller = await make_phone(), await make_phone()
    outbound, inbound = await connect(caller, service)
    inbound.play(tone(440, 10))
    while (await next_frame(inbound)).played_samples < 4000:
        pass
    inbound.stop_playback()
    assert inbound.queued_samples == 0
    await listen(inbound, 0.3)
    played = (await next_frame(inbound)).played_samples
    assert 4000 <= played <= 8000
    await listen(inbound, 0.2)
    assert (await next_frame(inbound)).played_samples == played
    await listen(outbound, 1.5)
    assert amplitude(await listen(outbound, 0.2), 440) < QUIET
    inbound.play(tone(700, 0.5))
    finished = await wait_for(inbound, PlaybackFinished)
    assert finished.played_samples == played + 4000


async def test_a_softened_playback_goes_on_and_a_stop_makes_the_next_one_loud(
    make_phone: MakePhone,
) -> None:
    service, caller = await make_phone(), await make_phone()
    outbound, inbound = await connect(caller, service)
    inbound.play(tone(440, 30))
    while amplitude(await listen(outbound, 0.2), 440) < LOUD:
        pass
    loud = amplitude(await listen(outbound, 0.4), 440)
    inbound.set_playback_gain(0.125)
    while amplitude(await listen(outbound, 0.2), 440) > loud / 4:
        pass
    assert amplitude(await listen(outbound, 0.4), 440) == pytest.approx(loud / 8, rel=0.2)
    inbound.set_playback_gain(1.0)
    while amplitude(await listen(outbound, 0.2), 440) < loud / 2:
        pass
    inbound.set_playback_gain(0.125)
    inbound.stop_playback()
    inbound.play(tone(700, 10))
    while amplitude(await listen(outbound, 0.2), 700) < loud / 2:
        pass


async def test_playback_ring_refuses_more_than_a_minute(make_phone: MakePhone) -> None:
    service, caller = await make_phone(), await make_phone()
    _, inbound = await connect(caller, service)
    inbound.play(bytes(59 * 16000))
    with pytest.raises(AudioError):
        inbound.play(bytes(3 * 16000))


async def test_accepted_refer_reports_the_way_to_the_operator(make_phone: MakePhone) -> None:
    service = await make_phone()
    caller = await make_phone(refer="follow")
    operator = await make_phone(any_number=True)
    outbound, inbound = await connect(caller, service)
    await inbound.refer(operator.pool.uri, headers={"User-to-User": "id-1;encoding=ascii"})
    request = await wait_for(outbound, TransferRequested)
    assert request.target == operator.pool.uri
    assert request.headers == {"user-to-user": "id-1;encoding=ascii"}
    at_operator = await operator.next_call()
    assert at_operator.identity.headers["user-to-user"] == "id-1;encoding=ascii"
    await at_operator.ring()
    await at_operator.answer()
    progress: list[TransferProgress] = []
    while not (progress and progress[-1].final):
        progress.append(await wait_for(inbound, TransferProgress))
    # Some user agents send the first NOTIFY twice.
    assert list(dict.fromkeys(entry.status for entry in progress)) == [202, 100, 180, 200]
    assert [entry.final for entry in progress[:-1]] == [False] * (len(progress) - 1)


async def test_refused_refer_is_final_at_once(make_phone: MakePhone) -> None:
    service, caller = await make_phone(), await make_phone(refer="refuse")
    outbound, inbound = await connect(caller, service)
    await inbound.refer("sip:operator@127.0.0.1:9")
    assert await wait_for(inbound, TransferProgress) == TransferProgress(603, "Decline", True)
    inbound.play(tone(440, 1.0))
    await listen(outbound, 0.4)
    assert amplitude(await listen(outbound, 0.4), 440) > LOUD


async def test_busy_operator_leaves_the_call_up_with_audio(make_phone: MakePhone) -> None:
    service = await make_phone()
    caller = await make_phone(refer="follow")
    operator = await make_phone(any_number=True)
    outbound, inbound = await connect(caller, service)
    await inbound.refer(operator.pool.uri)
    await (await operator.next_call()).reject(486)
    progress = [await wait_for(inbound, TransferProgress)]
    while not progress[-1].final:
        progress.append(await wait_for(inbound, TransferProgress))
    assert progress[-1].status == 486
    inbound.play(tone(440, 1.0))
    await listen(outbound, 0.4)
    assert amplitude(await listen(outbound, 0.4), 440) > LOUD


async def test_leg_dialled_beside_can_be_busy_or_cancelled(make_phone: MakePhone) -> None:
    service, caller, operator = [await make_phone() for _ in range(3)]
    _, inbound = await connect(caller, service)
    busy = await inbound.dial_beside(operator.pool.uri, caller="0611")
    await (await operator.next_call()).reject(486, retry_after_s=5)
    assert (await wait_for(busy, Disconnected)).cause.disposition == "BUSY"
    ringing = await inbound.dial_beside(operator.pool.uri, headers={"User-to-User": "x"})
    at_operator = await operator.next_call()
    assert at_operator.identity.headers["user-to-user"] == "x"
    await at_operator.ring()
    await wait_for(ringing, Ringing)
    await ringing.hang_up()
    cancelled = await wait_for(at_operator, Disconnected)
    assert (cancelled.cause.status, cancelled.cause.side) == (487, HangupSide.REMOTE)
    assert (await wait_for(ringing, Disconnected)).cause.disposition == "CANCEL"


async def test_bridged_legs_hear_each_other_and_keep_their_taps(make_phone: MakePhone) -> None:
    service, caller, operator = [await make_phone() for _ in range(3)]
    outbound, inbound = await connect(caller, service)
    beside = await inbound.dial_beside(operator.pool.uri)
    at_operator = await operator.next_call()
    await at_operator.answer()
    await wait_for(beside, Answered)
    await inbound.bridge(beside)
    outbound.play(tone(440, 3))
    at_operator.play(tone(1000, 3))
    await asyncio.gather(*(listen(leg, 0.5) for leg in (outbound, inbound, beside, at_operator)))
    heard = await asyncio.gather(
        *(listen(leg, 0.5) for leg in (outbound, inbound, beside, at_operator))
    )
    assert [amplitude(samples, 440) > LOUD for samples in heard] == [False, True, False, True]
    assert [amplitude(samples, 1000) > LOUD for samples in heard] == [True, False, True, False]
    await inbound.unbridge(beside)
    await asyncio.gather(*(listen(leg, 1.0) for leg in (outbound, at_operator)))
    assert amplitude(await listen(outbound, 0.2), 1000) < QUIET


async def test_audio_and_bridge_come_back_after_hold(make_phone: MakePhone) -> None:
    service, caller = await make_phone(), await make_phone()
    outbound, inbound = await connect(caller, service)
    assert isinstance(outbound, MediaLeg)
    await outbound.hold()
    await settle(1.0, outbound, inbound)  # a re-INVITE must be over before the next one
    await outbound.hold(False)
    inbound.play(tone(440, 12))
    outbound.play(tone(1000, 12))
    # There is no event that tells when the far end has agreed.
    async with asyncio.timeout(WAIT_S):
        both = False
        while not both:
            heard_in, heard_out = await asyncio.gather(listen(inbound, 0.4), listen(outbound, 0.4))
            both = amplitude(heard_in, 1000) > LOUD and amplitude(heard_out, 440) > LOUD


async def test_killed_worker_costs_its_own_calls_and_comes_back(make_phone: MakePhone) -> None:
    service, caller = await make_phone(worker_count=2), await make_phone(worker_count=2)
    first, second = service.pool.worker_addresses
    lost_out, lost_in = await connect(caller, service, f"sip:0611@{first}", worker=0)
    kept_out, kept_in = await connect(caller, service, f"sip:0611@{second}", worker=1)
    pid = service.pool.worker_pids[0]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    ended = await wait_for(lost_in, Disconnected)
    assert ended.cause.side is HangupSide.WORKER_LOST
    kept_in.play(tone(440, 1))
    await listen(kept_out, 0.4)
    async with asyncio.timeout(WAIT_S):
        while service.pool.status().workers_up < 2:
            await asyncio.sleep(0.02)
    assert service.pool.status().restarts == 1
    again_out, again_in = await connect(caller, service, f"sip:0611@{first}", worker=0)
    assert again_in.leg_id != lost_in.leg_id
    await again_out.hang_up()
    await kept_in.hang_up()
    await lost_out.hang_up()


async def test_caller_that_dies_without_bye_is_released(make_phone: MakePhone) -> None:
    service, caller = (
        await make_phone(media={"rtp_timeout_s": 1.0}),
        await make_phone(last_wills=False),
    )
    _, inbound = await connect(caller, service)
    pid = caller.pool.worker_pids[0]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert (await wait_for(inbound, Disconnected)).cause.side is HangupSide.MEDIA_LOST


async def test_taken_port_is_told(make_phone: MakePhone) -> None:
    service = await make_phone()
    port = int(service.pool.address.split(":")[1])
    with pytest.raises(SetupError, match=f"{port}.*in use"):
        await make_phone(sip={"port": port})


async def test_worker_goes_when_the_call_core_is_gone(make_phone: MakePhone) -> None:
    service = await make_phone()
    process = service.pool._slots[0].process
    assert process is not None
    assert process._transport is not None
    assert process._process is not None
    for task in service.pool._tasks:
        task.cancel()
    process._transport.abort()
    assert await asyncio.wait_for(process._process.wait(), WAIT_S) == 0


@pytest.mark.parametrize(
    ("caller_srtp", "service_srtp", "connects"),
    [
        ("off", "optional", True),
        ("required", "optional", True),
        ("required", "required", True),
        ("off", "required", False),
    ],
)
async def test_srtp_as_configured(
    make_phone: MakePhone, caller_srtp: str, service_srtp: str, connects: bool
) -> None:
    service = await make_phone(sip={"srtp": service_srtp})
    caller = await make_phone(sip={"srtp": caller_srtp})
    if not connects:
        outbound = await caller.pool.dial(service.pool.uri)
        assert (await wait_for(outbound, Disconnected)).cause.status in (406, 488)
        return
    outbound, inbound = await connect(caller, service)
    outbound.play(tone(1000, 1))
    await listen(inbound, 0.5)
    assert amplitude(await listen(inbound, 0.3), 1000) > LOUD


@pytest.mark.parametrize("codec", ["PCMU", "G722"])
async def test_other_codecs_carry_audio(make_phone: MakePhone, codec: str) -> None:
    service, caller = await make_phone(), await make_phone(sip={"codecs": (codec,)})
    outbound = await caller.pool.dial(service.pool.uri)
    inbound = await service.next_call()
    await inbound.answer()
    assert await wait_for(inbound, Answered) == Answered(codec)
    await wait_for(outbound, Answered)
    outbound.play(tone(1000, 1))
    await listen(inbound, 0.5)
    assert amplitude(await listen(inbound, 0.3), 1000) > LOUD


async def test_a_far_end_whose_packets_stop_is_missing_and_not_silent(
    make_phone: MakePhone,
) -> None:
    service, caller = await make_phone(), await make_phone()
    _, inbound = await connect(caller, service)
    await listen(inbound, 0.5)
    pid = caller.pool.worker_pids[0]
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        while not (await next_frame(inbound)).missing:
            pass
    finally:
        os.kill(pid, signal.SIGCONT)
    while (await next_frame(inbound)).missing:
        pass
