"""Questions and orders of the demo back office as SQL. Blocking: one thread of its own runs it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    create_engine,
    delete,
    event,
    func,
    insert,
    make_url,
    select,
)
from sqlalchemy.pool import StaticPool

from ivr.errors import ServiceError
from ivr.services import demo_tables as tables
from ivr.services.port import (
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

BUSY_TIMEOUT_MS = 5000
"""How long a writer waits for another process's transaction."""

Subscriber = Row[Any]


def open_engine(url: str) -> Engine:
    """An engine with write-ahead logging; the folder of the file is made when it is missing."""
    parsed = make_url(url)
    in_memory = parsed.database in (None, "", ":memory:")
    if parsed.database and not in_memory:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        parsed,
        connect_args={"check_same_thread": False},
        **({"poolclass": StaticPool} if in_memory else {}),
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN is deferred; see _on_begin
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    """A writer takes the lock at once: an upgrade of a reader could fail in the middle."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class DemoStore:
    """The demo back office, synchronous. One thread at a time."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now
        self._filled = False

    @contextmanager
    def _transaction(self, *, writes: bool = False) -> Iterator[Connection]:
        if not self._filled:
            with self._engine.execution_options(writes=True).begin() as connection:
                tables.fill(connection)
            self._filled = True
        engine = self._engine.execution_options(writes=writes)
        with engine.begin() as connection:
            yield connection

    def _today(self) -> date:
        return self._now().date()

    def balance(self, msisdn: str) -> Balance:
        with self._transaction() as connection:
            subscriber = _subscriber(connection, msisdn)
            promised = self._promised(connection, subscriber)
            amount = subscriber.balance - _order_fees(connection, msisdn)
            return Balance(
                amount=amount,
                promised_payment=promised,
                blocked=subscriber.blocked and amount + promised < 0,
                next_charge=subscriber.fee,
                next_charge_on=self._today() + timedelta(days=subscriber.next_charge_in_days),
            )

    def tariff(self, msisdn: str) -> Tariff:
        with self._transaction() as connection:
            subscriber = _subscriber(connection, msisdn)
            rows = _rows_of(connection, tables.packages, msisdn)
            return Tariff(
                name=subscriber.tariff,
                fee=subscriber.fee,
                fee_period=FeePeriod(subscriber.fee_period),
                next_charge_on=self._today() + timedelta(days=subscriber.next_charge_in_days),
                packages=tuple(
                    Package(
                        kind=PackageKind(row.kind),
                        included=None if row.included is None else Decimal(row.included),
                        left=Decimal(row.left),
                    )
                    for row in rows
                ),
            )

    def services(self, msisdn: str) -> tuple[ConnectedService, ...]:
        with self._transaction() as connection:
            _subscriber(connection, msisdn)
            rows = _rows_of(connection, tables.services, msisdn)
            return tuple(ConnectedService(row.name, row.fee_month) for row in rows)

    def promised_payment_terms(self, msisdn: str) -> PromisedPaymentTerms:
        with self._transaction() as connection:
            return self._terms(connection, _subscriber(connection, msisdn))

    def connect_promised_payment(self, msisdn: str, order_id: str) -> PromisedPaymentTerms:
        with self._transaction(writes=True) as connection:
            orders = tables.promised_orders
            done = connection.execute(select(orders).where(orders.c.order_id == order_id)).first()
            if done is not None and done.msisdn == msisdn:
                return PromisedPaymentTerms(False, True, done.amount, done.days, done.fee)
            terms = self._terms(connection, _subscriber(connection, msisdn))
            if terms.already_active:
                raise ServiceError("already_active", "one is active already", retryable=False)
            if not terms.available or done is not None:
                raise ServiceError("denied", "not available to this subscriber", retryable=False)
            connection.execute(
                insert(orders).values(
                    order_id=order_id,
                    msisdn=msisdn,
                    amount=terms.amount,
                    days=terms.days,
                    fee=terms.fee,
                    ordered_on=self._today(),
                )
            )
            return PromisedPaymentTerms(False, True, terms.amount, terms.days, terms.fee)

    def disconnect_service(self, msisdn: str, name: str) -> tuple[ConnectedService, ...]:
        with self._transaction(writes=True) as connection:
            _subscriber(connection, msisdn)
            table = tables.services
            connection.execute(delete(table).where(table.c.msisdn == msisdn, table.c.name == name))
        return self.services(msisdn)

    def last_payment(self, msisdn: str) -> Payment | None:
        with self._transaction() as connection:
            _subscriber(connection, msisdn)
            rows = _rows_of(connection, tables.payments, msisdn)
            payments = [Payment(row.amount, self._days_ago(row.days_ago)) for row in rows]
            return max(payments, key=lambda payment: payment.received_on, default=None)

    def last_charges(self, msisdn: str) -> tuple[Charge, ...]:
        """Newest first, with the fees of promised payments ordered by callers."""
        with self._transaction() as connection:
            _subscriber(connection, msisdn)
            charges = [
                Charge(ChargeKind(row.kind), row.amount, self._days_ago(row.days_ago))
                for row in _rows_of(connection, tables.charges, msisdn)
            ]
            charges += [
                Charge(ChargeKind.PROMISED_FEE, row.fee, row.ordered_on)
                for row in _orders(connection, msisdn)
                if row.fee > 0
            ]
            return tuple(sorted(charges, key=lambda charge: charge.charged_on, reverse=True))

    def outage(self, msisdn: str, city: str | None) -> Outage | None:
        with self._transaction() as connection:
            named = city if city is not None else _subscriber(connection, msisdn).region
            rows = connection.execute(select(tables.outages)).all()
            found = [row for row in rows if row.city.casefold() == named.casefold()]
            if not found:
                return None
            scopes = tuple(OutageScope(scope) for scope in found[0].scopes)
            return Outage(found[0].city, scopes, self._until(found[0].for_hours))

    def subscriber_count(self) -> int:
        with self._transaction() as connection:
            count = select(func.count()).select_from(tables.subscribers)
            return int(connection.execute(count).scalar_one())

    def close(self) -> None:
        self._engine.dispose()

    def _days_ago(self, days: int) -> date:
        return self._today() - timedelta(days=days)

    def _until(self, for_hours: int | None) -> datetime | None:
        if for_hours is None:
            return None
        full_hour = self._now().replace(minute=0, second=0, microsecond=0)
        return full_hour + timedelta(hours=for_hours)

    def _promised(self, connection: Connection, subscriber: Subscriber) -> Decimal:
        """The active promised payment: of the data file, or ordered and not yet due."""
        if subscriber.promised_until_in_days is not None:
            return Decimal(subscriber.promised_amount)
        today = self._today()
        active = [
            row.amount
            for row in _orders(connection, subscriber.msisdn)
            if row.ordered_on + timedelta(days=row.days) >= today
        ]
        return max(active, default=Decimal(0))

    def _terms(self, connection: Connection, subscriber: Subscriber) -> PromisedPaymentTerms:
        active = self._promised(connection, subscriber) > 0
        return PromisedPaymentTerms(
            available=subscriber.promised_available and not active,
            already_active=active,
            amount=subscriber.promised_amount,
            days=subscriber.promised_days,
            fee=subscriber.promised_fee,
        )


def _subscriber(connection: Connection, msisdn: str) -> Subscriber:
    query = select(tables.subscribers).where(tables.subscribers.c.msisdn == msisdn)
    found = connection.execute(query).first()
    if found is None:
        raise ServiceError("unknown_subscriber", "not a subscriber", retryable=False)
    return found


def _rows_of(connection: Connection, table: Any, msisdn: str) -> list[Row[Any]]:
    query = select(table).where(table.c.msisdn == msisdn).order_by(table.c.id)
    return list(connection.execute(query))


def _orders(connection: Connection, msisdn: str) -> list[Row[Any]]:
    orders = tables.promised_orders
    return list(connection.execute(select(orders).where(orders.c.msisdn == msisdn)))


def _order_fees(connection: Connection, msisdn: str) -> Decimal:
    return sum((row.fee for row in _orders(connection, msisdn)), Decimal(0))
