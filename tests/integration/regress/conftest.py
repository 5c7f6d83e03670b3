"""What every run needs: the intent engine, once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.nlu.engine import DATA, MODELS
from ivr.nlu.rasa_server import RasaServer
from ivr.nlu.training import ensure_model


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def rasa(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RasaServer]:
    """One for all runs: starting it takes longer than they do."""
    python = Path(".venv-rasa/bin/python")
    model = ensure_model(DATA, MODELS, python)
    server = RasaServer(python=python, model=model, runtime=tmp_path_factory.mktemp("rasa"))
    await server.start()
    yield server
    await server.aclose()
