"""The same recordings over real SIP and RTP: a service of its own, a softphone that plays them.

Runs in real time. What the caller cannot see, the service's records tell: transcript, intent,
slots. Actions and prompts are not recorded there and stay empty; times are the line's and differ
from call to call, so they are not compared.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from pathlib import Path
from typing import Final

from ivr.audio.pcm import duration_s
from ivr.config import Settings
from ivr.regress.outcome import OVER_SIP, Case, Outcome, written_slots
from ivr.regress.work import Done, Sounds, collected, outcome_of
from ivr.softphone.phone import LEGS, Softphone
from ivr.storage.sql import SqlStore
from ivr.testing.records import CallRecords
from ivr.testing.service import ServiceProcess

CALLERS: Final = tuple(f"903000000{number}" for number in range(1, LEGS + 1))
"""A caller at a time each, so that a record is found by its number."""
HEARD: Final = ("speech", "nlu", "voice", "dialogue")
REPLY_S: Final = 20.0


class SipReplayer:
    """One caller's phone. Event loop only."""

    def __init__(self, phone: Softphone, target: str, store: SqlStore, caller: str) -> None:
        self._phone = phone
        self._target = target
        self._store = store
        self._caller = caller
        self._records = CallRecords(store)

    async def replay(self, file: str, condition: str, speech: bytes) -> Outcome:
        """One call: hear the greeting out, speak, hear the reply out, read the record."""
        began = time.perf_counter()
        async with await self._phone.call(self._target, caller=self._caller) as call:
            await call.answered(30.0)
            await call.prompt_heard()
            await call.say(speech)
            await call.prompt_heard(REPLY_S)
            call_s = call.listening.now_s
        cdr = await self._records.next_of(self._caller)
        turns = (await self._store.turns(cdr.call_id))[1:]
        understood = next((turn for turn in turns if turn.intent), None)
        return Outcome(
            file=file,
            condition=condition,
            transcript=" ".join(turn.text for turn in turns if turn.text),
            intent=understood.intent if understood else "",
            slots=written_slots(understood.entities) if understood else "",
            confidence=(understood.intent_confidence or 0.0) if understood else 0.0,
            turns=len(turns),
            seconds=duration_s(speech),
            call_s=call_s,
            wall_s=time.perf_counter() - began,
            asr_s=cdr.asr_busy_s,
            nlu_ms=(understood.nlu_ms or 0.0) if understood else 0.0,
        )


async def replay_over_sip(
    cases: Sequence[Case], sounds: Sounds, settings: Settings, folder: Path, calls: int
) -> AsyncGenerator[Outcome, None]:
    """Outcomes as they come; `calls` at once, four at most."""
    queue = list(reversed(cases))
    done: Done = asyncio.Queue()
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(
            ServiceProcess(folder, **service_overrides(settings))
        )
        phone = await stack.enter_async_context(Softphone())
        store = await SqlStore.open(f"sqlite:///{folder}/ivr.db", create=False)
        stack.push_async_callback(store.aclose)

        async def drive(caller: str) -> None:
            replayer = SipReplayer(phone, service.sip, store, caller)
            while queue:
                done.put_nowait(await outcome_of(queue.pop(), replayer, sounds))

        drives = [drive(caller) for caller in CALLERS[: max(1, calls)]]
        outcomes = await stack.enter_async_context(aclosing(collected(drives, done)))
        async for outcome in outcomes:
            yield outcome


def service_overrides(settings: Settings) -> dict[str, object]:
    """The run's configuration as far as it decides what is heard and said, and no world outside:
    neither trunk nor operator, whatever a configuration file says."""
    chosen = {
        f"IVR_{section}__{key}".upper(): value
        for section in HEARD
        for key, value in getattr(settings, section).model_dump().items()
    }
    return {**chosen, "IVR_TRUNK__REGISTRAR": "", "IVR_HANDOFF__OPERATOR": ""}


def marked(case: Case) -> Case:
    """The case under the condition 'sip' or 'sip+...'."""
    return replace(case, condition=f"{OVER_SIP}+{case.condition}" if case.condition else OVER_SIP)
