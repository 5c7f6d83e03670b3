"""A real Rasa server with the model of the present data, trained first where it is missing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ivr.nlu.engine import DATA, MODELS
from ivr.nlu.rasa_server import RasaServer
from ivr.nlu.training import ensure_model

PYTHON = Path(".venv-rasa/bin/python")


@asynccontextmanager
async def rasa_server(runtime: Path) -> AsyncIterator[RasaServer]:
    """One that answers; `runtime` is a folder for its home and its log."""
    model = ensure_model(DATA, MODELS, PYTHON)
    server = RasaServer(python=PYTHON, model=model, runtime=runtime)
    await server.start()
    try:
        yield server
    finally:
        await server.aclose()
