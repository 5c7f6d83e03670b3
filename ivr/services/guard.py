"""A fence around any back office: it may be slow, broken or strange, and no call suffers for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ivr.errors import ServiceError
from ivr.services.port import (
    BackOffice,
    Balance,
    Charge,
    ConnectedService,
    Outage,
    Payment,
    PromisedPaymentTerms,
    Tariff,
)

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class GuardedBackOffice:
    """`BackOffice` that answers in time or raises `ServiceError`, whatever the inner one does.

    After 'timeout' of an order it is not known whether it was carried out; orders are idempotent.
    """

    def __init__(self, inner: BackOffice, timeout_s: float) -> None:
        self._inner = inner
        self._timeout_s = timeout_s

    async def balance(self, msisdn: str) -> Balance:
        return await self._guarded("balance", lambda: self._inner.balance(msisdn))

    async def tariff(self, msisdn: str) -> Tariff:
        return await self._guarded("tariff", lambda: self._inner.tariff(msisdn))

    async def services(self, msisdn: str) -> tuple[ConnectedService, ...]:
        return await self._guarded("services", lambda: self._inner.services(msisdn))

    async def promised_payment_terms(self, msisdn: str) -> PromisedPaymentTerms:
        return await self._guarded(
            "promised_payment_terms", lambda: self._inner.promised_payment_terms(msisdn)
        )

    async def connect_promised_payment(self, msisdn: str, *, order_id: str) -> PromisedPaymentTerms:
        return await self._guarded(
            "connect_promised_payment",
            lambda: self._inner.connect_promised_payment(msisdn, order_id=order_id),
        )

    async def disconnect_service(self, msisdn: str, *, name: str) -> tuple[ConnectedService, ...]:
        return await self._guarded(
            "disconnect_service", lambda: self._inner.disconnect_service(msisdn, name=name)
        )

    async def last_payment(self, msisdn: str) -> Payment | None:
        return await self._guarded("last_payment", lambda: self._inner.last_payment(msisdn))

    async def last_charges(self, msisdn: str) -> tuple[Charge, ...]:
        return await self._guarded("last_charges", lambda: self._inner.last_charges(msisdn))

    async def outage(self, msisdn: str, city: str | None = None) -> Outage | None:
        return await self._guarded("outage", lambda: self._inner.outage(msisdn, city))

    async def check(self) -> str:
        return await self._guarded("check", self._inner.check)

    async def aclose(self) -> None:
        """Never raises: closing is the last thing done with a back office."""
        try:
            await self._guarded("aclose", self._inner.aclose)
        except ServiceError as exc:
            log.warning("x back office not closed: %s", exc.message, extra={"action": "aclose"})

    async def _guarded(self, name: str, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await ask()
        except ServiceError:
            raise
        except TimeoutError as exc:
            message = f"back office: {name} took longer than {self._timeout_s:g} s"
            raise ServiceError("timeout", message, retryable=True) from exc
        except Exception as exc:  # a foreign adapter: nothing is known about what it raises
            log.exception("x back office: %s failed", name, extra={"action": name})
            message = f"back office: {name} failed with {type(exc).__name__}"
            raise ServiceError("fault", message, retryable=False) from exc
