"""Questions that the assistant answers itself: asked by voice over SIP, judged by what is heard."""

import asyncio

from tests.acceptance.ear import heard, words_in


async def ask(call, samples: bytes) -> bytes:
    await call.say(samples)
    return await call.prompt_heard()


async def test_two_subscribers_hear_their_own_balance(dial, says, records):
    async def answer_to(caller: str) -> bytes:
        async with await dial(caller) as call:
            await call.answered()
            assert "помочь" in words_in(await call.prompt_heard())
            answer = await ask(call, says("подскажите баланс пожалуйста"))
        stored = await records.last_call(caller)
        assert stored["turns"][1]["intent"] == "balance"
        assert stored["call"]["outcome"] == "contained"
        return answer

    one, other = await asyncio.gather(answer_to("9030000001"), answer_to("9030000002"))
    assert heard(one, "balance.is")
    assert "триста двадцать один" in words_in(one)
    assert heard(other, "balance.minus")
    assert "сто восемьдесят четыре" in words_in(other)


async def test_the_tariff_and_what_is_left(dial, says, records):
    async with await dial("9030000001") as call:
        await call.answered()
        await call.prompt_heard()
        answer = await ask(call, says("что входит в мой тариф"))
    assert heard(answer, "tariff.fee_month")
    assert "близкие люди" in words_in(answer)
    stored = await records.last_call("9030000001")
    assert stored["turns"][1]["intent"] == "tariff_info"
    assert "Близкие люди" in stored["turns"][1]["reply"]


async def test_an_outage_is_told_to_those_it_concerns(dial, says):
    async def answer_to(caller: str) -> bytes:
        async with await dial(caller) as call:
            await call.answered()
            await call.prompt_heard()
            return await ask(call, says("у вас авария"))

    concerned, other = await asyncio.gather(answer_to("9030000007"), answer_to("9030000001"))
    assert heard(concerned, "outage.known", "outage.until")
    assert heard(other, "outage.none")


async def test_goodbye_ends_the_call_from_our_side(dial, says, records):
    async with await dial("9030000001") as call:
        await call.answered()
        await call.prompt_heard()
        answer = await ask(call, says("спасибо до свидания"))
        cause = await call.ended()
    assert "до свидания" in words_in(answer)
    assert cause.side.value == "remote"
    stored = await records.last_call("9030000001")
    assert stored["call"]["outcome"] == "contained"


async def test_a_promised_payment_is_connected_when_confirmed(dial, says, records):
    async with await dial("9030000002") as call:
        await call.answered()
        await call.prompt_heard()
        offer = await ask(call, says("хочу взять обещанный платеж"))
        assert heard(offer, "promised.offer", "promised.confirm")
        done = await ask(call, says("да"))
        assert heard(done, "promised.done")
        again = await ask(call, says("обещанный платеж"))
        assert heard(again, "promised.already")
    stored = await records.last_call("9030000002")
    assert [turn["intent"] for turn in stored["turns"][1:]] == [
        "promised_payment",
        "affirm",
        "promised_payment",
    ]


async def test_a_promised_payment_is_not_connected_when_declined(dial, says):
    async with await dial("9030000001") as call:
        await call.answered()
        await call.prompt_heard()
        await ask(call, says("обещанный платеж"))
        answer = await ask(call, says("нет не хочу"))
        assert heard(answer, "ack.cancelled") or heard(answer, "close.anything_else")
        again = await ask(call, says("обещанный платеж"))
        assert heard(again, "promised.offer")


async def test_everything_works_by_keys(dial, records):
    async with await dial("9030000001") as call:
        await call.answered()
        await call.prompt_heard()
        await call.press("1")
        assert heard(await call.prompt_heard(), "balance.is")
        await call.press("2")
        assert heard(await call.prompt_heard(), "tariff.fee_month")
        await call.press("4")
        assert heard(await call.prompt_heard(), "promised.offer")
        await call.press("2")
        await call.prompt_heard()
        await call.press("5")
        assert heard(await call.prompt_heard(), "charges.last")
    stored = await records.last_call("9030000001")
    assert {turn["kind"] for turn in stored["turns"]} == {"started", "keyed"}


async def test_a_key_stops_the_prompt(dial):
    async with await dial("9030000001") as call:
        await call.answered()
        await call.until(lambda: call.listening.heard_anything, 10, "the greeting")
        await call.passed(0.8)
        await call.press("1")
        assert heard(await call.prompt_heard(), "balance.is")


async def test_speech_stops_the_prompt(dial, says, records):
    async with await dial("9030000001") as call:
        await call.answered()
        await call.until(lambda: call.listening.heard_anything, 10, "the greeting")
        await call.passed(0.8)
        answer = await ask(call, says("подскажите баланс пожалуйста"))
        assert heard(answer, "balance.is")
    turn = (await records.last_call("9030000001"))["turns"][1]
    assert turn["barge_in"] is True
    assert 0.5 < turn["played_s"] < 3.0


async def test_silence_is_asked_three_times_and_then_ended_politely(dial, records):
    async with await dial("9030000001") as call:
        await call.answered()
        await call.prompt_heard()
        assert heard(await call.prompt_heard(), "noinput.1")
        assert heard(await call.prompt_heard(), "greet.how_to_ask")
        assert heard(await call.prompt_heard(), "noinput.2")
        assert heard(await call.prompt_heard(), "noinput.3")
        await call.ended()
    stored = await records.last_call("9030000001")
    assert stored["call"]["outcome"] == "no_input"


async def test_an_unknown_caller_is_told_so(dial, says):
    async with await dial("anonymous") as call:
        await call.answered()
        await call.prompt_heard()
        answer = await ask(call, says("подскажите баланс пожалуйста"))
        assert not heard(answer, "balance.is")
        assert answer
