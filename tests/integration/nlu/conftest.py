"""A real Rasa server with the model of the present data, trained first where it is missing."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.nlu.engine import DATA, MODELS
from ivr.nlu.rasa_nlu import RasaNlu
from ivr.nlu.rasa_server import RasaServer
from ivr.nlu.training import ensure_model
from tests.rasa import PYTHON, rasa_server


@pytest.fixture(scope="session")
def rasa_model() -> Path:
    return ensure_model(DATA, MODELS, PYTHON)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rasa(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RasaServer]:
    async with rasa_server(tmp_path_factory.mktemp("rasa")) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(rasa: RasaServer) -> AsyncIterator[RasaNlu]:
    """Patient, because the machine that runs the tests may be busy with other tests."""
    patient = RasaNlu(rasa.url, rasa.token, 5.0, today=lambda: date(2026, 11, 22))
    yield patient
    await patient.aclose()
