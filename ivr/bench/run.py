"""The bench itself: one service per measurement, real SIP and RTP on loopback."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.bench.caller import CallFigures, ask_questions
from ivr.bench.figures import percentile
from ivr.bench.resources import PartUse, cpu_share, usage
from ivr.softphone.bank import FixtureBank
from ivr.softphone.phone import LEGS, Softphone
from ivr.testing.service import ServiceProcess

SELF_SERVICE: Final = (
    "balance",
    "tariff_info",
    "packages_left",
    "service_list",
    "outage",
    "bill_details",
)
QUESTIONS_PER_CALL: Final = 5
CALLERS: Final = tuple(f"903000000{number}" for number in range(1, 9))
MEASURE_S: Final = 8.0
SETTLE_S: Final = 20.0
"""Prompts are decoded and rendered in the background after the start."""
P95_LIMIT_MS: Final = 1300.0

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Load:
    """One step of the load curve."""

    calls: int
    figures: CallFigures
    core_cpu: float
    """Cores used by the whole service."""

    @property
    def p95_ms(self) -> float:
        return percentile(self.figures.reply.values, 95)


@dataclass(frozen=True, slots=True)
class Results:
    """Everything a bench run measured."""

    single: CallFigures
    memory: dict[str, PartUse]
    cpu_without_calls: dict[str, float]
    cpu_idle_call: float
    """Cores per call that is up and silent."""
    cpu_speaking_call: float
    """Cores per call whose caller speaks all the time."""
    loads: tuple[Load, ...]

    @property
    def most_calls(self) -> int:
        """Concurrent speaking calls at which P95 still holds."""
        held = [load.calls for load in self.loads if load.p95_ms <= P95_LIMIT_MS]
        return max(held, default=0)


async def bench(folder: Path, turns: int, loads: Sequence[int], progress: Progress) -> Results:
    """Run everything; about `turns` * 6 s plus 40 s per load step."""
    questions = [fixture.samples() for fixture in FixtureBank().of_intents(SELF_SERVICE)]
    workers = -(-max(loads) // 2)
    async with ServiceProcess(
        folder,
        IVR_MEDIA__WORKERS=workers,
        IVR_DIALOGUE__NO_INPUT_S=30,
        IVR_RECORDS__RECORDINGS="false",
        IVR_SIP__CALLS_PER_SECOND=100,
    ) as service:
        progress("memory and CPU without calls")
        await asyncio.sleep(SETTLE_S)
        cpu_without = await cpu_share(service.process, MEASURE_S)
        progress(f"{turns} turns, one call at a time")
        single = await _one_at_a_time(service, questions, turns, progress)
        idle, speaking = await _cost_of_a_call(service, questions, cpu_without, progress)
        curve = [await _load(service, questions, calls, progress) for calls in loads]
        memory = usage(service.process)
    return Results(single, memory, cpu_without, idle, speaking, tuple(curve))


async def _one_at_a_time(
    service: ServiceProcess, questions: Sequence[bytes], turns: int, progress: Progress
) -> CallFigures:
    figures = CallFigures()
    async with Softphone() as phone:
        for number in range(0, turns, QUESTIONS_PER_CALL):
            asked = _questions(questions, number)
            caller = CALLERS[(number // QUESTIONS_PER_CALL) % len(CALLERS)]
            await ask_questions(phone, service.sip, caller, asked, figures)
            progress(f"  {len(figures.reply.values)} of {turns} turns")
    return figures


async def _cost_of_a_call(
    service: ServiceProcess,
    questions: Sequence[bytes],
    without: dict[str, float],
    progress: Progress,
) -> tuple[float, float]:
    """Cores per silent and per speaking call, from four calls at once."""
    progress("CPU per idle and per speaking call")
    async with AsyncExitStack() as stack:
        phone = await stack.enter_async_context(Softphone())
        calls = [
            await stack.enter_async_context(await phone.call(service.sip, caller=CALLERS[n]))
            for n in range(LEGS)
        ]
        await asyncio.gather(*(call.answered(30.0) for call in calls))
        await asyncio.gather(*(call.prompt_heard() for call in calls))
        idle = await cpu_share(service.process, MEASURE_S)
        # One long stretch of speech each: the recognizers work all the time.
        long_speech = b"".join(questions)[: int(8000 * 2 * (MEASURE_S + 4))]
        for call in calls:
            call.leg.play(long_speech)
        await asyncio.sleep(1.0)
        speaking = await cpu_share(service.process, MEASURE_S)
    base = sum(without.values())
    return (sum(idle.values()) - base) / LEGS, (sum(speaking.values()) - base) / LEGS


async def _load(
    service: ServiceProcess, questions: Sequence[bytes], calls: int, progress: Progress
) -> Load:
    progress(f"{calls} calls at once")
    figures = CallFigures()
    async with AsyncExitStack() as stack:
        phones = [await stack.enter_async_context(Softphone()) for _ in range(-(-calls // LEGS))]
        before = sum(part.cpu_s for part in usage(service.process).values())
        began = asyncio.get_running_loop().time()
        await asyncio.gather(
            *(_late_call(service, phones[n // LEGS], n, questions, figures) for n in range(calls))
        )
        seconds = asyncio.get_running_loop().time() - began
        after = sum(part.cpu_s for part in usage(service.process).values())
    return Load(calls, figures, (after - before) / seconds)


async def _late_call(
    service: ServiceProcess,
    phone: Softphone,
    number: int,
    questions: Sequence[bytes],
    figures: CallFigures,
) -> None:
    """Calls begin 0.4 s apart, as people do, not in the same millisecond."""
    await asyncio.sleep(0.4 * number)
    asked = _questions(questions, number * QUESTIONS_PER_CALL)
    caller = CALLERS[number % len(CALLERS)]
    await ask_questions(phone, service.sip, caller, asked, figures)


def _questions(questions: Sequence[bytes], start: int) -> list[bytes]:
    return [questions[(start + n) % len(questions)] for n in range(QUESTIONS_PER_CALL)]
