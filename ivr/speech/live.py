"""The recognizers of a running service: when another graph is put in force, new calls use it.

A call keeps the model it began with; a model is given back after its last call. What cannot be
loaded changes nothing but the fault that `fault` tells.
"""

import asyncio
import logging
from pathlib import Path
from typing import Final

from ivr.config import SpeechSettings
from ivr.errors import AsrError, IvrError
from ivr.speech.graph_choice import mark
from ivr.speech.models import MODELS_FOLDER, ResolvedModel, bundled, in_force, resolve
from ivr.speech.vosk_asr import VoskRecognizer, VoskRecognizerFactory, new_pool

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.5
"""How often the choice is looked at: one `stat`."""


class LiveRecognizers:
    """`RecognizerFactory` that follows the graph in force. Event loop only; see `open`, `follow`.

    Loading takes a thread of its own, so that calls go on being decoded meanwhile.
    """

    def __init__(self, settings: SpeechSettings, folder: Path = MODELS_FOLDER) -> None:
        self._settings = settings
        self._folder = folder
        self._graphs = Path(settings.graphs)
        self._pool = new_pool(settings.threads)
        self._seen = mark(self._graphs)
        self._model: ResolvedModel
        self._factory: VoskRecognizerFactory
        self._fault = ""

    @classmethod
    async def open(
        cls, settings: SpeechSettings, folder: Path = MODELS_FOLDER
    ) -> "LiveRecognizers":
        """Load the model to use. A graph of our own that is missing or damaged is told by `fault`
        and replaced by the bundled one; raises `SetupError` or `AsrError` when nothing can be
        loaded."""
        self = cls(settings, folder)
        self._model = resolve(settings.model, folder, self._graphs)
        self._fault = self._model.fault
        try:
            self._factory = await self._load(self._model)
        except AsrError as exc:
            if not self._model.follows_choice:
                raise
            self._fault = exc.message
            self._model = bundled(folder, exc.message)
            self._factory = await self._load(self._model)
        if self._fault:
            log.error("x graph not in force: %s", self._fault, extra={"action": "model"})
        return self

    @property
    def description(self) -> str:
        """Which model new calls get and why."""
        return self._model.description

    @property
    def fault(self) -> str:
        """Why the graph that was put in force is not used; '' when all is well."""
        return self._fault

    def create(self) -> VoskRecognizer:
        """A recognizer of the present model for one leg."""
        return self._factory.create()

    async def follow(self) -> None:
        """Until cancelled: notice that another graph is in force, load it, give it to new calls."""
        if not self._model.follows_choice:
            return
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            seen = mark(self._graphs)
            if seen != self._seen:
                self._seen = seen
                await self._change()

    async def aclose(self) -> None:
        """Stop the recognizer threads after what they are doing."""
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    async def _change(self) -> None:
        try:
            wanted = in_force(self._folder, self._graphs)
            if wanted.path != self._model.path:
                self._replace(await self._load(wanted), wanted.path.name)
        except (IvrError, OSError, ValueError) as exc:
            why = exc.message if isinstance(exc, IvrError) else str(exc)
            self._fault = f"{why}; {self._model.path.name} goes on"
            log.error("x model not changed: %s", self._fault, extra={"action": "model"})
        else:
            self._model, self._fault = wanted, ""

    def _replace(self, factory: VoskRecognizerFactory, name: str) -> None:
        old, self._factory = self._factory, factory
        old.retire()
        log.info(
            "- model for new calls: %s -> %s", self._model.path.name, name,
            extra={"action": "model"},
        )  # fmt: skip

    async def _load(self, model: ResolvedModel) -> VoskRecognizerFactory:
        return await VoskRecognizerFactory.load(
            model.path, pool=self._pool, questions=self._settings.question_graphs
        )
