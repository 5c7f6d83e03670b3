"""The intent engine a configuration asks for: a server somewhere, or a child of our own."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from ivr.config import NluSettings
from ivr.nlu.rasa_nlu import RasaNlu
from ivr.nlu.rasa_server import RasaServer
from ivr.nlu.training import expected_model

DATA: Final = Path("nlu_data")
MODELS: Final = Path("models/rasa")


class NluEngine:
    """A client and, where we started it, the server behind it. Event loop only."""

    def __init__(self, client: RasaNlu, server: RasaServer | None, description: str) -> None:
        self.client = client
        self.description = description
        self._server = server

    @property
    def healthy(self) -> bool:
        """False while our own server is down; a foreign one is judged by its answers only."""
        return self._server is None or self._server.healthy

    async def aclose(self) -> None:
        """Close the client and end our server."""
        await self.client.aclose()
        if self._server is not None:
            await self._server.aclose()


async def open_engine(
    settings: NluSettings, runtime: Path, on_progress: Callable[[str], None] = lambda _: None
) -> NluEngine:
    """Connect to the configured server, or start one and wait until it answers.

    Raises `SetupError` when environment or model are missing, `NluError` when it does not start.
    """
    if settings.url:
        client = _client(settings.url, settings.token, settings)
        return NluEngine(client, None, f"Rasa at {settings.url}")
    model = Path(settings.model) if settings.model else await _expected_model()
    server = RasaServer(
        python=Path(settings.python), model=model, runtime=runtime, on_progress=on_progress
    )
    await server.start()
    client = _client(server.url, server.token, settings)
    return NluEngine(client, server, f"Rasa, model {model.name.removesuffix('.tar.gz')}")


async def _expected_model() -> Path:
    return await asyncio.to_thread(expected_model, DATA, MODELS)


def _client(url: str, token: str, settings: NluSettings) -> RasaNlu:
    return RasaNlu(url, token, settings.timeout_s, today=lambda: datetime.now().astimezone().date())
