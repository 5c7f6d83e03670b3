"""Transfers of the whole service that fail or are left, and the attended one."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ivr.audio.tones import tone
from ivr.sip.leg import Answered, TransferRequested
from ivr.softphone.phone import Softphone
from ivr.testing.service import ServiceProcess
from tests.acceptance.ear import heard, level_at
from tests.acceptance.support import FAST, Records
from tests.acceptance.test_sipp import SCENARIOS, sipp, write_alaw

WITHIN_S = 1.0


async def to_operator(call) -> None:
    await call.answered()
    await call.until(lambda: call.listening.heard_anything, 10, "the greeting")
    await call.press("0")


async def test_a_refer_accepted_and_then_failed_is_dialled_and_the_bot_goes_on(
    service, operator, records, tmp_path
):
    audio = tmp_path / "silence.alaw"
    write_alaw(audio, bytes(160000))
    scenario = tmp_path / "refer.xml"
    text = (SCENARIOS / "refer_then_503.xml").read_text(encoding="utf-8")
    scenario.write_text(text.replace("AUDIO_FILE", str(audio)), encoding="utf-8")
    calling = asyncio.create_task(sipp(service, scenario, "-m", "1", "-d", "3000"))
    incoming = await operator.next_incoming()
    await incoming.leg.reject(486)
    status, complaints = await calling
    assert status == 0, complaints
    stored = await records.last_call("9030000009")
    attempts = [(attempt["mode"], attempt["outcome"]) for attempt in stored["handoffs"]]
    assert attempts == [("refer", "failed"), ("bridge", "busy")]
    assert [step["status"] for step in stored["handoffs"][0]["steps"]][-1] == 503


async def test_an_operator_who_hangs_up_at_once_gives_the_caller_back_to_a_bot_that_hears(
    service, says, operator
):
    async with (
        Softphone(refer="refuse") as phone,
        await phone.call(service.sip, caller="9030000004") as call,
    ):
        await to_operator(call)
        async with await operator.next_incoming() as incoming:
            await incoming.leg.answer()
            await incoming.answered()
            await incoming.hang_up()
            assert heard(await call.prompt_heard(), "transfer.failed")
        await call.say(says("подскажите баланс пожалуйста"))
        assert heard(await call.prompt_heard(), "balance.is")


async def test_a_caller_who_leaves_just_as_the_operator_answers_leaves_nobody_alone(
    service, operator
):
    async with Softphone(refer="refuse") as phone:
        for pause_s in (0.0, 0.02):
            async with await phone.call(service.sip, caller="9030000004") as call:
                await to_operator(call)
                async with await operator.next_incoming() as incoming:
                    await incoming.leg.answer()
                    await asyncio.sleep(pause_s)
                    left_at = time.monotonic()
                    await call.hang_up()
                    await incoming.ended(3.0)
                    assert time.monotonic() - left_at < WITHIN_S


# ---- the operator is asked first


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def attended(
    tmp_path_factory: pytest.TempPathFactory, operator: Softphone
) -> AsyncIterator[ServiceProcess]:
    """A service that asks the operator before it hands over."""
    folder = tmp_path_factory.mktemp("attended")
    target = operator.uri.replace("sip:ivr@", "sip:operator@")
    async with ServiceProcess(
        folder,
        IVR_MEDIA__WORKERS=1,
        IVR_HANDOFF__OPERATOR=target,
        IVR_HANDOFF__ATTENDED="true",
        **FAST,
    ) as running:
        yield running


async def test_an_operator_hears_what_it_is_about_and_then_takes_the_caller_over(
    attended, phone, operator
):
    async with await phone.call(attended.sip, caller="9030000001") as call:
        await to_operator(call)
        consultation = await operator.next_incoming()
        async with consultation:
            await consultation.leg.answer()
            await consultation.until(
                lambda: consultation.listening.heard_anything, 5, "the summary"
            )
            replacing = await operator.next_incoming()
            async with replacing:
                await replacing.answered()
                await consultation.ended(3.0)
                await call.ended(3.0)
                assert any(isinstance(event, TransferRequested) for event in call.events)
                taken = next(leg for leg in phone._pool.live_legs)
                replacing.leg.play(tone(1100, 2.0))
                await replacing.passed(1.0)
                frames = [await taken.next_frame() for _ in range(100)]
                samples = b"".join(frame.frame.samples for frame in frames if frame)
                assert level_at(samples[-8000:], 1100) > 0.5
    stored = await Records(attended).last_call("9030000001")
    assert stored["call"]["outcome"] == "transferred"
    (attempt,) = stored["handoffs"]
    assert (attempt["mode"], attempt["outcome"]) == ("attended", "connected")


async def test_an_operator_who_refuses_after_the_summary_leaves_the_caller_to_the_bot(
    attended, phone, operator
):
    async with await phone.call(attended.sip, caller="9030000001") as call:
        await to_operator(call)
        async with await operator.next_incoming() as incoming:
            await incoming.leg.answer()
            await incoming.until(lambda: incoming.listening.heard_anything, 5, "the summary")
            await incoming.hang_up()
            assert heard(await call.prompt_heard(), "transfer.failed")


async def test_a_caller_who_leaves_during_the_summary_ends_it_within_a_second(
    attended, phone, operator
):
    async with await phone.call(attended.sip, caller="9030000001") as call:
        await to_operator(call)
        async with await operator.next_incoming() as incoming:
            await incoming.leg.answer()
            await incoming.until(lambda: incoming.listening.heard_anything, 5, "the summary")
            left_at = time.monotonic()
            await call.hang_up()
            await incoming.ended(3.0)
            assert time.monotonic() - left_at < WITHIN_S


async def test_an_operators_phone_stops_ringing_when_the_service_is_killed(
    attended, phone, operator
):
    """Last of this service: kill -9."""
    async with await phone.call(attended.sip, caller="9030000001") as call:
        await to_operator(call)
        async with await operator.next_incoming() as incoming:
            await incoming.leg.ring()
            await asyncio.sleep(0.3)
            assert not any(isinstance(event, Answered) for event in incoming.events)
            killed_at = time.monotonic()
            await attended.stop(signal.SIGKILL)
            await incoming.ended(3.0)
            assert time.monotonic() - killed_at < WITHIN_S
            await call.ended(3.0)
