"""Cases -> outcomes, on several processes. One case at a time each, handed out as they come.

A process that dies (a decoder's abort, no memory) costs the case it was on and is replaced.
"""

import asyncio
import hashlib
import io
import logging
import signal
import time
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Final, Protocol, overload

import numpy as np
import soundfile

from ivr.audio.conditions import apply
from ivr.audio.pcm import LINE_RATE_HZ
from ivr.audio.resample import Samples, to_pcm
from ivr.errors import AudioError, IvrError, SetupError
from ivr.files import write_whole
from ivr.regress.cases import read_recording
from ivr.regress.lab import LabPlan, open_lab
from ivr.regress.outcome import Case, Outcome

PEAKS: Final = 160
"""Points of a waveform."""
STOP_S: Final = 5.0
CASE_S: Final = 300.0
"""Real time after which a process that still works on one recording is taken for stuck."""
MOST_NAME: Final = 80
"""Letters of a recording's name in the name of what was played; some are two bytes each."""
QUIET_S: Final = 0.2
"""Line silence around a recording before noise is laid over it: noise has no edges at words."""


class Replayer(Protocol):
    """Something that plays speech to the service; `ivr.regress.lab.Lab` is one."""

    async def replay(self, file: str, condition: str, speech: bytes) -> Outcome: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounds:
    """Where augmentations take from and leave to."""

    voices: tuple[Path, ...]
    """Recordings that babble is made of."""
    kept: Path
    """Folder for what was played under a condition."""


async def outcome_of(case: Case, replayer: Replayer, sounds: Sounds) -> Outcome:
    """Read, augment, replay. Whatever is wrong with the file is told in the outcome."""
    began = time.perf_counter()
    try:
        recording = read_recording(case.path)
        samples, audio = recording.samples, ""
        if case.augmentation:
            samples = _augmented(case, samples, sounds)
            audio = _keep(case, samples, sounds.kept)
        outcome = await replayer.replay(case.file, case.condition, to_pcm(samples))
    except IvrError as exc:
        return Outcome(
            file=case.file,
            condition=case.condition,
            error=exc.message,
            wall_s=time.perf_counter() - began,
        )
    wall_s = time.perf_counter() - began
    return replace(
        outcome,
        channels=recording.channels,
        rate_hz=recording.rate_hz,
        audio=audio,
        peaks=peaks_of(samples),
        wall_s=wall_s,
    )


def _augmented(case: Case, samples: Samples, sounds: Sounds) -> Samples:
    others = [path for path in sounds.voices if path != case.path] or [case.path]
    quiet = np.zeros(round(QUIET_S * LINE_RATE_HZ), dtype=np.float32)
    padded = np.concatenate((quiet, samples, quiet))
    return apply(case.augmentation, padded, _Voices(others), case.file)


class _Voices(Sequence[Samples]):
    """Recordings that are read when somebody takes them; for one that is broken, the next."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, index: int) -> Samples: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Samples]: ...
    def __getitem__(self, index: int | slice) -> Samples | Sequence[Samples]:
        if isinstance(index, slice):
            return _Voices(self._paths[index])
        for path in (*self._paths[index:], *self._paths[:index]):
            with suppress(AudioError):
                return read_recording(path).samples
        raise AudioError("babble", "no recording for babble can be read")


def _keep(case: Case, samples: Samples, folder: Path) -> str:
    """Named by recording and condition, and by a digest: 'a/b.wav' is not 'a_b.flac'."""
    digest = hashlib.sha256(f"{case.condition}\t{case.file}".encode()).hexdigest()[:8]
    path = folder / f"{Path(case.file).stem[:MOST_NAME]}-{digest}.flac"
    audio = io.BytesIO()
    soundfile.write(audio, samples, LINE_RATE_HZ, format="FLAC", subtype="PCM_16")
    write_whole(path, audio.getvalue())
    return str(path)


def peaks_of(samples: Samples) -> tuple[int, ...]:
    """The loudest sample of equal stretches, percent of full scale."""
    pieces = np.array_split(np.abs(samples), min(PEAKS, max(1, len(samples))))
    return tuple(min(100, round(float(piece.max(initial=0.0)) * 100)) for piece in pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkPlan:
    """What a process is given at its start."""

    lab: LabPlan
    sounds: Sounds


Done = asyncio.Queue["Outcome | asyncio.Task[None]"]
"""What replaying tasks hand over: each outcome, and the task itself at its end."""


async def replay_all(
    cases: Sequence[Case], plan: WorkPlan, workers: int
) -> AsyncGenerator[Outcome, None]:
    """Outcomes as they come, in no order. `SetupError` when the processes do not start."""
    queue = list(reversed(cases))
    done: Done = asyncio.Queue()
    drives = [_drive(queue, plan, number, done) for number in range(min(workers, len(cases)))]
    async with aclosing(collected(drives, done)) as outcomes:
        async for outcome in outcomes:
            yield outcome


async def collected(
    drives: Sequence[Coroutine[Any, Any, None]], done: Done
) -> AsyncGenerator[Outcome, None]:
    """What these coroutines put into `done`, until all have ended; the first fault ends all."""
    tasks = [asyncio.create_task(drive) for drive in drives]
    for task in tasks:
        task.add_done_callback(done.put_nowait)
    try:
        running = len(tasks)
        while running:
            item = await done.get()
            if isinstance(item, Outcome):
                yield item
            else:
                item.result()
                running -= 1
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _drive(queue: list[Case], plan: WorkPlan, number: int, done: Done) -> None:
    """Keep one process busy until the queue is empty."""
    folder = plan.lab.folder / f"worker-{number}"
    own = replace(plan, lab=replace(plan.lab, folder=folder))
    worker = _Worker(own)
    try:
        await worker.started()
        while queue:
            case = queue.pop()
            outcome = await worker.outcome(case)
            if outcome is None:
                await worker.stop()
                worker = _Worker(own)
                await worker.started()
                died = f"the process died or stood still at this recording; see {folder}/log.txt"
                outcome = Outcome(file=case.file, condition=case.condition, error=died)
            done.put_nowait(outcome)
    finally:
        await worker.stop()


class _Worker:
    """One process and the pipe to it. Event loop side; waiting is done on threads."""

    def __init__(self, plan: WorkPlan) -> None:
        context = get_context("spawn")
        self._pipe, far = context.Pipe()
        self._process: SpawnProcess = context.Process(target=serve, args=(plan, far), daemon=True)
        # A terminal sends Ctrl-C to all processes; one that still imports would print a traceback.
        # It is born with the signal blocked, and ours comes when it has been.
        resource_tracker.ensure_running()  # otherwise started below, unblocking signals
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        far.close()

    async def started(self) -> None:
        """`SetupError` when the process could not open its parts."""
        try:
            fault = await asyncio.to_thread(self._pipe.recv)
        except (EOFError, OSError) as exc:
            raise SetupError("regress", "a replaying process did not start") from exc
        if fault:
            raise SetupError("regress", str(fault))

    async def outcome(self, case: Case) -> Outcome | None:
        """None when the process died over it, or does not come to an end."""
        try:
            self._pipe.send(case)
            if not await asyncio.to_thread(self._pipe.poll, CASE_S):
                self._process.kill()
                return None
            answer = self._pipe.recv()
        except (EOFError, OSError):
            return None
        assert isinstance(answer, Outcome)
        return answer

    async def stop(self) -> None:
        """Let it close its parts, or end it. Idempotent."""
        with suppress(OSError):
            self._pipe.send(None)
        await asyncio.to_thread(self._process.join, STOP_S)
        if self._process.is_alive():
            self._process.kill()
            await asyncio.to_thread(self._process.join)


def serve(plan: WorkPlan, pipe: Connection) -> None:
    """The process itself: a case in, an outcome out, None ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    plan.lab.folder.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=plan.lab.folder / "log.txt", level=logging.WARNING)
    asyncio.run(_serve(plan, pipe))


async def _serve(plan: WorkPlan, pipe: Connection) -> None:
    try:
        async with open_lab(plan.lab) as lab:
            pipe.send("")
            while (case := _next(pipe)) is not None:
                pipe.send(await outcome_of(case, lab, plan.sounds))
    except IvrError as exc:
        with suppress(OSError):
            pipe.send(exc.message)


def _next(pipe: Connection) -> Case | None:
    """Blocks the loop, which has nothing else to do between two cases."""
    try:
        case = pipe.recv()
    except EOFError:
        return None
    return case if isinstance(case, Case) else None
