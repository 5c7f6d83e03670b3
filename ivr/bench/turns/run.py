"""A pass over turns: a service of its own, callers at once, outcomes as they come."""

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from ivr.bench.turns.caller import Simulator
from ivr.bench.turns.figures import TurnOutcome
from ivr.bench.turns.line import PUBLIC, Line
from ivr.bench.turns.rows import Half, Profile, TurnRow, parse
from ivr.bench.turns.sounds import SoundBank
from ivr.errors import SetupError
from ivr.softphone.phone import LEGS, Softphone
from ivr.storage.queue_store import SqlQueueStore
from ivr.storage.sql import SqlStore
from ivr.testing.records import CallRecords
from ivr.testing.service import ServiceProcess

TURNS_FILE: Final = Path("audio_fixtures/turns.tsv")
TURNS_PER_CALL: Final = 10
MOST_CALLS: Final = 8
"""Each caller at once is a subscriber of its own, and the demo has eight."""
CALLER_NUMBERS: Final = {"known": "903000000{}", "stranger": "999999999{}", "withheld": "guest{}"}
WARM: Final = "clips ready"
"""The service logs it when every prompt is decoded or synthesized: a phrase that is synthesized
while a caller waits answers for the disk's cache, not for turn taking."""
WARM_LIMIT_S: Final = 120.0
WARM_POLL_S: Final = 0.2
AUDIO_PORT: Final = 20400
"""First RTP port of a service behind a bad line."""
PORTS_PER_WORKER: Final = 40

Progress = Callable[[int], None]
"""Called with how many turns were done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which turns, how many calls at once, and what the service is told to do otherwise."""

    rows: tuple[TurnRow, ...]
    calls: int = 1
    seed: int = 611
    overrides: Mapping[str, object] = field(default_factory=dict)
    """IVR_SECTION__KEY variables of the service."""


def read_turns(path: Path = TURNS_FILE) -> tuple[TurnRow, ...]:
    """The set; `SetupError` when it is missing, `ConfigError` when it is wrong."""
    if not path.exists():
        raise SetupError("turns", f"{path} is missing: restore it or write it by ivr bench compose")
    return parse(path.read_text(encoding="utf-8"), str(path))


def chosen(
    rows: Sequence[TurnRow], part: Half | None, only: Profile | None, sample: int, seed: int
) -> tuple[TurnRow, ...]:
    """The turns asked for in a seeded order; `sample` 0: all of them.

    A sample has of every profile what its share is, and at least one.
    """
    mine = [row for row in rows if part in (None, row.part) and only in (None, row.profile)]
    rng = np.random.default_rng(seed)
    mixed = [mine[int(index)] for index in rng.permutation(len(mine))]
    if not sample or sample >= len(mixed):
        return tuple(mixed)
    groups: dict[Profile, list[TurnRow]] = defaultdict(list)
    for row in mixed:
        groups[row.profile].append(row)
    # Each turn's place within its profile, 0..1: the smallest are spread over all profiles.
    places = {
        row.id: (place / len(group), place)
        for group in groups.values()
        for place, row in enumerate(group)
    }
    kept = {row.id for row in sorted(mixed, key=lambda row: places[row.id])[:sample]}
    return tuple(row for row in mixed if row.id in kept)


async def run_turns(plan: Plan, sounds: SoundBank, progress: Progress) -> list[TurnOutcome]:
    """Speak all turns of the plan; those on a bad line in a second service."""
    await sounds.render(plan.rows)
    good = [row for row in plan.rows if not row.needs_bad_line]
    bad = [row for row in plan.rows if row.needs_bad_line]
    outcomes = []
    for rows, has_line in ((good, False), (bad, True)):
        if rows:
            outcomes += await _pass(plan, rows, sounds, has_line, progress)
    return outcomes


async def _pass(
    plan: Plan, rows: Sequence[TurnRow], sounds: SoundBank, has_line: bool, progress: Progress
) -> list[TurnOutcome]:
    calls = 1 if has_line else plan.calls  # what the line loses, it loses of every call
    workers = -(-calls // 2)
    overrides: dict[str, object] = {
        "IVR_MEDIA__WORKERS": workers,
        "IVR_RECORDS__RECORDINGS": "false",
        "IVR_SIP__CALLS_PER_SECOND": 100,
        **plan.overrides,
    }
    if has_line:
        overrides |= {"IVR_SIP__PUBLIC_ADDRESS": PUBLIC, "IVR_MEDIA__RTP_PORT": AUDIO_PORT}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ivr-turns-")))
        service = await stack.enter_async_context(ServiceProcess(folder, **overrides))
        store = await SqlStore.open(f"sqlite:///{folder}/ivr.db", create=False)
        stack.push_async_callback(store.aclose)
        queue = await SqlQueueStore.open(f"sqlite:///{folder}/queue.db")
        stack.push_async_callback(queue.aclose)
        phones = [await stack.enter_async_context(Softphone()) for _ in range(-(-calls // LEGS))]
        line = None
        if has_line:
            port = int(service.sip.rpartition(":")[2])
            audio = range(AUDIO_PORT, AUDIO_PORT + workers * PORTS_PER_WORKER)
            line = await stack.enter_async_context(Line((port,), audio, plan.seed))
        await _warm(service)
        batches = batches_of(rows)
        outcomes: list[TurnOutcome] = []

        async def lane(number: int) -> None:
            simulator = Simulator(
                phone=phones[number // LEGS],
                target=service.sip,
                records=CallRecords(store),
                store=store,
                queue=queue,
                sounds=sounds,
                line=line,
            )
            while batches:
                batch = batches.pop()
                caller = CALLER_NUMBERS[batch[0].caller].format(number + 1)
                found = await simulator.speak(caller, batch)
                outcomes.extend(found)
                progress(len(found))

        await asyncio.gather(*(lane(number) for number in range(calls)))
    return outcomes


async def _warm(service: ServiceProcess) -> None:
    """Wait until every prompt is ready. `SetupError` when that takes too long."""
    waited_s = 0.0
    while WARM not in service.log_text():
        if waited_s >= WARM_LIMIT_S:
            raise SetupError("service", f"prompts are not ready after {WARM_LIMIT_S:.0f} s")
        await asyncio.sleep(WARM_POLL_S)
        waited_s += WARM_POLL_S


def batches_of(rows: Sequence[TurnRow]) -> list[list[TurnRow]]:
    """Turns of one kind of caller, as many as a call takes, in their order."""
    batches: list[list[TurnRow]] = []
    for kind in CALLER_NUMBERS:
        mine = [row for row in rows if row.caller == kind]
        batches += [
            mine[start : start + TURNS_PER_CALL] for start in range(0, len(mine), TURNS_PER_CALL)
        ]
    return batches
