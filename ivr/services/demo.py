"""A back office in one SQLite file, seeded with demo subscribers; made on first use.

For a first call, for tests and as a pattern for an adapter to a real billing system. The
subscribers and what they hear are listed in docs/demo-subscribers.md.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from ivr.clock import Clock, SystemClock
from ivr.errors import ServiceError
from ivr.services.demo_store import DemoStore, open_engine
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

Answer = TypeVar("Answer")


def create(url: str) -> BackOffice:
    """The factory named in the configuration; `url` like 'sqlite:///var/back_office.db'."""
    return DemoBackOffice(url, SystemClock())


class DemoBackOffice:
    """`BackOffice` over `DemoStore`. Event loop; every query runs on one thread of its own."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._store = DemoStore(open_engine(url), clock.now)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="back-office")

    async def balance(self, msisdn: str) -> Balance:
        return await self._run(lambda: self._store.balance(msisdn))

    async def tariff(self, msisdn: str) -> Tariff:
        return await self._run(lambda: self._store.tariff(msisdn))

    async def services(self, msisdn: str) -> tuple[ConnectedService, ...]:
        return await self._run(lambda: self._store.services(msisdn))

    async def promised_payment_terms(self, msisdn: str) -> PromisedPaymentTerms:
        return await self._run(lambda: self._store.promised_payment_terms(msisdn))

    async def connect_promised_payment(self, msisdn: str, *, order_id: str) -> PromisedPaymentTerms:
        return await self._run(lambda: self._store.connect_promised_payment(msisdn, order_id))

    async def disconnect_service(self, msisdn: str, *, name: str) -> tuple[ConnectedService, ...]:
        return await self._run(lambda: self._store.disconnect_service(msisdn, name))

    async def last_payment(self, msisdn: str) -> Payment | None:
        return await self._run(lambda: self._store.last_payment(msisdn))

    async def last_charges(self, msisdn: str) -> tuple[Charge, ...]:
        return await self._run(lambda: self._store.last_charges(msisdn))

    async def outage(self, msisdn: str, city: str | None = None) -> Outage | None:
        return await self._run(lambda: self._store.outage(msisdn, city))

    async def check(self) -> str:
        count = await self._run(self._store.subscriber_count)
        return f"demo back office, {count} subscribers"

    async def aclose(self) -> None:
        await self._run(self._store.close)
        self._thread.shutdown(wait=False)

    async def _run(self, query: Callable[[], Answer]) -> Answer:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, query)
        except SQLAlchemyError as exc:
            raise ServiceError("database", f"demo back office: {exc}", retryable=True) from exc
