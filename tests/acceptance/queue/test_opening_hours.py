"""Calling while operators do not work: the sentence, a time that is offered, and the promise."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from ivr.queue.model import ContactKind, ContactState
from ivr.softphone.caller import PhoneCall
from ivr.testing.service import ServiceProcess
from tests.acceptance.ear import heard, words_in
from tests.acceptance.queue.support import (
    wait_in_line,
    zone_at,
)
from tests.acceptance.support import Records
from tests.acceptance.voice import spoken

FIRST, SECOND = "9030000001", "9030000002"
ZONE = ZoneInfo(zone_at(12))
TODAY = datetime.now(ZONE).date()
OPENS = datetime.combine(TODAY + timedelta(days=1), time(9), ZONE)
"""Noon of a holiday: operators are there again tomorrow morning."""
RULES = {
    "IVR_CALLBACK__ZONE": ZONE.key,
    "IVR_CALLBACK__HOURS": '["mon-sun 09:00-21:00"]',
    "IVR_CALLBACK__HOLIDAYS": f'["{TODAY:%Y-%m-%d}"]',
    "IVR_MEDIA__WORKERS": 1,
}


async def asked_for_a_number(call: PhoneCall) -> str:
    """The caller wants an operator and hears that there is none today; the words of it."""
    await wait_in_line(call)
    offer = words_in(await call.prompt_heard(quiet_s=1.0))
    await call.press("1")
    assert heard(await call.prompt_heard(quiet_s=1.0), "callback.to_this_number")
    return offer


async def promised(call: PhoneCall) -> None:
    """The promise is heard before the call is ended, however long the bot paused meanwhile."""
    began_s = call.listening.now_s
    await call.ended(60.0)
    last = call.listening.heard_between(began_s)
    assert heard(last, "callback.read_back", "callback.slot", "close.goodbye_short")


async def replies(service: ServiceProcess, caller: str) -> list[str]:
    """What the bot said in the last call."""
    stored = await Records(service).last_call(caller)
    assert stored["call"]["outcome"] == "callback"
    return [str(turn["reply"]) for turn in stored["turns"]]


async def test_a_time_is_booked_by_key_while_nobody_works(service, queue, phone, anna, customer):
    await queue.on_duty("anna", anna)
    async with await phone.call(service.sip, caller=FIRST) as call:
        offer = await asked_for_a_number(call)
        assert "не работают" in offer
        assert "девять часов" in offer
        await call.press("1")
        await call.prompt_heard(quiet_s=1.0)
        await call.press("1")
        await promised(call)
    promise = await queue.waits(FIRST, kind=ContactKind.CALLBACK)
    assert (promise.due_at, promise.state) == (OPENS.timestamp(), ContactState.WAITING)
    said = await replies(service, FIRST)
    assert said[2].startswith(
        "Сейчас операторы не работают. Они начнут отвечать завтра в девять часов."
    )
    assert "Завтра с девяти до десяти. Завтра с десяти до одиннадцати." in said[-2]
    assert "Мы перезвоним вам завтра с девяти до десяти." in said[-1]
    for nobody in (anna, customer):
        with pytest.raises(TimeoutError):
            await nobody.next_incoming(1.0)


async def test_a_time_is_booked_by_voice_and_read_back(service, queue, phone, anna, says):
    await queue.on_duty("anna", anna)
    tomorrow_at_ten = await spoken("завтра в десять")
    async with await phone.call(service.sip, caller=SECOND) as call:
        await asked_for_a_number(call)
        await call.say(says("да"))
        await call.prompt_heard(quiet_s=1.0)
        await call.say(tomorrow_at_ten)
        await promised(call)
    promise = await queue.waits(SECOND, kind=ContactKind.CALLBACK)
    assert promise.due_at == (OPENS + timedelta(hours=1)).timestamp()
    assert (
        "Мы перезвоним вам завтра с десяти до одиннадцати." in (await replies(service, SECOND))[-1]
    )
