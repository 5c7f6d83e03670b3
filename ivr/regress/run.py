"""One regression run: open what all processes share, replay, keep progress, judge."""

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path

from ivr.config import Settings
from ivr.nlu.engine import DATA, MODELS
from ivr.nlu.rasa_server import RasaServer
from ivr.nlu.training import ensure_model, expected_model
from ivr.regress.baseline import read_baseline
from ivr.regress.compare import Judgement, judge_all
from ivr.regress.figures import Figures, figures_of
from ivr.regress.file_leg import Manners
from ivr.regress.lab import LabPlan
from ivr.regress.outcome import Case, Outcome
from ivr.regress.progress import ProgressFile, run_id, unfinished
from ivr.regress.sip import marked, replay_over_sip
from ivr.regress.work import Sounds, WorkPlan, replay_all
from ivr.speech.models import resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a run is asked to do."""

    cases: tuple[Case, ...]
    baseline: Path
    out: Path
    """Folder of progress, logs and augmented audio."""
    caller: str
    manners: Manners
    workers: int
    over_sip: bool = False
    resume: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of it."""

    judgements: tuple[Judgement, ...]
    figures: Figures
    wall_s: float
    """Real time of the replays, without starting Rasa and the processes."""
    replayed: int
    """Cases run now; the others were taken from an interrupted run."""
    speech_s: float
    """Length of the recordings run now."""
    call_s: float

    @property
    def speed(self) -> float:
        """Seconds of recordings per second."""
        return self.speech_s / self.wall_s if self.wall_s else 0.0


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told how it goes; both return at once."""

    step: Callable[[str], None]
    """A line before each step of the start."""
    progress: Callable[[int, int, Outcome | None], None]
    """Done, of how many, the last outcome."""


async def regress(settings: Settings, request: Request, watcher: Watcher) -> Report:
    """Replay and judge. `IvrError` when the run cannot be made at all."""
    cases = tuple(map(marked, request.cases)) if request.over_sip else request.cases
    accepted = read_baseline(request.baseline)
    model = resolve(settings.speech.model).path
    rasa = await asyncio.to_thread(_intent_model, settings)
    facts = (settings.model_dump_json(), request.caller, request.manners.value)
    run = run_id(cases, (model, rasa), facts)
    progress = request.out / "progress.jsonl"
    known = unfinished(progress, run) if request.resume else {}
    left = [case for case in cases if (case.file, case.condition) not in known]
    outcomes = dict(known)
    fresh: list[Outcome] = []
    began = time.perf_counter()
    watcher.progress(len(outcomes), len(cases), None)
    if left:
        with ProgressFile(progress, run, known.values()) as kept:
            async with aclosing(_replay(settings, request, left, rasa, watcher)) as coming:
                async for outcome in coming:
                    if not fresh:
                        began = time.perf_counter() - outcome.wall_s
                    kept.add(outcome)
                    fresh.append(outcome)
                    outcomes[outcome.key] = outcome
                    watcher.progress(len(outcomes), len(cases), outcome)
    wall_s = time.perf_counter() - began
    judgements = judge_all(cases, outcomes, accepted)
    return Report(
        judgements=judgements,
        figures=figures_of(judgements),
        wall_s=wall_s if fresh else 0.0,
        replayed=len(fresh),
        speech_s=sum(outcome.seconds for outcome in fresh),
        call_s=sum(outcome.call_s for outcome in fresh),
    )


def _intent_model(settings: Settings) -> Path:
    """Trained first where it is missing; a server that somebody else runs has its own."""
    if settings.nlu.url:
        return Path(settings.nlu.url)
    if settings.nlu.model:
        return Path(settings.nlu.model)
    model = expected_model(DATA, MODELS)
    return model if model.exists() else ensure_model(DATA, MODELS, Path(settings.nlu.python))


async def _replay(
    settings: Settings,
    request: Request,
    cases: Sequence[Case],
    rasa: Path,
    watcher: Watcher,
) -> AsyncGenerator[Outcome, None]:
    request.out.mkdir(parents=True, exist_ok=True)
    sounds = Sounds(
        voices=tuple(dict.fromkeys(case.path for case in request.cases if case.text)),
        kept=request.out / "audio",
    )
    async with AsyncExitStack() as stack:
        if request.over_sip:
            watcher.step("service")
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ivr-regress-")))
            source = replay_over_sip(cases, sounds, settings, folder, request.workers)
        else:
            url, token = await _intents(stack, settings, request.out, rasa, watcher)
            watcher.step(f"{request.workers} processes")
            lab = LabPlan(
                settings=settings,
                model=resolve(settings.speech.model).path,
                nlu_url=url,
                nlu_token=token,
                folder=request.out,
                caller=request.caller,
                manners=request.manners,
            )
            source = replay_all(cases, WorkPlan(lab=lab, sounds=sounds), request.workers)
        async with aclosing(source) as outcomes:
            async for outcome in outcomes:
                yield outcome


async def _intents(
    stack: AsyncExitStack, settings: Settings, out: Path, model: Path, watcher: Watcher
) -> tuple[str, str]:
    """Address and token of the configured Rasa, or of one started for this run."""
    if settings.nlu.url:
        return settings.nlu.url, settings.nlu.token
    watcher.step("intent engine")
    server = RasaServer(python=Path(settings.nlu.python), model=model, runtime=out / "rasa")
    stack.push_async_callback(server.aclose)
    await server.start()
    return server.url, server.token
