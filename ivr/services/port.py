"""The seam to the operator's back office: typed requests in, typed replies out.

An adapter for an own billing system implements `BackOffice` and is named in the configuration
(`back_office.factory = "package.module:function"`).
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Balance:
    """Money on the account, roubles; negative is a debt."""

    amount: Decimal
    promised_payment: Decimal
    """Active promised payment, 0 when there is none."""
    blocked: bool
    """True when the number is blocked for debt."""
    next_charge: Decimal
    """The tariff's next charge, roubles."""
    next_charge_on: date


class PackageKind(StrEnum):
    """What a tariff's package counts."""

    VOICE_MINUTES = "voice_minutes"
    DATA_MEGABYTES = "data_megabytes"
    MESSAGES = "messages"


@dataclass(frozen=True, slots=True)
class Package:
    """One package of a tariff: included and what is left. `included` None means unlimited."""

    kind: PackageKind
    included: Decimal | None
    left: Decimal


class FeePeriod(StrEnum):
    """How often the tariff's fee is charged."""

    MONTH = "month"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Tariff:
    """The subscriber's tariff and what is left of its packages."""

    name: str
    fee: Decimal
    fee_period: FeePeriod
    next_charge_on: date
    packages: tuple[Package, ...]


@dataclass(frozen=True, slots=True)
class ConnectedService:
    """A paid service or subscription; `fee_month` in roubles."""

    name: str
    fee_month: Decimal


@dataclass(frozen=True, slots=True)
class PromisedPaymentTerms:
    """What could be promised. `available` False: the caller cannot have one now."""

    available: bool
    already_active: bool
    amount: Decimal
    days: int
    fee: Decimal


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that came in."""

    amount: Decimal
    received_on: date


class ChargeKind(StrEnum):
    """What money was taken for."""

    TARIFF_FEE = "tariff_fee"
    SUBSCRIPTION = "subscription"
    ROAMING = "roaming"
    EXTRA_TRAFFIC = "extra_traffic"
    PROMISED_FEE = "promised_fee"


@dataclass(frozen=True, slots=True)
class Charge:
    """Money that was taken."""

    kind: ChargeKind
    amount: Decimal
    charged_on: date


class OutageScope(StrEnum):
    """What does not work."""

    MOBILE = "mobile"
    VOICE = "voice"
    HOME = "home"


@dataclass(frozen=True, slots=True)
class Outage:
    """A known outage in a city."""

    city: str
    scopes: tuple[OutageScope, ...]
    until: datetime | None
    """Estimated end, local time; None when unknown."""


class BackOffice(Protocol):
    """What self-service can ask and order.

    `msisdn` is ten digits, e.g. '9031234567'. Coroutines of the event loop. Every method raises
    `ServiceError`; code 'unknown_subscriber' when the number is not ours. Orders are idempotent by
    `order_id`: repeating one after a crash never charges twice.
    """

    async def balance(self, msisdn: str) -> Balance: ...

    async def tariff(self, msisdn: str) -> Tariff: ...

    async def services(self, msisdn: str) -> tuple[ConnectedService, ...]: ...

    async def promised_payment_terms(self, msisdn: str) -> PromisedPaymentTerms: ...

    async def connect_promised_payment(
        self, msisdn: str, *, order_id: str
    ) -> PromisedPaymentTerms: ...

    async def disconnect_service(self, msisdn: str, *, name: str) -> tuple[ConnectedService, ...]:
        """Take a service off, named as `services` names it; what is left. Repeating it is safe."""
        ...

    async def last_payment(self, msisdn: str) -> Payment | None: ...

    async def last_charges(self, msisdn: str) -> tuple[Charge, ...]: ...

    async def outage(self, msisdn: str, city: str | None = None) -> Outage | None:
        """Known outage in `city`, or in the subscriber's own region when None."""
        ...

    async def check(self) -> str:
        """One line for `ivr check` and readiness: what answers and how many subscribers it has."""
        ...

    async def aclose(self) -> None: ...
