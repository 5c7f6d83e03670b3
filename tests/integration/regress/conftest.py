"""What every run needs: the intent engine, once."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ivr.nlu.rasa_server import RasaServer
from tests.rasa import rasa_server


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def rasa(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RasaServer]:
    """One for all runs: starting it takes longer than they do."""
    async with rasa_server(tmp_path_factory.mktemp("rasa")) as server:
        yield server
