"""A bad back office costs an answer, never a call."""

import asyncio
import inspect
from typing import Any

import pytest

from ivr.errors import ServiceError
from ivr.services.guard import GuardedBackOffice
from ivr.services.port import BackOffice

pytestmark = pytest.mark.unit

METHODS = [name for name, _ in inspect.getmembers(BackOffice, inspect.isfunction) if name[0] != "_"]


class BackOfficeThat:
    """Every method does the same."""

    def __init__(self, behaviour: Any) -> None:
        self._behaviour = behaviour

    def __getattr__(self, _name: str) -> Any:
        async def method(*_arguments: Any, **_named: Any) -> Any:
            return await self._behaviour()

        return method


async def ask(office: Any, method: str) -> Any:
    if method in ("check", "aclose"):
        return await getattr(office, method)()
    named = {"connect_promised_payment": {"order_id": "1"}, "disconnect_service": {"name": "Гудок"}}
    return await getattr(office, method)("9030000001", **named.get(method, {}))


async def hangs() -> None:
    await asyncio.Event().wait()


async def breaks() -> None:
    raise ZeroDivisionError("somebody else's bug")


async def refuses() -> None:
    raise ServiceError("denied", "no", retryable=False)


async def answers() -> str:
    return "an answer"


@pytest.mark.parametrize("method", METHODS)
async def test_an_answer_passes(method: str) -> None:
    office = GuardedBackOffice(BackOfficeThat(answers), 5.0)
    assert await ask(office, method) in ("an answer", None)


@pytest.mark.parametrize(
    ("behaviour", "code"), [(hangs, "timeout"), (breaks, "fault"), (refuses, "denied")]
)
@pytest.mark.parametrize("method", [name for name in METHODS if name != "aclose"])
async def test_whatever_goes_wrong_is_a_service_error(
    method: str, behaviour: Any, code: str
) -> None:
    office = GuardedBackOffice(BackOfficeThat(behaviour), 0.001)
    with pytest.raises(ServiceError) as failure:
        await ask(office, method)
    assert failure.value.code == code


async def test_an_adapter_without_a_method_is_a_service_error() -> None:
    office = GuardedBackOffice(object(), 5.0)  # type: ignore[arg-type]
    with pytest.raises(ServiceError) as failure:
        await office.balance("9030000001")
    assert failure.value.code == "fault"


@pytest.mark.parametrize("behaviour", [hangs, breaks, refuses, answers])
async def test_closing_never_raises(behaviour: Any) -> None:
    await GuardedBackOffice(BackOfficeThat(behaviour), 0.001).aclose()


async def test_a_caller_who_hangs_up_cancels_the_question() -> None:
    asking = asyncio.ensure_future(GuardedBackOffice(BackOfficeThat(hangs), 60.0).balance("1"))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
