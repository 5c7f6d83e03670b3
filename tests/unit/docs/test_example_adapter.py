"""The adapter that the README tells people to copy works as it stands."""

import importlib.util
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from ivr.errors import ServiceError
from ivr.services.guard import GuardedBackOffice
from ivr.services.port import Charge, ChargeKind, OutageScope, PackageKind, Payment

pytestmark = pytest.mark.unit

FILE = Path(__file__).parents[3] / "docs" / "examples" / "billing_api.py"
ORDER = "/api/subscribers/9031234567/promised-payment/orders/a1"
TERMS = {"available": True, "already_active": False, "amount": "300", "days": 5, "fee": "25"}
ANSWERS: dict[str, Any] = {
    "/api/subscribers/9031234567/balance": {
        "amount": "-12.50",
        "promised_payment": "0",
        "blocked": True,
        "next_charge": "350",
        "next_charge_on": "2026-12-01",
    },
    "/api/subscribers/9031234567/tariff": {
        "name": "Первый",
        "fee": "350",
        "fee_period": "month",
        "next_charge_on": "2026-12-01",
        "packages": [{"kind": "data_megabytes", "included": None, "left": "0"}],
    },
    "/api/subscribers/9031234567/services": [{"name": "Гудок", "fee_month": "90"}],
    "/api/subscribers/9031234567/services/Музыка": {},
    "/api/subscribers/9031234567/promised-payment": TERMS,
    ORDER: TERMS,
    "/api/subscribers/9031234567/last-payment": {"amount": "500", "received_on": "2026-11-20"},
    "/api/subscribers/9031234567/charges": [
        {"kind": "roaming", "amount": "412.40", "charged_on": "2026-11-17"}
    ],
    "/api/outage": {"city": "Казань", "scopes": ["mobile"], "until": "2026-11-22T18:00:00"},
    "/api/status": {"subscribers": 8},
}


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("billing_api", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
async def office(example: ModuleType):
    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if "9030000403" in path:
            return httpx.Response(403)
        if "9030000503" in path:
            return httpx.Response(503)
        return httpx.Response(200, json=ANSWERS[path]) if path in ANSWERS else httpx.Response(404)

    client = httpx.AsyncClient(
        base_url="http://billing.test/api", transport=httpx.MockTransport(answer)
    )
    guarded = GuardedBackOffice(example.BillingApi(client), timeout_s=1.0)
    yield guarded
    await guarded.aclose()


async def test_every_question_gets_its_answer(office: GuardedBackOffice):
    number = "9031234567"
    assert (await office.balance(number)).amount == Decimal("-12.50")
    package = (await office.tariff(number)).packages[0]
    assert (package.kind, package.included) == (PackageKind.DATA_MEGABYTES, None)
    assert (await office.services(number))[0].name == "Гудок"
    assert (await office.promised_payment_terms(number)).fee == Decimal("25")
    assert (await office.connect_promised_payment(number, order_id="a1")).days == 5
    assert (await office.disconnect_service(number, name="Музыка"))[0].name == "Гудок"
    assert await office.last_payment(number) == Payment(Decimal("500"), date(2026, 11, 20))
    assert await office.last_charges(number) == (
        Charge(ChargeKind.ROAMING, Decimal("412.40"), date(2026, 11, 17)),
    )
    outage = await office.outage(number, "Казань")
    assert outage is not None
    assert (outage.scopes, outage.until) == ((OutageScope.MOBILE,), datetime(2026, 11, 22, 18))
    assert "8 subscribers" in await office.check()


@pytest.mark.parametrize(
    ("number", "code"),
    [("9039999999", "unknown_subscriber"), ("9030000403", "denied"), ("9030000503", "http")],
)
async def test_refusals_have_the_codes_the_dialogue_knows(
    office: GuardedBackOffice, number: str, code: str
):
    with pytest.raises(ServiceError) as caught:
        await office.connect_promised_payment(number, order_id="a1")
    assert caught.value.code == code


async def test_an_unreachable_system_is_a_fault_worth_a_second_try(example: ModuleType):
    office = example.create("http://127.0.0.1:9/api")
    with pytest.raises(ServiceError) as caught:
        await office.balance("9031234567")
    assert caught.value.retryable
    await office.aclose()
