"""Lines as they are: lost, late and drifting packets, quiet callers, a television."""

import numpy as np
import pytest

from ivr.audio.pcm import LINE_RATE_HZ
from ivr.testing.bad_line import BadLine
from ivr.testing.raw_caller import RawCaller
from tests.acceptance.ear import heard

QUESTION = "подскажите баланс пожалуйста"
LINES = {
    "a perfect line": BadLine(),
    "loss of 5 %": BadLine(loss=0.05, seed=7),
    "jitter of 60 ms, out of order": BadLine(jitter_ms=60.0, seed=7),
    "a fast clock": BadLine(spacing_ms=19.9),
    "a slow clock": BadLine(spacing_ms=20.1),
    "silence suppressed": BadLine(silence_suppressed=True),
}
WITH_A_PAUSE = {
    "jitter of 60 ms and loss of 5 %": BadLine(jitter_ms=60.0, loss=0.05, seed=7),
    "a slow clock": LINES["a slow clock"],
    "silence suppressed": LINES["silence suppressed"],
    "silence suppressed, with comfort noise": BadLine(silence_suppressed=True, comfort_noise=True),
}
GREETING = "здравствуйте"
PAUSE_S = 0.7
LONGEST_WAIT_S = 1.6
"""More than any patience after words of an open question, less than a runaway utterance."""


def louder(samples: bytes, gain_db: float) -> bytes:
    values = np.frombuffer(samples, dtype="<i2") * 10 ** (gain_db / 20)
    return np.clip(values, -32768, 32767).astype("<i2").tobytes()


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
async def test_a_question_is_answered_over(service, says, records, line):
    async with RawCaller(service.sip, "9030000001", line) as call:
        await call.prompt_heard()
        await call.say(says(QUESTION))
        answer = await call.prompt_heard()
    assert heard(answer, "balance.is")
    turns = (await records.last_call("9030000001"))["turns"]
    assert [turn["intent"] for turn in turns[1:2]] == ["balance"]


@pytest.mark.parametrize("line", WITH_A_PAUSE.values(), ids=WITH_A_PAUSE)
async def test_a_pause_within_a_turn_neither_ends_nor_prolongs_it_over(
    service, says, records, line
):
    speech = says(GREETING) + bytes(round(PAUSE_S * LINE_RATE_HZ) * 2) + says(QUESTION)
    async with RawCaller(service.sip, "9030000001", line) as call:
        await call.prompt_heard()
        began_s = call.listening.now_s
        await call.say(speech)
        said_s = call.listening.now_s
        answer = await call.prompt_heard()
        waited_s = call.listening.first_audible_after(began_s) - said_s
        ended_s = call.listening.now_s
    assert heard(answer, "balance.is")
    assert waited_s < LONGEST_WAIT_S
    record = await records.last_call("9030000001")
    spoken = [turn for turn in record["turns"] if turn["speech_end_s"] is not None]
    assert [turn["intent"] for turn in spoken] == ["balance"]
    (turn,) = spoken
    # Half a second is what goes out at once, a drift of 0.5 % is nothing in so short a call.
    length_s = turn["speech_end_s"] - turn["speech_start_s"]
    assert length_s == pytest.approx(len(speech) / 2 / LINE_RATE_HZ, abs=0.5)
    assert turn["speech_end_s"] == pytest.approx(said_s, abs=1.0)
    assert turn["speech_end_s"] < ended_s


@pytest.mark.parametrize("gain_db", [-20, 10])
async def test_quiet_and_loud_callers_are_understood(dial, says, gain_db):
    async with await dial("9030000001") as call:
        await call.answered()
        await call.prompt_heard()
        await call.say(louder(says(QUESTION), gain_db))
        assert heard(await call.prompt_heard(), "balance.is")


async def test_a_television_ends_no_call_and_no_utterance_goes_on_for_ever(dial, says, records):
    voices = [says(text) for text in ("расскажи сказку", "какой сегодня праздник", QUESTION)]
    length = 20 * LINE_RATE_HZ
    television = sum(
        np.resize(np.roll(np.frombuffer(voice, dtype="<i2").astype(float), 3000 * number), length)
        for number, voice in enumerate(voices)
    )
    noise = louder(np.clip(television, -32768, 32767).astype("<i2").tobytes(), -15)
    async with await dial("9030000001") as call:
        await call.answered()
        await call.prompt_heard()
        await call.say(noise)
        await call.until(lambda: call.listening.quiet_s >= 1.0, 40, "the bot to be silent")
        assert call.cause is None
        await call.press("1")
        assert heard(await call.prompt_heard(), "balance.is")
    turns = (await records.last_call("9030000001"))["turns"]
    spoken = [turn for turn in turns if turn["speech_end_s"] is not None]
    assert all(turn["speech_end_s"] - turn["speech_start_s"] < 15.5 for turn in spoken)
