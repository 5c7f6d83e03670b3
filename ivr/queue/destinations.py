"""Toll-fraud guard: whether a number or SIP address may be called back or transferred to. Pure.

Everything is refused that is not allowed. Patterns are digits with the country code in front, `X`
for any digit, a final `*` for any rest: `79XXXXXXXXX`, `7495*`. Premium and foreign numbers take a
pattern in `exceptions`, so that a wide pattern cannot let them in by accident.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote

NATIONAL_DIGITS: Final = 10
SHORTEST: Final = 7
"""Digits below which it is a short number, which belongs to the network."""
SERVICE: Final = "780"
FREE: Final = ("7800", "7804")
"""Of the service codes; the others (votes, cards, paid services) cost more than a call."""
RUSSIAN: Final = ("73", "74", "78", "79")
"""+7 6 and +7 7 is Kazakhstan."""
ABKHAZIA: Final = ("7840", "7940")
"""Within +7, at foreign tariffs."""
ABROAD: Final = "810"
"""Dialled from Russia before a foreign number."""


class Kind(StrEnum):
    """What a destination is."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    FREE = "free"
    PREMIUM = "premium"
    FOREIGN = "foreign"
    SHORT = "short"
    SIP = "sip"
    INVALID = "invalid"


class Refusal(StrEnum):
    """Why not."""

    INVALID = "invalid"
    DENIED = "denied"
    NOT_ALLOWED = "not_allowed"
    HOST = "host"
    PREMIUM = "premium"
    FOREIGN = "foreign"
    NUMBER_CAP = "number_cap"
    CALLER_CAP = "caller_cap"
    DAY_CAP = "day_cap"


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination as it was understood."""

    kind: Kind
    digits: str
    """With the country code; '' without a number."""
    host: str = ""
    """Of a SIP address, lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What was used today, counted by the store: dials, and promises that were not dialled yet."""

    number: int = 0
    """To this destination."""
    caller: int = 0
    """By this caller, to whatever destination."""
    all: int = 0


NOTHING_SPENT: Final = Spent()


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationRules:
    """Who may be called."""

    allowed: tuple[str, ...] = ("79XXXXXXXXX", "73XXXXXXXXX", "74XXXXXXXXX", "78XXXXXXXXX")
    """Ordinary numbers; of short ones each that is allowed, such as `0611`."""
    exceptions: tuple[str, ...] = ()
    """Premium and foreign numbers that are allowed all the same, such as `3752912XXXXX`."""
    denied: tuple[str, ...] = ()
    """Before everything else."""
    hosts: tuple[str, ...] = ()
    """Hosts of SIP addresses; `host:port` allows this port only."""
    own_network: bool = False
    """Hosts of the own network besides: private and loopback addresses, names without a dot."""
    per_number: int = 5
    """Dials of one destination in a day, retries included."""
    per_caller: int = 5
    """Dials in a day that go back to promises to one caller."""
    per_day: int = 2000

    def refusal(self, target: str, spent: Spent = NOTHING_SPENT) -> Refusal | None:
        """None: it may be called. `target`: digits in any usual writing, or a SIP address."""
        found = understood(target)
        return self._against(found) or self._over_cap(spent)

    def _against(self, found: Destination) -> Refusal | None:
        if found.kind is Kind.INVALID:
            return Refusal.INVALID
        if found.kind is Kind.SIP and not found.digits:
            return None if self._host_allowed(found.host) else Refusal.HOST
        if _matches(self.denied, found.digits):
            return Refusal.DENIED
        if found.host and not self._host_allowed(found.host):
            return Refusal.HOST
        excepted = _matches(self.exceptions, found.digits)
        number = numbered(found.digits)
        if number is Kind.INVALID:
            return Refusal.INVALID
        if number in (Kind.PREMIUM, Kind.FOREIGN):
            return None if excepted else Refusal(number.value)
        # '7495*' is meant for Moscow, not for a short number that begins alike.
        wide = () if number is Kind.SHORT else self.allowed
        exact = tuple(pattern for pattern in self.allowed if not pattern.endswith("*"))
        return None if excepted or _matches(wide + exact, found.digits) else Refusal.NOT_ALLOWED

    def _over_cap(self, spent: Spent) -> Refusal | None:
        if spent.number >= self.per_number:
            return Refusal.NUMBER_CAP
        if spent.caller >= self.per_caller:
            return Refusal.CALLER_CAP
        return Refusal.DAY_CAP if spent.all >= self.per_day else None

    def _host_allowed(self, host: str) -> bool:
        name = hostname(host)
        return host in self.hosts or name in self.hosts or (self.own_network and is_near(name))


SIP_ADDRESS: Final = re.compile(
    r"sips?:(?:([^@\s]+)@)?((?:\[[0-9a-f:.]+\]|[\w.-]+)(?::\d+)?)((?:;[^\s<>?]*)?)",
    re.IGNORECASE | re.ASCII,
)
ELSEWHERE: Final = re.compile(r";\s*maddr", re.IGNORECASE)
"""A parameter that sends the request to another host than the one that is named."""
NEAR_NAME: Final = re.compile(r"[a-z][a-z0-9-]*")
"""Begins with a letter: resolvers read '134744072' and '0x8080808' as addresses."""
NAME: Final = re.compile(r"[a-z0-9._-]*[a-z][a-z0-9._-]*", re.IGNORECASE)
"""User of an address that is no number. No codes with * and #, no passwords, nothing escaped."""
TELEPHONE: Final = re.compile(r"(?:tel:)?([+\d][\d\s().-]*)", re.IGNORECASE)


def understood(target: str) -> Destination:
    """A number with its country code, or a SIP address; numbers within addresses are read too:
    `sip:+4420...@trunk` is a foreign number."""
    text = target.strip()
    address = SIP_ADDRESS.fullmatch(text)
    if address is not None:
        user, host = unquote(address.group(1) or ""), address.group(2).lower()
        if ELSEWHERE.search(unquote(address.group(3))):
            return Destination(Kind.INVALID, "", host)
        telephone = TELEPHONE.fullmatch(user)
        if telephone is None:
            kind = Kind.SIP if not user or NAME.fullmatch(user) else Kind.INVALID
            return Destination(kind, "", host)
        digits = _international(telephone.group(1))
        # Extensions of an exchange are its own affair; anything longer may leave it.
        return Destination(Kind.SIP, digits if len(digits) >= SHORTEST else "", host)
    telephone = TELEPHONE.fullmatch(text)
    digits = "" if telephone is None else _international(telephone.group(1))
    return Destination(numbered(digits), digits) if digits else Destination(Kind.INVALID, "")


def hostname(host: str) -> str:
    """Without the port; brackets stay."""
    return host if host.endswith("]") else host.rpartition(":")[0] or host


def is_near(name: str) -> bool:
    """A host that can only be of the own network. `name`: lower case, without a port."""
    try:
        address = ip_address(name.strip("[]"))
    except ValueError:
        return NEAR_NAME.fullmatch(name) is not None
    return address.is_private or address.is_loopback or address.is_link_local


def numbered(digits: str) -> Kind:
    """What a number with its country code is."""
    if len(digits) < SHORTEST:
        return Kind.SHORT
    if not digits.startswith(RUSSIAN) or digits.startswith(ABKHAZIA):
        return Kind.FOREIGN
    if len(digits) != NATIONAL_DIGITS + 1:
        return Kind.INVALID
    if digits.startswith(SERVICE):
        return Kind.FREE if digits.startswith(FREE) else Kind.PREMIUM
    return Kind.MOBILE if digits.startswith("79") else Kind.LANDLINE


def _international(text: str) -> str:
    """'8 (903) 123-45-67', '903 123 45 67', '+7 903...' -> '7903...'; '' when it cannot be read."""
    plus, digits = text.startswith("+"), "".join(c for c in text if c.isdecimal())
    if not digits.isascii():
        return ""
    if plus:
        return digits if len(digits) >= SHORTEST else ""
    if len(digits) < SHORTEST:
        return digits
    if digits.startswith(ABROAD):
        return digits.removeprefix(ABROAD)
    if len(digits) == NATIONAL_DIGITS:
        return f"7{digits}"
    if len(digits) == NATIONAL_DIGITS + 1 and digits[0] == "8":
        return f"7{digits[1:]}"
    return digits


def _matches(patterns: tuple[str, ...], digits: str) -> bool:
    return any(_expression(pattern).fullmatch(digits) for pattern in patterns)


def _expression(pattern: str) -> re.Pattern[str]:
    rest = pattern.endswith("*")
    body = re.escape(pattern.removesuffix("*")).replace("X", r"\d")
    return re.compile(body + (r"\d*" if rest else ""))
