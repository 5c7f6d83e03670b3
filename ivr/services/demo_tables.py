"""Tables of the demo back office and the data file they are filled from."""

import hashlib
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    delete,
    insert,
    select,
)

DATA_FILE: Final = Path(__file__).with_name("demo_data.toml")
KOPECKS: Final = Decimal("0.01")


class Roubles(TypeDecorator[Decimal]):
    """Money as whole kopecks: SQLite has no decimals, and binary fractions lose money."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value.quantize(KOPECKS) * 100)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value) / 100


metadata = MetaData()

seed = Table("seed", metadata, Column("sha256", String, primary_key=True))

subscribers = Table(
    "subscribers",
    metadata,
    Column("msisdn", String(10), primary_key=True),
    Column("region", String, nullable=False),
    Column("balance", Roubles, nullable=False),
    Column("blocked", Boolean, nullable=False),
    Column("tariff", String, nullable=False),
    Column("fee", Roubles, nullable=False),
    Column("fee_period", String, nullable=False),
    Column("next_charge_in_days", Integer, nullable=False),
    Column("promised_available", Boolean, nullable=False),
    Column("promised_amount", Roubles, nullable=False),
    Column("promised_days", Integer, nullable=False),
    Column("promised_fee", Roubles, nullable=False),
    Column("promised_until_in_days", Integer),
)


def _of_subscriber() -> Column[str]:
    return Column("msisdn", ForeignKey("subscribers.msisdn"), nullable=False, index=True)


packages = Table(
    "packages",
    metadata,
    Column("id", Integer, primary_key=True),
    _of_subscriber(),
    Column("kind", String, nullable=False),
    Column("included", Integer),
    Column("left", Integer, nullable=False),
)

services = Table(
    "services",
    metadata,
    Column("id", Integer, primary_key=True),
    _of_subscriber(),
    Column("name", String, nullable=False),
    Column("fee_month", Roubles, nullable=False),
)

payments = Table(
    "payments",
    metadata,
    Column("id", Integer, primary_key=True),
    _of_subscriber(),
    Column("amount", Roubles, nullable=False),
    Column("days_ago", Integer, nullable=False),
)

charges = Table(
    "charges",
    metadata,
    Column("id", Integer, primary_key=True),
    _of_subscriber(),
    Column("kind", String, nullable=False),
    Column("amount", Roubles, nullable=False),
    Column("days_ago", Integer, nullable=False),
)

outages = Table(
    "outages",
    metadata,
    Column("city", String, primary_key=True),
    Column("scopes", JSON, nullable=False),
    Column("for_hours", Integer),
)

promised_orders = Table(
    "promised_orders",
    metadata,
    Column("order_id", String, primary_key=True),
    Column("msisdn", String(10), nullable=False, index=True),
    Column("amount", Roubles, nullable=False),
    Column("days", Integer, nullable=False),
    Column("fee", Roubles, nullable=False),
    Column("ordered_on", Date, nullable=False),
)
"""What callers ordered; survives a new version of the data file."""

_SEEDED: Final = (charges, payments, services, packages, outages, subscribers, seed)


def fill(connection: Connection, data_file: Path = DATA_FILE) -> None:
    """Create what is missing and load the data file unless this version of it is loaded."""
    metadata.create_all(connection)
    text = data_file.read_bytes()
    digest = hashlib.sha256(text).hexdigest()
    if connection.execute(select(seed.c.sha256)).scalar() == digest:
        return
    for table in _SEEDED:
        connection.execute(delete(table))
    data = tomllib.loads(text.decode())
    for subscriber in data["subscriber"]:
        _load(connection, subscriber)
    for outage in data["outage"]:
        connection.execute(insert(outages).values({"for_hours": None, **outage}))
    connection.execute(insert(seed).values(sha256=digest))


def _load(connection: Connection, entry: dict[str, Any]) -> None:
    msisdn, tariff, promised = entry["msisdn"], entry["tariff"], entry["promised"]
    connection.execute(
        insert(subscribers).values(
            msisdn=msisdn,
            region=entry["region"],
            balance=Decimal(entry["balance"]),
            blocked=entry.get("blocked", False),
            tariff=tariff["name"],
            fee=Decimal(tariff["fee"]),
            fee_period=tariff["period"],
            next_charge_in_days=tariff["next_charge_in_days"],
            promised_available=promised["available"],
            promised_amount=Decimal(promised["amount"]),
            promised_days=promised["days"],
            promised_fee=Decimal(promised["fee"]),
            promised_until_in_days=promised.get("active_until_in_days"),
        )
    )
    for package in entry.get("packages", ()):
        row = {"included": None, **package, "msisdn": msisdn}
        connection.execute(insert(packages).values(row))
    for service in entry.get("services", ()):
        fee = Decimal(service["fee"])
        row = {"msisdn": msisdn, "name": service["name"], "fee_month": fee}
        connection.execute(insert(services).values(row))
    paid = [entry["payment"]] if "payment" in entry else []
    for table, moved in ((payments, paid), (charges, entry.get("charges", []))):
        for money in moved:
            row = {**money, "amount": Decimal(money["amount"]), "msisdn": msisdn}
            connection.execute(insert(table).values(row))
