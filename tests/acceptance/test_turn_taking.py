"""Whose turn it is, over real RTP: backchannels, echo, noise, keys, «алло», «подождите»."""

import asyncio

import numpy as np

from ivr.audio.pcm import LINE_RATE_HZ
from ivr.testing.service import ServiceProcess
from tests.acceptance.ear import heard, words_in
from tests.acceptance.support import FAST

ANNOUNCED = {"IVR_DIALOGUE__ANNOUNCE_RECORDING": "true", "IVR_MEDIA__WORKERS": 1}


async def menu_plays(call) -> float:
    """Ask for the menu and let it begin; audio time of its beginning."""
    await call.answered()
    await call.prompt_heard()
    await call.press("*")
    began_s = call.listening.now_s
    await call.until(
        lambda: call.listening.first_audible_after(began_s) is not None, 10, "the menu"
    )
    await call.passed(1.5)
    return began_s


async def rest_of(call, began_s: float) -> bytes:
    """Everything heard of a prompt, once it is over."""
    await call.until(
        lambda: call.listening.quiet_s >= 0.75 or call.cause is not None, 40, "the prompt's end"
    )
    return call.listening.heard_between(began_s)


def level(samples: bytes, gain_db: float) -> bytes:
    values = np.frombuffer(samples, dtype="<i2") * 10 ** (gain_db / 20)
    return np.clip(values, -32768, 32767).astype("<i2").tobytes()


def loudness(samples: bytes) -> float:
    values = np.frombuffer(samples, dtype="<i2").astype(np.float64)
    return float(np.sqrt(np.mean(values**2)))


async def test_a_backchannel_does_not_stop_the_bot(dial, says, records):
    async with await dial("9030000001") as call:
        began_s = await menu_plays(call)
        for text in ("угу", "ага", "да да"):
            await call.say(says(text))
            await call.passed(1.5)
        menu = await rest_of(call, began_s)
    assert heard(menu, "menu.main")
    kinds = [turn["kind"] for turn in (await records.last_call("9030000001"))["turns"]]
    assert kinds == ["started", "keyed"]


async def test_a_short_word_with_a_meaning_stops_the_bot(dial, says, records):
    async with await dial("9030000001") as call:
        await menu_plays(call)
        await call.say(says("стоп"))
        assert heard(await call.prompt_heard(), "ack.back")
    turn = (await records.last_call("9030000001"))["turns"][2]
    assert (turn["text"], turn["barge_in"]) == ("стоп", True)
    assert 1.0 < turn["played_s"] < 6.0


async def test_the_prompts_own_echo_does_not_stop_it(dial, records):
    async def plays_to_its_end(caller: str, loss_db: float) -> None:
        async with await dial(caller) as call:
            echoing = asyncio.create_task(echo(call, loss_db))
            began_s = await menu_plays(call)
            menu = await rest_of(call, began_s)
            echoing.cancel()
        turns = (await records.last_call(caller))["turns"]
        assert [turn["kind"] for turn in turns] == ["started", "keyed"], turns
        assert heard(menu, "menu.main")

    await asyncio.gather(plays_to_its_end("9030000001", 12), plays_to_its_end("9030000005", 20))


async def echo(call, loss_db: float, delay_s: float = 0.2) -> None:
    """Send back what is heard: softer, and late."""
    call.leg.play(bytes(2 * round(delay_s * LINE_RATE_HZ)))
    done_s = call.listening.now_s
    while call.cause is None:
        now_s = call.listening.now_s
        call.leg.play(level(call.listening.heard_between(done_s, now_s), -loss_db))
        done_s = now_s
        await call.passed(0.04)


async def test_line_noise_does_not_stop_the_bot(dial, records):
    noise = np.random.default_rng(3).normal(0, 300, 12 * LINE_RATE_HZ).astype("<i2").tobytes()
    async with await dial("9030000001") as call:
        await call.answered()
        call.leg.play(noise)
        began_s = call.listening.now_s
        await call.prompt_heard()
        greeting = call.listening.heard_between(began_s)
    assert "чем я могу помочь" in words_in(greeting)
    turns = (await records.last_call("9030000001"))["turns"]
    assert [turn["kind"] for turn in turns] == ["started"]


async def test_is_anybody_there_is_answered(dial, says):
    async with await dial("9030000001") as call:
        await call.answered()
        await call.prompt_heard()
        await call.say(says("алло здравствуйте"))
        assert heard(await call.prompt_heard(), "hello.here")


async def test_a_caller_who_asks_for_a_moment_is_not_nagged(dial, says, records):
    async with await dial("9030000001") as call:
        await call.answered()
        await call.prompt_heard()
        await call.say(says("подождите минуточку"))
        assert heard(await call.prompt_heard(), "wait.ok")
        quiet_s = call.listening.now_s
        await call.passed(5.0)  # twice the silence that is no input elsewhere
        assert call.listening.first_audible_after(quiet_s) is None
        await call.say(says("подскажите баланс пожалуйста"))
        assert heard(await call.prompt_heard(), "balance.is")
    kinds = [turn["kind"] for turn in (await records.last_call("9030000001"))["turns"]]
    assert kinds == ["started", "heard", "heard"]


async def test_a_number_said_in_part_and_keyed_in_part(dial, says):
    async with await dial("anonymous") as call:
        await call.answered()
        await call.prompt_heard()
        await call.say(says("закажите обратный звонок"))
        assert heard(await call.prompt_heard(), "callback.ask_number")
        await call.say(says("девять"))
        await call.passed(1.0)
        await call.press("035551234")
        read_back = await call.prompt_heard()
    assert heard(read_back, "callback.read_back", "confirm.right")
    assert "девятьсот три" in words_in(read_back)


async def test_this_one_means_the_choice_that_was_being_named(dial, says, records):
    async with await dial("9030000006") as call:
        await call.answered()
        await call.prompt_heard()
        asked_s = await call.say(says("деактивировать услугу"))
        await call.until(
            lambda: call.listening.first_audible_after(asked_s + 0.2) is not None, 20, "the list"
        )
        # «У вас подключены услуги: мобильное телевидение … защита … секретарь … Какую услугу?»
        await call.passed(4.4)
        await call.say(says("да"))
        assert heard(await call.prompt_heard(), "services.off_one")
        await call.say(says("нет"))
        await call.prompt_heard()
    turns = (await records.last_call("9030000006"))["turns"]
    assert "Отключить услугу Защита" in turns[2]["reply"]


async def test_keys_do_not_cut_a_prompt_that_forbids_it(tmp_path, phone):
    async with (
        ServiceProcess(tmp_path, **{**FAST, **ANNOUNCED}) as service,
        await phone.call(service.sip, caller="9030000001") as call,
    ):
        await call.answered()
        await call.until(lambda: call.listening.heard_anything, 10, "the greeting")
        await call.press("1")
        said = await call.prompt_heard()
        assert heard(said, "greet.recording", "balance.is")
        assert "чем я могу помочь" not in words_in(said)
