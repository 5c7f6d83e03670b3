"""My tariff, its fee, and what is left of its packages."""

from decimal import ROUND_DOWN, Decimal

from ivr.dialogue.actions import ServiceCall
from ivr.dialogue.flows.flow import Flow, listed, on_day, question_and_answer
from ivr.dialogue.state import DialogueState
from ivr.dialogue.turns import Context
from ivr.services.port import FeePeriod, Package, PackageKind, Tariff
from ivr.speech.phrase import FreeText, Money, Name, Part, Phrase, Prompt, Quantity, Unit

MEGABYTES_IN_GIGABYTE = Decimal(1024)

_ORDER = (PackageKind.DATA_MEGABYTES, PackageKind.VOICE_MINUTES, PackageKind.MESSAGES)
_UNLIMITED: dict[PackageKind, str] = {
    PackageKind.DATA_MEGABYTES: "безлимитный интернет",
    PackageKind.VOICE_MINUTES: "безлимитные звонки",
    PackageKind.MESSAGES: "безлимитные сообщения",
}


def megabytes(amount: Decimal) -> Quantity:
    """Data as people say it, never more than there is: from 10 GB whole, from 1 GB by halves."""
    if amount < MEGABYTES_IN_GIGABYTE:
        return Quantity(amount.quantize(Decimal(1), ROUND_DOWN), Unit.MEGABYTE)
    gigabytes = amount / MEGABYTES_IN_GIGABYTE
    if gigabytes >= 10:
        return Quantity(gigabytes.quantize(Decimal(1), ROUND_DOWN), Unit.GIGABYTE)
    halves = (gigabytes * 2).quantize(Decimal(1), ROUND_DOWN) / 2
    whole = halves.to_integral_value()
    return Quantity(whole if whole == halves else halves, Unit.GIGABYTE)


def _left(package: Package) -> Part:
    if package.kind is PackageKind.DATA_MEGABYTES:
        return megabytes(package.left)
    unit = Unit.MINUTE if package.kind is PackageKind.VOICE_MINUTES else Unit.MESSAGE
    return Quantity(package.left.quantize(Decimal(1), ROUND_DOWN), unit)


def data_used_up(tariff: Tariff) -> bool:
    """Whether the data package is empty."""
    return any(
        package.kind is PackageKind.DATA_MEGABYTES
        and package.included is not None
        and package.left <= 0
        for package in tariff.packages
    )


def unlimited_phrase(tariff: Tariff) -> Phrase:
    """«В него входит: безлимитный интернет»; empty when every package has an end."""
    unlimited = [package.kind for package in tariff.packages if package.included is None]
    names = tuple(Name(_UNLIMITED[kind]) for kind in _ORDER if kind in unlimited)
    return (Prompt("tariff.includes"), *listed(names)) if names else ()


def left_phrase(tariff: Tariff) -> Phrase:
    """What is left; an empty data package gets a sentence of its own."""
    packages = sorted(tariff.packages, key=lambda package: _ORDER.index(package.kind))
    used_up = data_used_up(tariff)
    counted = tuple(
        _left(package)
        for package in packages
        if package.included is not None
        and not (used_up and package.kind is PackageKind.DATA_MEGABYTES)
    )
    left: Phrase = (Prompt("tariff.left"), *listed(counted)) if counted else ()
    return (*left, Prompt("tariff.package_used_up")) if used_up else left


def tariff_phrase(_state: DialogueState, context: Context, tariff: Tariff) -> Phrase:
    """Name, what is unlimited, fee, what is left, next charge."""
    monthly = tariff.fee_period is FeePeriod.MONTH
    fee = Prompt("tariff.fee_month" if monthly else "tariff.fee_day")
    phrase: Phrase = (
        Prompt("tariff.yours"),
        Name(tariff.name),
        *unlimited_phrase(tariff),
        fee,
        Money(tariff.fee),
        *left_phrase(tariff),
    )
    if monthly and tariff.fee > 0:
        charge = (Prompt("tariff.next_charge"), on_day(context, tariff.next_charge_on))
        return (*phrase, *charge)
    return phrase


def packages_phrase(_state: DialogueState, context: Context, tariff: Tariff) -> Phrase:
    """Only what is left, and when packages are renewed."""
    unlimited = tuple(
        FreeText(f"{_UNLIMITED[package.kind].capitalize()}.")
        for package in sorted(tariff.packages, key=lambda package: _ORDER.index(package.kind))
        if package.included is None
    )
    left = (*left_phrase(tariff), *unlimited)
    if not left:
        return (Prompt("tariff.yours"), Name(tariff.name), Prompt("tariff.no_packages"))
    return (*left, Prompt("tariff.next_charge"), on_day(context, tariff.next_charge_on))


TARIFF: Flow = question_and_answer(ServiceCall.TARIFF, tariff_phrase)
PACKAGES: Flow = question_and_answer(ServiceCall.TARIFF, packages_phrase)
