"""A back office behind an HTTP interface: a pattern to copy for your own billing system.

Start ivr with this file's folder in PYTHONPATH, `back_office.factory = "billing_api:create"` and
`back_office.url` set to the interface's base URL. Change paths and field names to what yours has.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx

from ivr.errors import ServiceError
from ivr.services.port import (
    BackOffice,
    Balance,
    Charge,
    ChargeKind,
    ConnectedService,
    FeePeriod,
    Outage,
    OutageScope,
    Package,
    PackageKind,
    Payment,
    PromisedPaymentTerms,
    Tariff,
)

CODES = {404: "unknown_subscriber", 403: "denied", 409: "already_active"}
"""HTTP statuses that are answers, not faults."""


def create(url: str) -> BackOffice:
    """The factory that `back_office.factory` names."""
    return BillingApi(httpx.AsyncClient(base_url=url))


class BillingApi:
    """`BackOffice` over HTTP and JSON; amounts are strings, so that no kopeck is rounded away."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def balance(self, msisdn: str) -> Balance:
        found = await self._ask("GET", f"/subscribers/{msisdn}/balance")
        return Balance(
            amount=Decimal(found["amount"]),
            promised_payment=Decimal(found["promised_payment"]),
            blocked=found["blocked"],
            next_charge=Decimal(found["next_charge"]),
            next_charge_on=date.fromisoformat(found["next_charge_on"]),
        )

    async def tariff(self, msisdn: str) -> Tariff:
        found = await self._ask("GET", f"/subscribers/{msisdn}/tariff")
        packages = (
            Package(
                kind=PackageKind(package["kind"]),
                included=None if package["included"] is None else Decimal(package["included"]),
                left=Decimal(package["left"]),
            )
            for package in found["packages"]
        )
        return Tariff(
            name=found["name"],
            fee=Decimal(found["fee"]),
            fee_period=FeePeriod(found["fee_period"]),
            next_charge_on=date.fromisoformat(found["next_charge_on"]),
            packages=tuple(packages),
        )

    async def services(self, msisdn: str) -> tuple[ConnectedService, ...]:
        found = await self._ask("GET", f"/subscribers/{msisdn}/services")
        return tuple(ConnectedService(one["name"], Decimal(one["fee_month"])) for one in found)

    async def promised_payment_terms(self, msisdn: str) -> PromisedPaymentTerms:
        return _terms(await self._ask("GET", f"/subscribers/{msisdn}/promised-payment"))

    async def connect_promised_payment(self, msisdn: str, *, order_id: str) -> PromisedPaymentTerms:
        path = f"/subscribers/{msisdn}/promised-payment/orders/{order_id}"
        return _terms(await self._ask("PUT", path))

    async def disconnect_service(self, msisdn: str, *, name: str) -> tuple[ConnectedService, ...]:
        await self._ask("DELETE", f"/subscribers/{msisdn}/services/{quote(name)}")
        return await self.services(msisdn)

    async def last_payment(self, msisdn: str) -> Payment | None:
        found = await self._ask("GET", f"/subscribers/{msisdn}/last-payment")
        if found is None:
            return None
        return Payment(Decimal(found["amount"]), date.fromisoformat(found["received_on"]))

    async def last_charges(self, msisdn: str) -> tuple[Charge, ...]:
        found = await self._ask("GET", f"/subscribers/{msisdn}/charges")
        return tuple(
            Charge(
                ChargeKind(one["kind"]),
                Decimal(one["amount"]),
                date.fromisoformat(one["charged_on"]),
            )
            for one in found
        )

    async def outage(self, msisdn: str, city: str | None = None) -> Outage | None:
        where = {"city": city} if city else {"msisdn": msisdn}
        found = await self._ask("GET", "/outage", where)
        if found is None:
            return None
        return Outage(
            city=found["city"],
            scopes=tuple(OutageScope(scope) for scope in found["scopes"]),
            until=None if found["until"] is None else datetime.fromisoformat(found["until"]),
        )

    async def check(self) -> str:
        found = await self._ask("GET", "/status")
        return f"billing at {self._client.base_url}, {found['subscribers']} subscribers"

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _ask(self, method: str, path: str, query: dict[str, str] | None = None) -> Any:
        """Decoded JSON. Only expected refusals get codes; the guard deals with all else."""
        try:
            reply = await self._client.request(method, path, params=query)
        except httpx.HTTPError as exc:
            raise ServiceError("unreachable", f"billing: {exc}", retryable=True) from exc
        if reply.status_code in CODES:
            raise ServiceError(CODES[reply.status_code], f"billing: {path}", retryable=False)
        if reply.is_error:
            message = f"billing: HTTP {reply.status_code}"
            raise ServiceError("http", message, retryable=reply.is_server_error)
        return reply.json()


def _terms(found: dict[str, Any]) -> PromisedPaymentTerms:
    return PromisedPaymentTerms(
        available=found["available"],
        already_active=found["already_active"],
        amount=Decimal(found["amount"]),
        days=found["days"],
        fee=Decimal(found["fee"]),
    )
