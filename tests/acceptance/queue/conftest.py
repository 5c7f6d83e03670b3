"""For each file a real service with a queue, by the file's `RULES`, and phones of its people."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ivr.nlu.rasa_server import RasaServer
from ivr.softphone.phone import Softphone
from ivr.testing.service import ServiceProcess
from tests.acceptance.queue.support import Queue, queue_of, service_with_queue
from tests.rasa import rasa_server

OPERATORS = ("anna", "boris")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def anna() -> AsyncIterator[Softphone]:
    """The phone of an operator."""
    async with Softphone() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def boris() -> AsyncIterator[Softphone]:
    """Another one."""
    async with Softphone() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def customer() -> AsyncIterator[Softphone]:
    """The phone of everybody who is called back."""
    async with Softphone() as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def rasa(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RasaServer]:
    """One for all services: most of a service's start is Rasa's."""
    async with rasa_server(tmp_path_factory.mktemp("rasa")) as server:
        yield server


@pytest.fixture(scope="module")
def rules(request: pytest.FixtureRequest, rasa: RasaServer) -> dict[str, Any]:
    """Settings of the file's service."""
    engine = {"IVR_NLU__URL": rasa.url, "IVR_NLU__TOKEN": rasa.token}
    return {**engine, **getattr(request.module, "RULES", {})}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("queue")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared(folder: Path, anna: Softphone, boris: Softphone) -> AsyncIterator[Queue]:
    """The queue's database, in which two operators are known before the service starts."""
    async with queue_of(folder) as opened:
        await opened.on_duty("anna", anna)
        await opened.on_duty("boris", boris)
        await opened.off_duty(*OPERATORS)
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(
    folder: Path, shared: Queue, customer: Softphone, rules: dict[str, Any]
) -> AsyncIterator[ServiceProcess]:
    async with service_with_queue(folder, customer, **rules) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def queue(service: ServiceProcess, shared: Queue) -> AsyncIterator[Queue]:
    """With nobody on duty at first; whatever a test left is taken back, and nobody is stuck."""
    yield shared
    await shared.is_left_by(*OPERATORS)
