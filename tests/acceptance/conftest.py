"""One real service behind its real front for the whole folder, and phones to call it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ivr.softphone.bank import FixtureBank
from ivr.softphone.caller import PhoneCall
from ivr.softphone.phone import Softphone
from ivr.testing.service import ServiceProcess
from tests.acceptance.support import FAST, Records


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is an acceptance test on one event loop for the whole session."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.acceptance)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def says() -> Callable[[str], bytes]:
    """Text -> samples of the fixture that says exactly this."""
    return FixtureBank().says


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def operator() -> AsyncIterator[Softphone]:
    """The operator's phone."""
    async with Softphone() as phone:
        yield phone


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def service(
    tmp_path_factory: pytest.TempPathFactory, operator: Softphone
) -> AsyncIterator[ServiceProcess]:
    """A running service with four media workers whose operator is the `operator` phone."""
    folder = tmp_path_factory.mktemp("service")
    target = operator.uri.replace("sip:ivr@", "sip:operator@")
    async with ServiceProcess(
        folder, IVR_MEDIA__WORKERS=4, IVR_HANDOFF__OPERATOR=target, **FAST
    ) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def phone() -> AsyncIterator[Softphone]:
    """A caller's phone that follows REFER."""
    async with Softphone() as caller:
        yield caller


@pytest.fixture
def records(service: ServiceProcess) -> Records:
    return Records(service)


Dial = Callable[..., Awaitable[PhoneCall]]


@pytest.fixture
def dial(service: ServiceProcess, phone: Softphone) -> Dial:
    """Call 0611 as a subscriber; gives a `PhoneCall` to enter."""

    async def dialled(caller: str, **options: Any) -> PhoneCall:
        return await phone.call(service.sip, caller=caller, **options)

    return dialled
