"""Everything a replayed call needs but its leg, opened once a process; then one call a case."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ivr.app import open_prompts, session_settings
from ivr.audio.pcm import duration_s
from ivr.call.conversation import Understanding
from ivr.call.session import CallSession
from ivr.call.session_parts import SharedParts
from ivr.config import Settings
from ivr.dialogue.actions import Ask
from ivr.dialogue.policy import PolicySettings
from ivr.events import CallId
from ivr.nlu.rasa_nlu import RasaNlu
from ivr.nlu.schema import NluClient
from ivr.regress.file_leg import FileLeg, Manners
from ivr.regress.outcome import Outcome
from ivr.regress.story import Story, told
from ivr.regress.virtual import (
    THE_DAY,
    Journal,
    SettledFactory,
    Stillness,
    VirtualClock,
    WatchedNlu,
    WatchedPolicy,
)
from ivr.services.demo import DemoBackOffice
from ivr.services.guard import GuardedBackOffice
from ivr.sip.leg import Leg
from ivr.speech.prompts import PromptBank
from ivr.speech.vosk_asr import VoskRecognizerFactory
from ivr.storage.sql import SqlStore

NLU_TIMEOUT_S = 15.0
"""No virtual time passes meanwhile; a busy machine must not change what is compared."""
OPERATOR = "sip:operator@replay.invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabPlan:
    """What a process needs to know to open a lab."""

    settings: Settings
    model: Path
    """Vosk model."""
    nlu_url: str
    nlu_token: str
    folder: Path
    """For the records of this process."""
    caller: str
    manners: Manners


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What one replayed call runs on and is seen by."""

    clock: VirtualClock
    stillness: Stillness
    journal: Journal
    policy: WatchedPolicy
    nlu: WatchedNlu


class Lab:
    """Replays calls one after the other. Event loop only."""

    def __init__(
        self,
        plan: LabPlan,
        recognizers: VoskRecognizerFactory,
        nlu: NluClient,
        prompts: PromptBank,
        store: SqlStore,
    ) -> None:
        self._plan = plan
        self._recognizers = recognizers
        self._nlu = nlu
        self._prompts = prompts
        self._store = store
        handoff = plan.settings.handoff.model_copy(update={"operator": OPERATOR, "refer": True})
        records = plan.settings.records.model_copy(update={"recordings": False})
        settings = plan.settings.model_copy(update={"handoff": handoff, "records": records})
        live = session_settings(settings)
        # A busy machine must not change when a turn ends.
        patience = replace(live.patience, look_limit_s=None)
        self._session = replace(live, patience=patience)
        self._policy = PolicySettings(
            accept=settings.nlu.accept,
            confirm=settings.nlu.confirm,
            no_input_s=settings.dialogue.no_input_s,
            operator_available=True,
        )

    async def replay(self, file: str, condition: str, speech: bytes) -> Outcome:
        """One call in which the caller says `speech` (int16 mono 8 kHz)."""
        began = time.perf_counter()
        stage = self.stage()
        policy, clock, nlu = stage.policy, stage.clock, stage.nlu

        def answered() -> bool:
            # Begins with the greeting's step; the caller's own turns follow.
            return len(policy.steps) > 1 and isinstance(policy.steps[-1][1][-1], Ask)

        leg = FileLeg(
            speech,
            ani=self._plan.caller,
            clock=clock,
            stillness=stage.stillness,
            finished=answered,
            manners=self._plan.manners,
        )
        await self.run(stage, leg)
        story = Story(
            entries=tuple(stage.journal.entries),
            steps=tuple(policy.steps),
            speech_began_s=leg.speech_began_s or 0.0,
            text_of=self._prompts.text_of,
        )
        return told(
            story,
            Outcome(
                file=file,
                condition=condition,
                error="the call came to no end" if leg.gave_up else "",
                seconds=duration_s(speech),
                call_s=clock.audio_s,
                wall_s=time.perf_counter() - began,
                nlu_ms=nlu.took_ms[0] if nlu.took_ms else 0.0,
            ),
        )

    def stage(self) -> Stage:
        """Time and watched parts of one call; its leg is made around them."""
        clock, stillness = VirtualClock(), Stillness()
        return Stage(
            clock=clock,
            stillness=stillness,
            journal=Journal(clock, stillness),
            policy=WatchedPolicy(self._policy, stillness),
            nlu=WatchedNlu(self._nlu, stillness),
        )

    async def run(self, stage: Stage, leg: Leg) -> None:
        """The whole call of this leg; what happened is in the stage's journal then."""
        demo = DemoBackOffice("sqlite://", stage.clock)  # in memory: as new for every call
        back_office = GuardedBackOffice(demo, NLU_TIMEOUT_S)
        parts = SharedParts(
            policy=stage.policy,
            renderer=self._prompts,
            recognizers=SettledFactory(self._recognizers),
            understanding=Understanding(
                client=stage.nlu, accept=self._policy.accept, confirm=self._policy.confirm
            ),
            back_office=back_office,
            store=self._store,
            publish=stage.journal.publish,
            clock=stage.clock,
        )
        try:
            await CallSession(CallId("replay"), leg, parts, self._session).run()
        finally:
            await back_office.aclose()


@asynccontextmanager
async def open_lab(plan: LabPlan) -> AsyncIterator[Lab]:
    """A lab within the block. Raises `IvrError` when a part is missing."""
    async with AsyncExitStack() as stack:
        recognizers = await VoskRecognizerFactory.load(
            plan.model, threads=1, questions=plan.settings.speech.question_graphs
        )
        stack.push_async_callback(recognizers.aclose)
        nlu = RasaNlu(plan.nlu_url, plan.nlu_token, NLU_TIMEOUT_S, today=THE_DAY.date)
        stack.push_async_callback(nlu.aclose)
        prompts = open_prompts(stack, plan.settings)
        plan.folder.mkdir(parents=True, exist_ok=True)
        store = await SqlStore.open(f"sqlite:///{plan.folder}/records.db")
        stack.push_async_callback(store.aclose)
        yield Lab(plan, recognizers, nlu, prompts, store)
