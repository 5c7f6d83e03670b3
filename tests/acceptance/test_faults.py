"""Things that go wrong: callers who leave, parts that die, lines that go silent."""

import asyncio
import contextlib
import os
import signal
from collections import Counter
from pathlib import Path

import psutil
import pytest

from ivr.errors import SipError
from ivr.softphone.phone import Softphone
from ivr.testing.service import ServiceProcess
from tests.acceptance.ear import heard
from tests.acceptance.support import FAST, Records


def held(service: ServiceProcess) -> Counter[str]:
    """What the service's processes hold: files, processes and audio sockets.

    Connections to databases are pooled: one that another loop needed at the same instant stays.
    """
    counts: Counter[str] = Counter()
    for process in (service.process, *service.process.children(recursive=True)):
        worker = "ivr.media.worker" in command_of(process)
        if worker:
            sockets = process.net_connections(kind="udp")
            counts["rtp sockets"] += len(sockets)
        if worker or process.pid == service.process.pid:
            counts["files"] += process.num_fds() - pooled(process)
            counts["processes"] += 1
    return counts


def pooled(process: psutil.Process) -> int:
    """Files of its connections to SQLite, each with its write-ahead log."""
    return sum(".db" in Path(file.path).name for file in process.open_files())


def command_of(process: psutil.Process) -> str:
    """Its command line, '' for one that has just ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""


async def settled(service: ServiceProcess, before: Counter[str], within_s: float = 2.0) -> None:
    """Nothing more is held than before, within the promised time."""
    for _ in range(round(within_s / 0.1)):
        now = held(service)
        if all(now[kind] <= before[kind] for kind in now):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"held before {dict(before)}, now {dict(held(service))}")


async def gauge(records: Records, name: str) -> int:
    return next(
        int(float(line.split()[-1]))
        for line in (await records.text("/metrics")).splitlines()
        if line.startswith(f"{name} ")
    )


HANG_UPS = ("ringing", "greeting", "listening", "speaking", "answering", "transferring")


@pytest.mark.parametrize("phase", HANG_UPS)
async def test_a_hang_up_in_any_phase_leaves_nothing_behind(
    service, dial, says, records, phase: str
):
    async def hung_up() -> None:
        async with await dial("9030000008") as call:
            if phase != "ringing":
                await reach(call, says, phase)
            await call.hang_up()

    await hung_up()  # what is made once and kept for good, like connections to Rasa, is there now
    await asyncio.sleep(2.0)
    before = held(service)
    tasks = await gauge(records, "ivr_tasks")
    await hung_up()
    await settled(service, before)
    assert await gauge(records, "ivr_live_calls") == 0
    # The queue's loops ask the database several times a second, each time in a task for a moment.
    counts = [await gauge(records, "ivr_tasks") for _ in range(20)]
    assert min(counts) <= tasks


async def reach(call, says, phase: str) -> None:
    await call.answered()
    if phase == "greeting":
        await call.until(lambda: call.listening.heard_anything, 10, "the greeting")
        return
    await call.prompt_heard()
    question = says("подскажите баланс пожалуйста")
    if phase == "speaking":
        call.leg.play(question)
        await call.passed(0.7)
    elif phase == "answering":
        await call.say(question)
        await call.until(lambda: call.listening.quiet_s < 0.1, 10, "the answer")
        await call.passed(0.5)
    elif phase == "transferring":
        await call.press("0")
        await call.passed(1.0)


async def test_a_caller_that_dies_without_bye_is_released(service, records):
    async with Softphone() as phone:
        call = await phone.call(service.sip, caller="9030000008")
        async with call:
            await call.answered()
            await call.prompt_heard()
            for process in psutil.Process(os.getpid()).children(recursive=True):
                if process.pid in phone.worker_pids:
                    process.kill()
            stored = await records.last_call("9030000008", timeout_s=15.0)
    assert stored["call"]["hangup_side"] == "media_lost"
    assert await gauge(records, "ivr_live_calls") == 0


async def test_a_killed_worker_costs_its_own_calls_only_and_is_back(service, says, records):
    async with Softphone() as phone:
        calls = [
            await phone.call(service.sip, caller=caller)
            for caller in ("9030000001", "9030000002", "9030000005")
        ]
        async with calls[0], calls[1], calls[2]:
            await asyncio.gather(*(call.answered() for call in calls))
            await asyncio.gather(*(call.prompt_heard() for call in calls))
            before = await records.get("/readyz")
            os.kill(service.endpoints["workers"][0], signal.SIGKILL)
            await asyncio.sleep(1.5)
            after = await records.get("/readyz")
            assert before["parts"]["media"]["detail"].startswith("4 of 4 workers up")
            assert after["parts"]["media"]["detail"].startswith("4 of 4 workers up")

            async def answers(call) -> bool:
                await call.say(says("подскажите баланс пожалуйста"))
                try:
                    answer = await call.prompt_heard(15.0)
                except SipError:
                    return False
                return heard(answer, "balance.is") or heard(answer, "balance.minus")

            alive = await asyncio.gather(*(answers(call) for call in calls))
            assert sum(alive) >= 2
    async with Softphone() as phone:
        for _ in range(4):  # every worker takes calls again, the new one too
            async with await phone.call(service.sip, caller="9030000001") as call:
                await call.answered()
                await call.prompt_heard()


async def test_eight_calls_at_once(service, says):
    async with Softphone() as one, Softphone() as two:
        calls = [
            await phone.call(service.sip, caller=f"903000000{number}")
            for phone, numbers in ((one, (1, 5, 6, 7)), (two, (1, 5, 6, 7)))
            for number in numbers
        ]

        async def talk(call) -> bool:
            async with call:
                await call.answered(20.0)
                await call.prompt_heard()
                await call.say(says("подскажите баланс пожалуйста"))
                return heard(await call.prompt_heard(), "balance.is")

        assert await asyncio.gather(*(talk(call) for call in calls)) == [True] * 8


async def test_rasa_killed_mid_call_leaves_the_keys(tmp_path, says):
    async with ServiceProcess(tmp_path, IVR_MEDIA__WORKERS=1, **FAST) as service:
        records = Records(service)
        async with (
            Softphone() as phone,
            await phone.call(service.sip, caller="9030000001") as call,
        ):
            await call.answered()
            await call.prompt_heard()
            for process in service.process.children(recursive=True):
                if "rasa" in command_of(process):
                    process.kill()
            await call.say(says("подскажите баланс пожалуйста"))
            menu = await call.prompt_heard()
            assert heard(menu, "menu.main")
            await call.press("1")
            assert heard(await call.prompt_heard(), "balance.is")
            ready = await records.get("/readyz")
            assert ready["ready"] is True


async def test_sigterm_lets_the_call_end_and_takes_no_new_one(tmp_path, says):
    async with ServiceProcess(
        tmp_path, IVR_MEDIA__WORKERS=2, **{**FAST, "IVR_SERVICE__DRAIN_S": 20}
    ) as service:
        async with (
            Softphone() as phone,
            await phone.call(service.sip, caller="9030000001") as call,
        ):
            await call.answered()
            await call.prompt_heard()
            service.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.5)
            late = await phone.call(service.sip, caller="9030000002")
            async with late:
                cause = await late.ended()
                assert cause.status in (480, 503)
            await call.say(says("подскажите баланс пожалуйста"))
            assert heard(await call.prompt_heard(), "balance.is")
            await call.hang_up()
        assert await service.stop() == 0
        assert "stopped" in service.log_text()


async def test_a_promise_survives_kill_9(tmp_path, says):
    async with ServiceProcess(tmp_path, IVR_MEDIA__WORKERS=1, **FAST) as service:
        async with (
            Softphone() as phone,
            await phone.call(service.sip, caller="9030000001") as call,
        ):
            await call.answered()
            await call.prompt_heard()
            await call.press("0")  # no operator is configured: a callback is offered
            await call.prompt_heard()
            await call.press("1")
            await call.until(lambda: call.listening.quiet_s < 0.1, 10, "the promise")
            await call.passed(0.5)
            await service.stop(signal.SIGKILL)
        async with asyncio.timeout(3.0):  # workers, Rasa and, with the last BYE, Kamailio go too
            while any(
                str(tmp_path) in " ".join(process.info["cmdline"] or [])
                for process in psutil.process_iter(["cmdline"])
            ):
                await asyncio.sleep(0.1)
        await service.start()
        requests = await Records(service).get("/promises")
        assert [request["number"] for request in requests] == ["9030000001"]
