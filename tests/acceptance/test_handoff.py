"""From the bot to a person: REFER, else a bridge, else a promise to call back."""

import asyncio

import numpy as np

from ivr.audio.tones import tone
from ivr.sip.leg import TransferRequested
from ivr.softphone.phone import Softphone
from tests.acceptance.ear import heard, level_at


async def to_operator(call, says) -> None:
    await call.answered()
    await call.prompt_heard()
    await call.say(says("мне надо с оператором поговорить"))


def handoff_id_of(call) -> str:
    return call.leg.identity.headers["user-to-user"].partition(";")[0]


async def test_operator_by_voice_is_a_refer_that_the_callers_phone_follows(
    dial, says, operator, records
):
    async with await dial("9030000001") as call:
        await to_operator(call, says)
        incoming = await operator.next_incoming()
        async with incoming:
            await incoming.leg.ring()
            await incoming.leg.answer()
            await incoming.answered()
            await call.ended()
        assert any(isinstance(event, TransferRequested) for event in call.events)
    stored = await records.last_call("9030000001")
    assert stored["call"]["outcome"] == "transferred"
    attempt = stored["handoffs"][0]
    assert attempt["mode"] == "refer"
    assert attempt["outcome"] == "connected"
    statuses = [step["status"] for step in attempt["steps"]]
    assert statuses[0] == 202
    assert statuses[-1] == 200


async def test_the_operator_finds_reason_and_transcript_by_the_id_in_the_call(
    dial, says, operator, records
):
    async with await dial("9030000001") as call:
        await call.answered()
        await call.prompt_heard()
        await call.say(says("подскажите баланс пожалуйста"))
        await call.prompt_heard()
        await call.say(says("мне надо с оператором поговорить"))
        async with await operator.next_incoming() as incoming:
            record = await records.get(f"/handoffs/{handoff_id_of(incoming)}")
            await incoming.leg.reject(486)
    assert record["caller_number"] == "9030000001"
    said = [line["text"] for line in record["transcript"] if line["who"] == "caller"]
    assert any("баланс" in text for text in said)


async def test_a_refused_refer_is_bridged_and_both_sides_hear_each_other(
    service, says, operator, records
):
    async with (
        Softphone(refer="refuse") as phone,
        await phone.call(service.sip, caller="9030000004") as call,
    ):
        await to_operator(call, says)
        async with await operator.next_incoming() as incoming:
            await incoming.leg.ring()
            await asyncio.sleep(0.5)
            await incoming.leg.answer()
            await incoming.answered()
            await incoming.passed(0.5)
            heard_from = (call.listening.now_s, incoming.listening.now_s)
            call.leg.play(tone(600, 2.0))
            incoming.leg.play(tone(1100, 2.0))
            await incoming.passed(2.3)
            assert level_at(call.listening.heard_between(heard_from[0] + 0.5)[:16000], 1100) > 0.8
            assert (
                level_at(incoming.listening.heard_between(heard_from[1] + 0.5)[:16000], 600) > 0.8
            )
            await incoming.hang_up()
            await call.ended()
    stored = await records.last_call("9030000004")
    assert stored["call"]["outcome"] == "transferred"
    attempts = [(attempt["mode"], attempt["outcome"]) for attempt in stored["handoffs"]]
    assert attempts == [("refer", "failed"), ("bridge", "connected")]


async def test_a_caller_who_leaves_while_the_operator_rings_stops_the_ringing(
    service, says, operator
):
    async with (
        Softphone(refer="refuse") as phone,
        await phone.call(service.sip, caller="9030000004") as call,
    ):
        await to_operator(call, says)
        async with await operator.next_incoming() as incoming:
            await incoming.leg.ring()
            await call.hang_up()
            cause = await incoming.ended(3.0)
            assert cause.status == 487


async def test_nobody_answers_and_a_callback_is_promised_and_stored(
    service, says, operator, records
):
    async with (
        Softphone(refer="refuse") as phone,
        await phone.call(service.sip, caller="9030000005") as call,
    ):
        await to_operator(call, says)
        incoming = await operator.next_incoming()
        await incoming.leg.reject(486)
        offer = await call.prompt_heard(20.0)
        assert heard(offer, "transfer.failed")
        await call.say(says("да"))
        await call.ended(30.0)
    stored = await records.last_call("9030000005")
    assert stored["call"]["outcome"] == "callback"
    requests = await records.get("/promises")
    assert "9030000005" in {request["number"] for request in requests}


async def test_gibberish_climbs_the_ladder_to_an_operator(service, says, operator, records):
    async with (
        Softphone(refer="refuse") as phone,
        await phone.call(service.sip, caller="9030000006") as call,
    ):
        await call.answered()
        await call.prompt_heard()
        for text in ("расскажи сказку", "какой сегодня праздник") * 2:
            await call.say(backwards(says(text)))
            reply = await call.prompt_heard(quiet_s=1.2)  # keys are named one by one
        assert heard(reply, "nomatch.3")
        async with await operator.next_incoming() as incoming:
            await incoming.leg.reject(486)
    stored = await records.last_call("9030000006")
    assert stored["handoffs"][0]["reason"] == "no_match"


def backwards(samples: bytes) -> bytes:
    """Speech without words."""
    return np.frombuffer(samples, dtype="<i2")[::-1].tobytes()
