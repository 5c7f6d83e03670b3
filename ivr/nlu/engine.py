"""The intent engine a configuration asks for: a server somewhere, or a child of our own."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from ivr.config import NluSettings
from ivr.errors import NluError
from ivr.nlu.following import ModelFollower, Serving, stamp
from ivr.nlu.model_choice import Choice, choose_model, spare_model
from ivr.nlu.model_folder import ModelFolder
from ivr.nlu.rasa_nlu import RasaNlu
from ivr.nlu.rasa_server import DIED, RasaServer
from ivr.nlu.schema import NluClient

log = logging.getLogger(__name__)

DATA: Final = Path(NluSettings().data)
MODELS: Final = Path(NluSettings().models)
"""Where data and models are unless `nlu.data` and `nlu.models` say otherwise."""


class NluEngine:
    """A client and, where we started it, the server behind it. Event loop only."""

    def __init__(
        self, client: NluClient, place: str, parts: RasaNlu | Serving | ModelFollower
    ) -> None:
        """`parts`: what is behind `client` and is closed with it."""
        self.client = client
        self._place = place
        self._parts = parts

    @property
    def healthy(self) -> bool:
        """False while our own server is down; a foreign one is judged by its answers only."""
        serving = self._serving
        return serving is None or serving.server.healthy

    @property
    def model(self) -> str:
        """Version of the model that answers; '' where a foreign server decides."""
        return self._serving.choice.version if self._serving else ""

    @property
    def description(self) -> str:
        """Which model answers and why, and why another one does not."""
        serving = self._serving
        if serving is None:
            return self._place
        text = f"{self._place}, model {serving.choice.version} ({serving.choice.why})"
        fault = self._parts.fault if isinstance(self._parts, ModelFollower) else ""
        return f"{text}; {fault}" if fault else text

    async def aclose(self) -> None:
        """Close the client and end our servers."""
        await self._parts.aclose()

    @property
    def _serving(self) -> Serving | None:
        match self._parts:
            case ModelFollower(serving=serving) | (Serving() as serving):
                return serving
        return None


async def open_engine(
    settings: NluSettings,
    runtime: Path,
    on_progress: Callable[[str], None] = lambda _: None,
    *,
    follow: bool = False,
) -> NluEngine:
    """Connect to the configured server, or start one and wait until it answers.

    With `follow` the engine changes its model whenever another one is promoted; without, and with
    `nlu.model`, it stays with the first. Raises `SetupError` when environment or model are
    missing, `NluError` when the server does not start.
    """
    if settings.url:
        client = _client(settings.url, settings.token, settings)
        return NluEngine(client, f"Rasa at {settings.url}", client)
    folder = ModelFolder(Path(settings.models))
    seen = stamp(folder)
    starter = _Starter(settings, runtime, on_progress)
    serving = await starter.start_any(await asyncio.to_thread(choose_model, settings))
    if not follow or settings.model:
        return NluEngine(serving.client, "Rasa", serving)
    follower = ModelFollower(folder, serving, starter.start, seen)
    return NluEngine(follower.client, "Rasa", follower)


class _Starter:
    """Starts servers. Two of them live side by side during a switch, so folders take turns."""

    def __init__(
        self, settings: NluSettings, runtime: Path, on_progress: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._on_progress = on_progress
        self._folders = [runtime, runtime / "second"]

    async def start_any(self, choice: Choice) -> Serving:
        """With `choice`, else with its spare: a service that restarts must come up."""
        try:
            return await self.start(choice)
        except NluError as error:
            spare = await asyncio.to_thread(spare_model, self._settings, choice)
            if spare is None or error.code != DIED:
                raise
            log.error("- %s", error.message, extra={"action": "model_not_loaded"})
            return await self.start(spare)

    async def start(self, choice: Choice) -> Serving:
        server = RasaServer(
            python=Path(self._settings.python),
            model=choice.archive,
            runtime=self._folders[0],
            on_progress=self._on_progress,
        )
        await server.start()
        self._folders.reverse()
        return Serving(server, _client(server.url, server.token, self._settings), choice)


def _client(url: str, token: str, settings: NluSettings) -> RasaNlu:
    return RasaNlu(url, token, settings.timeout_s, today=lambda: datetime.now().astimezone().date())
