"""Settings -> a running service. The only place that constructs adapters and wires them."""

import asyncio
import importlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from ivr.analytics.metrics import Metrics
from ivr.app_queue import QueueNode, open_queue
from ivr.app_queue_rules import operator_rules
from ivr.call.conversation import Understanding
from ivr.call.endings import Endings
from ivr.call.patience import PatienceSettings
from ivr.call.registry import CallRegistry
from ivr.call.session import CallSession
from ivr.call.session_parts import SessionSettings, SharedParts
from ivr.clock import SystemClock
from ivr.config import Settings
from ivr.dialogue.actions import QuestionKind
from ivr.dialogue.hearing import readings_back
from ivr.dialogue.policy import Policy, PolicySettings
from ivr.errors import ConfigError
from ivr.events import CallId, EventBus, Subscription
from ivr.handoff.operator import OperatorSettings
from ivr.http.api import create_app
from ivr.http.health import Health, PartHealth
from ivr.http.server import HttpServer
from ivr.media.pool import MediaPool
from ivr.nlu.engine import DATA, NluEngine, open_engine
from ivr.nlu.normalise import words_of
from ivr.nlu.phrases import read_phrases
from ivr.services.guard import GuardedBackOffice
from ivr.services.port import BackOffice
from ivr.sip.leg import Leg, LegIdentity
from ivr.speech.endpointing import EndpointingProfile
from ivr.speech.live import LiveRecognizers
from ivr.speech.prompt_texts import PromptTexts, load_prompt_texts
from ivr.speech.prompts import PromptBank
from ivr.speech.synthesis.choice import choose_synthesizer
from ivr.storage.record_writer import RecordWriter
from ivr.storage.retention import Retention
from ivr.storage.sql import SqlStore

log = logging.getLogger(__name__)

Progress = Callable[[str], None]
"""Told one short line before each step of the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A service that takes calls."""

    settings: Settings
    bus: EventBus
    pool: MediaPool
    registry: CallRegistry
    store: SqlStore
    queue: QueueNode
    http_url: str
    recognizer: str
    """Which recognition model is used and why."""

    async def drain(self) -> int:
        """Take no new calls and let the present ones end; how many had to be ended."""
        self.registry.draining = True
        await self.pool.drain()
        await self.queue.dispatcher.drain()
        limit_s = self.settings.service.drain_s
        return sum(
            await asyncio.gather(
                self.registry.drain(limit_s), self.queue.dispatcher.talked(limit_s)
            )
        )


@asynccontextmanager
async def running(settings: Settings, progress: Progress) -> AsyncIterator[App]:
    """A service that takes calls within the block. Raises `IvrError` when it cannot start."""
    async with AsyncExitStack() as stack:
        bus = EventBus()
        store = await _open_store(stack, settings, progress)
        metrics = Metrics()
        metrics.watch(_subscribe(stack, bus, "records", RecordWriter(store).run))
        metrics.watch(_subscribe(stack, bus, "metrics", metrics.run))
        parts, engine, recognizers = await _open_parts(stack, settings, bus, store, progress)

        def on_incoming(leg: Leg) -> None:
            registry.on_incoming(leg)  # the queue dials by the pool, and calls need the queue

        def on_rejected(identity: LegIdentity, status: int) -> None:
            registry.on_rejected(identity, status)

        pool = MediaPool(settings, on_incoming=on_incoming, on_rejected=on_rejected)
        queue = await _open_queue(stack, settings, parts, pool, progress)
        registry = _make_registry(settings, replace(parts, queue=queue.desk), bus)
        stack.push_async_callback(registry.drain, 0.0)
        progress("media workers")
        stack.push_async_callback(pool.aclose)
        await pool.start(legs_until=queue.dispatcher.legs_until)
        _start(stack, queue.desk.outlook.follow(), "queue outlook")
        stack.push_async_callback(queue.dispatcher.aclose)
        _start(stack, queue.dispatcher.run(), "queue dispatcher")

        metrics.workers_up_from(lambda: pool.status().workers_up)
        metrics.rasa_up_from(lambda: engine.healthy)
        metrics.intent_model_from(lambda: engine.model)
        metrics.tasks_from(lambda: len(asyncio.all_tasks()))

        def health() -> Health:
            return _health(pool, engine, recognizers, store, queue, registry)

        server = await HttpServer.start(
            create_app(
                health=health,
                store=store,
                metrics=metrics,
                token=settings.http.token,
                address=settings.http.address,
                queue=queue.store,
                talks=queue.talks,
                guard=operator_rules(settings),
            ),
            settings.http.address,
            settings.http.port,
        )
        stack.push_async_callback(server.aclose)
        yield App(
            settings=settings,
            bus=bus,
            pool=pool,
            registry=registry,
            store=store,
            queue=queue,
            http_url=server.url,
            recognizer=recognizers.description,
        )


async def _open_store(stack: AsyncExitStack, settings: Settings, progress: Progress) -> SqlStore:
    progress("records")
    store = await SqlStore.open(settings.records.database)
    stack.push_async_callback(store.aclose)
    _start(stack, Retention.configured(settings, SystemClock()).follow(), "retention")
    return store


async def _open_queue(
    stack: AsyncExitStack,
    settings: Settings,
    parts: SharedParts,
    pool: MediaPool,
    progress: Progress,
) -> QueueNode:
    """The queue, known to be there, and rid of what an earlier run left behind."""
    progress("queue")
    queue = await open_queue(
        stack,
        settings,
        parts,
        pool,
        patience=_patience(settings),
        staffed_policy=make_policy(settings, staffed=True),
    )
    await queue.dispatcher.start()
    await queue.desk.outlook.refresh()
    return queue


async def _open_parts(
    stack: AsyncExitStack,
    settings: Settings,
    bus: EventBus,
    store: SqlStore,
    progress: Progress,
) -> tuple[SharedParts, NluEngine, LiveRecognizers]:
    progress("intent engine")
    engine = await open_engine(settings.nlu, Path(settings.service.runtime), follow=True)
    stack.push_async_callback(engine.aclose)
    progress("prompts")
    bank = open_prompts(stack, settings)
    _start(stack, bank.warm(readings_back()), "warm prompts")
    progress("recognition model")
    recognizers = await LiveRecognizers.open(settings.speech)
    stack.push_async_callback(recognizers.aclose)
    _start(stack, recognizers.follow(), "follow the graph in force")
    progress("back office")
    back_office = open_back_office(settings)
    stack.push_async_callback(back_office.aclose)
    parts = SharedParts(
        policy=make_policy(settings),
        renderer=bank,
        recognizers=recognizers,
        understanding=Understanding(
            client=engine.client, accept=settings.nlu.accept, confirm=settings.nlu.confirm
        ),
        back_office=back_office,
        store=store,
        publish=bus.publish,
        clock=SystemClock(),
    )
    return parts, engine, recognizers


def make_policy(settings: Settings, *, staffed: bool = False) -> Policy:
    """The dialogue's rules with this configuration; `staffed`: the queue has operators."""
    return Policy(
        PolicySettings(
            accept=settings.nlu.accept,
            confirm=settings.nlu.confirm,
            no_input_s=settings.dialogue.no_input_s,
            wait_s=settings.dialogue.hold_s,
            key_gap_s=settings.dialogue.key_gap_s,
            operator_available=staffed or bool(settings.handoff.operator),
            queued=staffed,
            slot_minutes=settings.callback.slot_minutes,
            zone=ZoneInfo(settings.callback.zone),
        )
    )


def open_texts(settings: Settings) -> PromptTexts:
    """What every prompt says."""
    return load_prompt_texts(Path(settings.voice.prompts))


def open_prompts(stack: AsyncExitStack, settings: Settings) -> PromptBank:
    """The bank that renders phrases."""
    bank = PromptBank(
        Path(settings.voice.prompts),
        open_texts(settings),
        choose_synthesizer(settings.voice),
        Path(settings.voice.cache),
    )
    stack.push_async_callback(bank.aclose)
    return bank


def open_back_office(settings: Settings) -> BackOffice:
    """The configured adapter behind a guard that no fault and no delay gets past."""
    name = settings.back_office.factory
    module, _, function = name.partition(":")
    try:
        create = cast(
            Callable[[str], BackOffice], getattr(importlib.import_module(module), function)
        )
    except (ImportError, AttributeError, ValueError) as exc:
        raise ConfigError(
            "back_office.factory", name, f"'module:function' of an adapter ({exc})"
        ) from exc
    return GuardedBackOffice(create(settings.back_office.url), settings.back_office.timeout_s)


def session_settings(settings: Settings) -> SessionSettings:
    """What calls need to know of the configuration."""
    speech, handoff, records = settings.speech, settings.handoff, settings.records
    return SessionSettings(
        patience=_patience(settings),
        vad_aggressiveness=speech.vad_aggressiveness,
        operator=OperatorSettings(
            target=handoff.operator,
            refer=handoff.refer,
            attended=handoff.attended,
            briefing_s=handoff.briefing_s,
            refer_timeout_s=handoff.refer_timeout_s,
            dial_timeout_s=handoff.dial_timeout_s,
        ),
        max_call_s=settings.media.max_call_s,
        recordings=Path(records.recordings_folder) if records.recordings else None,
        announce_recording=settings.dialogue.announce_recording,
        soft_gain=_soft_gain(settings.dialogue.duck_db),
    )


def _patience(settings: Settings) -> PatienceSettings:
    """Endpointing profiles by question; with silence alone all words are worth the same."""
    speech = settings.speech
    understanding = speech.endpointing != "silence"
    profiles = {}
    for kind in QuestionKind:
        if understanding:
            complete_ms, undecided_ms, incomplete_ms = getattr(settings.patience, kind.value)
        else:
            is_open = kind is QuestionKind.OPEN
            fixed_ms = speech.trailing_silence_ms if is_open else speech.trailing_silence_closed_ms
            complete_ms = undecided_ms = incomplete_ms = fixed_ms
        profiles[kind] = EndpointingProfile(
            start_ms=speech.start_ms,
            complete_ms=complete_ms,
            trailing_silence_ms=undecided_ms,
            incomplete_ms=incomplete_ms,
            max_utterance_s=speech.max_utterance_s,
        )
    return PatienceSettings(
        profiles=profiles,
        endings=_endings(),
        understanding=understanding,
        melody=speech.endpointing == "understanding",
    )


@cache
def _endings() -> Endings:
    """How requests end, from the training phrases of the intents where they are at hand."""
    folder = DATA / "nlu"
    phrases = read_phrases(folder) if folder.is_dir() else ()
    return Endings([[word.text for word in words_of(phrase.text)] for phrase in phrases])


def _soft_gain(duck_db: float) -> float:
    """Decibels to a factor; 0 dB means that nothing is softened but stopped."""
    return 10.0 ** (-duck_db / 20.0) if duck_db > 0 else 0.0


def _make_registry(settings: Settings, parts: SharedParts, bus: EventBus) -> CallRegistry:
    per_call = session_settings(settings)

    def run_session(call_id: CallId, leg: Leg) -> Coroutine[Any, Any, None]:
        return CallSession(call_id, leg, parts, per_call).run()

    return CallRegistry(
        run_session,
        bus.publish,
        parts.clock,
        max_calls=settings.media.workers * settings.media.calls_per_worker,
        retry_after_s=settings.sip.retry_after_s,
    )


def _subscribe(
    stack: AsyncExitStack,
    bus: EventBus,
    name: str,
    run: Callable[[Subscription], Coroutine[Any, Any, None]],
) -> Subscription:
    """A consumer of events that has worked off its queue before anything under it closes."""
    subscription = bus.subscribe(name)
    task = asyncio.create_task(run(subscription), name=name)

    async def finish() -> None:
        bus.unsubscribe(subscription)
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(finish)
    return subscription


def _start(stack: AsyncExitStack, work: Coroutine[Any, Any, None], name: str) -> None:
    """A background task that ends with the service."""
    task = asyncio.create_task(work, name=name)

    async def cancel() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(cancel)


def _health(
    pool: MediaPool,
    engine: NluEngine,
    recognizers: LiveRecognizers,
    store: SqlStore,
    queue: QueueNode,
    registry: CallRegistry,
) -> Health:
    status = pool.status()
    return Health(
        parts={
            "media": PartHealth(
                status.workers_up > 0,
                f"{status.workers_up} of {status.workers} workers up, {status.legs} legs",
            ),
            "records": PartHealth(not store.fault, store.fault),
            "queue": PartHealth(not queue.dispatcher.fault, queue.dispatcher.fault, required=False),
            "hearing": PartHealth(
                not recognizers.fault, recognizers.fault or recognizers.description, required=False
            ),
            "intents": PartHealth(engine.healthy, engine.description, required=False),
        },
        draining=registry.draining,
    )
