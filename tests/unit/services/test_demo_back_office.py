"""The demo back office over a real SQLite file."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from ivr.errors import ServiceError
from ivr.services.demo import DemoBackOffice, create
from ivr.services.port import ChargeKind, FeePeriod, OutageScope, PackageKind

pytestmark = pytest.mark.unit

RICH, BLOCKED, PROMISED, ZERO, PENSIONER, UNLIMITED, OUTAGE, DENIED = (
    f"903000000{last}" for last in range(1, 9)
)


class SettableClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/deep/down/back_office.db"


@pytest.fixture
async def office(url: str, clock: SettableClock) -> AsyncIterator[DemoBackOffice]:
    office = DemoBackOffice(url, clock)
    yield office
    await office.aclose()


async def test_the_file_is_made_and_filled_on_first_use(office: DemoBackOffice) -> None:
    assert await office.check() == "demo back office, 8 subscribers"


async def test_the_factory_of_the_configuration_makes_one(url: str) -> None:
    office = create(url)
    assert (await office.balance(RICH)).amount == Decimal("321.50")
    await office.aclose()


async def test_a_back_office_in_memory_works_too(clock: SettableClock) -> None:
    office = DemoBackOffice("sqlite://", clock)
    assert (await office.balance(RICH)).amount == Decimal("321.50")
    await office.aclose()


async def test_subscribers_hear_different_things(office: DemoBackOffice) -> None:
    balances = [await office.balance(number) for number in (RICH, BLOCKED, ZERO, UNLIMITED)]
    assert [balance.amount for balance in balances] == [
        Decimal("321.50"),
        Decimal("-184.30"),
        Decimal(0),
        Decimal("2041.05"),
    ]
    assert [balance.blocked for balance in balances] == [False, True, False, False]


async def test_days_count_from_today(office: DemoBackOffice, clock: SettableClock) -> None:
    assert (await office.balance(RICH)).next_charge_on == date(2026, 12, 1)
    clock.at = clock.at.replace(year=2027)
    assert (await office.balance(RICH)).next_charge_on == date(2027, 12, 1)


async def test_tariffs_and_packages(office: DemoBackOffice) -> None:
    pensioner, unlimited = await office.tariff(PENSIONER), await office.tariff(UNLIMITED)
    assert (pensioner.name, pensioner.fee) == ("Пенсионный", Decimal("4.50"))
    assert pensioner.fee_period is FeePeriod.DAY
    data = next(part for part in unlimited.packages if part.kind is PackageKind.DATA_MEGABYTES)
    assert data.included is None


async def test_services_and_none(office: DemoBackOffice) -> None:
    assert [service.name for service in await office.services(RICH)] == ["Гудок", "Погода"]
    assert await office.services(ZERO) == ()


async def test_payments_and_charges(office: DemoBackOffice) -> None:
    assert await office.last_payment(ZERO) is None
    payment = await office.last_payment(DENIED)
    assert payment is not None
    assert payment.received_on == date(2026, 11, 21)
    charges = await office.last_charges(UNLIMITED)
    assert [charge.kind for charge in charges][:2] == [
        ChargeKind.ROAMING,
        ChargeKind.SUBSCRIPTION,
    ]


async def test_an_outage_is_looked_up_by_own_region_or_city(office: DemoBackOffice) -> None:
    own = await office.outage(OUTAGE)
    assert own is not None
    assert own.scopes == (OutageScope.MOBILE, OutageScope.VOICE)
    assert own.until == datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    assert await office.outage(RICH) is None
    elsewhere = await office.outage("", "волгоград")
    assert elsewhere is not None
    assert elsewhere.until is None


@pytest.mark.parametrize("number", ["9990000000", "", "нет"])
async def test_an_unknown_number_has_a_code_of_its_own(office: DemoBackOffice, number: str) -> None:
    for asked in (
        office.balance(number),
        office.tariff(number),
        office.services(number),
        office.promised_payment_terms(number),
        office.connect_promised_payment(number, order_id="1"),
        office.last_payment(number),
        office.last_charges(number),
        office.outage(number),
    ):
        with pytest.raises(ServiceError) as failure:
            await asked
        assert failure.value.code == "unknown_subscriber"


async def test_a_promised_payment_changes_what_the_caller_hears(office: DemoBackOffice) -> None:
    assert (await office.promised_payment_terms(BLOCKED)).available
    await office.connect_promised_payment(BLOCKED, order_id="one")
    balance = await office.balance(BLOCKED)
    assert balance.amount == Decimal("-209.30")
    assert balance.promised_payment == Decimal(300)
    assert not balance.blocked
    assert (await office.promised_payment_terms(BLOCKED)).already_active
    newest = (await office.last_charges(BLOCKED))[0]
    assert (newest.kind, newest.amount) == (ChargeKind.PROMISED_FEE, Decimal(25))


async def test_the_same_order_twice_is_one_order(office: DemoBackOffice) -> None:
    first = await office.connect_promised_payment(BLOCKED, order_id="one")
    assert await office.connect_promised_payment(BLOCKED, order_id="one") == first
    assert (await office.balance(BLOCKED)).amount == Decimal("-209.30")


async def test_an_order_survives_a_restart(url: str, clock: SettableClock) -> None:
    for _ in range(2):
        office = DemoBackOffice(url, clock)
        await office.connect_promised_payment(BLOCKED, order_id="one")
        assert (await office.balance(BLOCKED)).amount == Decimal("-209.30")
        await office.aclose()


async def test_a_second_order_is_refused_while_one_is_active(office: DemoBackOffice) -> None:
    await office.connect_promised_payment(BLOCKED, order_id="one")
    with pytest.raises(ServiceError) as failure:
        await office.connect_promised_payment(BLOCKED, order_id="two")
    assert failure.value.code == "already_active"


async def test_an_order_id_of_somebody_else_orders_nothing(office: DemoBackOffice) -> None:
    await office.connect_promised_payment(BLOCKED, order_id="one")
    with pytest.raises(ServiceError) as failure:
        await office.connect_promised_payment(RICH, order_id="one")
    assert failure.value.code == "denied"
    assert (await office.balance(RICH)).amount == Decimal("321.50")


async def test_a_denied_subscriber_cannot_order(office: DemoBackOffice) -> None:
    with pytest.raises(ServiceError) as failure:
        await office.connect_promised_payment(DENIED, order_id="one")
    assert (failure.value.code, failure.value.retryable) == ("denied", False)


async def test_a_promised_payment_runs_out(office: DemoBackOffice, clock: SettableClock) -> None:
    await office.connect_promised_payment(BLOCKED, order_id="one")
    clock.at = clock.at.replace(day=28)
    balance = await office.balance(BLOCKED)
    assert balance.blocked
    assert balance.promised_payment == 0
    assert (await office.promised_payment_terms(BLOCKED)).available


async def test_orders_at_the_same_time_from_two_processes_make_one(
    url: str, clock: SettableClock
) -> None:
    offices = [DemoBackOffice(url, clock) for _ in range(2)]
    outcomes = await asyncio.gather(
        *(
            offices[number % 2].connect_promised_payment(BLOCKED, order_id=f"order {number}")
            for number in range(10)
        ),
        return_exceptions=True,
    )
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    assert (await offices[0].balance(BLOCKED)).amount == Decimal("-209.30")
    for office in offices:
        await office.aclose()


async def test_the_log_is_written_ahead(office: DemoBackOffice, url: str) -> None:
    await office.check()
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    engine.dispose()


async def test_a_broken_file_is_a_service_error(tmp_path: Path, clock: SettableClock) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is not a database" * 100)
    office = DemoBackOffice(f"sqlite:///{broken}", clock)
    with pytest.raises(ServiceError) as failure:
        await office.balance(RICH)
    assert failure.value.code == "database"
    await office.aclose()


async def test_a_disconnected_service_is_gone_and_may_be_disconnected_again(office):
    left = await office.disconnect_service("9030000001", name="Гудок")
    assert [service.name for service in left] == ["Погода"]
    assert await office.disconnect_service("9030000001", name="Гудок") == left
    assert await office.services("9030000001") == left
