"""The tables of the configuration file that belong to the virtual queue."""

import re
from datetime import date
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from ivr.config_section import Section

CLOCK: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
STRETCH: Final = re.compile(rf"{CLOCK.pattern}-{CLOCK.pattern}")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NUMBER: Final = re.compile(r"\d{10}")
CUSTOMER: Final = "{number}"


class QueueSettings(Section):
    """[queue] contacts that wait for an operator, on the line or for a promised call."""

    database: str = "sqlite:///var/queue.db"
    """Shared by all nodes of one queue; PostgreSQL: 'postgresql+psycopg://user@host/queue'."""
    node: str = ""
    """Name of this service among them, the same after a restart; empty: machine and SIP port."""
    ring_s: float = Field(default=20.0, ge=3.0, le=120.0)
    """An operator's phone rings so long; who does not pick up is put aside."""
    unreached_retry_s: float = Field(default=5.0, ge=1.0, le=600.0)
    """An operator to whom the way is broken (503 from a proxy, or no answer of anything) is tried
    again after so long, after twice as long the next time, and so on."""
    unreached_retry_max_s: float = Field(default=120.0, ge=1.0, le=3600.0)
    """The longest pause between two tries."""
    whisper: bool = True
    """Tell operators in a sentence what it is about before they are joined; any key skips it."""
    wrap_up_s: float = Field(default=20.0, ge=0.0, le=3600.0)
    """After each contact, for notes."""
    prefer_s: float = Field(default=60.0, ge=0.0, le=3600.0)
    """Callers wait so long for the operator who served them last."""
    vip_numbers: tuple[str, ...] = ()
    """Ten digits each."""
    vip_head_start_s: float = Field(default=600.0, ge=0.0, le=86400.0)
    """They are served as if they had come so much earlier."""
    skills: dict[str, str] = Field(default_factory=dict)
    """What an operator must know, by intent; others take any operator of the skill 'general'."""
    overflows: dict[str, str] = Field(default_factory=dict)
    """Second skill, by skill, for contacts that have waited `overflow_s`."""
    overflow_s: float = Field(default=120.0, ge=0.0, le=86400.0)
    offer_callback_s: float = Field(default=60.0, ge=0.0, le=86400.0)
    """A call back is offered to those who wait, or will wait, longer."""
    handling_s: float = Field(default=240.0, ge=0.0, le=7200.0)
    """Guess of how long a contact occupies an operator, until enough was measured; 0: no guess."""
    music: str = ""
    """Audio file for those who wait; empty: a quiet chord now and then."""
    lost_place_s: float = Field(default=600.0, ge=0.0, le=86400.0)
    """Whose line was cut gets the old place when calling again within this time."""
    lease_s: float = Field(default=6.0, ge=3.0, le=60.0)
    """A node that is silent for so long is taken for dead."""
    lease_grace_s: float = Field(default=2.0, ge=1.0, le=60.0)
    """Others wait so much longer before they take over; meanwhile it has hung up by itself."""
    keep_days: int = Field(default=90, ge=0, le=36500)
    """Contacts that ended longer ago are deleted with their attempts and events, hourly; 0: kept
    for ever. A quarter is what reports compare; contacts hold telephone numbers, so no longer than
    that. Figures of the days that are kept stay as they were."""

    @field_validator("vip_numbers")
    @classmethod
    def _ten_digits(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(NUMBER.fullmatch(number) for number in value):
            raise ValueError("ten digits each, such as 9031234567")
        return value


class CallbackSettings(Section):
    """[callback] calls that were promised."""

    customer_uri: str = ""
    """SIP URI of a customer, such as 'sip:{number}@trunk.example.net'; empty: calls are promised,
    and left to people to make."""
    caller_id: str = ""
    """Number that customers see; empty: the main one of `sip.numbers`."""
    mode: Literal["operator_first", "customer_first"] = "operator_first"
    """Whose phone rings first. With 'customer_first' an operator is reserved, and rung once the
    customer is there."""
    at_once: int = Field(default=4, ge=1, le=256)
    """Calls back under way at a time, of this node."""
    keep_free: int = Field(default=1, ge=0, le=256)
    """Places for callers that calls back leave free."""
    ring_s: float = Field(default=35.0, ge=5.0, le=120.0)
    tries: int = Field(default=3, ge=1, le=20)
    """Vain dials of one customer before a promise is given up: not there, busy, declined, a
    machine. What failed on this side does not count."""
    faults: int = Field(default=10, ge=1, le=100)
    """Dials that came to nothing because of this side (a node or trunk that failed, an operator who
    left) before a promise is given up. The pause doubles with each, from a minute to an hour, so
    that ten of them last four hours: no short trouble costs anybody the call, and none rings on."""
    busy_retry_s: float = Field(default=120.0, ge=1.0, le=86400.0)
    no_answer_retry_s: float = Field(default=600.0, ge=1.0, le=86400.0)
    voicemail_retry_s: float = Field(default=900.0, ge=1.0, le=86400.0)
    later_retry_s: float = Field(default=1800.0, ge=1.0, le=86400.0)
    """After somebody has answered and asked to be called later, which is no vain dial."""
    failed_retry_s: float = Field(default=300.0, ge=1.0, le=86400.0)
    zone: str = "Europe/Moscow"
    """Time zone of the hours, of what callers hear of the time, and of mobile numbers."""
    hours: tuple[str, ...] = ()
    """When operators work: 'mon-fri 09:00-21:00', 'sat 10:00-18:00'; empty: always."""
    holidays: tuple[str, ...] = ()
    """Days that differ from their weekday: '2027-01-01', or with hours '2027-01-02 10:00-15:00'."""
    from_hour: str = "09:00"
    """Nobody is called earlier than this in their region."""
    to_hour: str = "21:00"
    regions: dict[str, str] = Field(default_factory=dict)
    """Time zones by the beginning of a number, such as 914 = 'Asia/Vladivostok'; landlines outside
    Moscow's zone are known."""
    slot_minutes: int = Field(default=60, ge=5, le=240)
    """Length of the times that may be booked."""
    slot_calls: int = Field(default=4, ge=1, le=1000)
    """Calls promised for one of them."""
    allowed: tuple[str, ...] = ("79XXXXXXXXX", "73XXXXXXXXX", "74XXXXXXXXX", "78XXXXXXXXX")
    """Numbers that may be called: 'X' is any digit, '*' at the end any rest. Foreign and premium
    numbers need a pattern in `exceptions`."""
    exceptions: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    """Never called, whatever else says so."""
    per_number: int = Field(default=5, ge=1, le=1000)
    """Dials of one number in a day, retries included; what is promised counts as one until it is
    dialled. With these spent nothing more is promised, and nobody is dialled."""
    per_caller: int = Field(default=5, ge=1, le=1000)
    """The same for all numbers that one caller had called."""
    per_day: int = Field(default=2000, ge=1)
    """The same for everybody together."""

    @field_validator("customer_uri")
    @classmethod
    def _names_the_number(cls, value: str) -> str:
        if value and (CUSTOMER not in value or not value.startswith(("sip:", "sips:"))):
            raise ValueError("a SIP URI with {number} in it, such as sip:{number}@trunk")
        return value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return _zone(value)

    @field_validator("regions")
    @classmethod
    def _known_zones(cls, value: dict[str, str]) -> dict[str, str]:
        for zone in value.values():
            _zone(zone)
        return value

    @field_validator("hours")
    @classmethod
    def _week(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for line in value:
            days, _, stretch = line.partition(" ")
            known = all(day in DAYS for day in days.split("-"))
            if not known or days.count("-") > 1 or not STRETCH.fullmatch(stretch):
                raise ValueError("days and hours, such as 'mon-fri 09:00-21:00'")
        return value

    @field_validator("holidays")
    @classmethod
    def _dates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for line in value:
            day, _, stretch = line.partition(" ")
            date.fromisoformat(day)
            if stretch and not STRETCH.fullmatch(stretch):
                raise ValueError("a date, with hours or without: '2027-01-02 10:00-15:00'")
        return value

    @field_validator("from_hour", "to_hour")
    @classmethod
    def _hour(cls, value: str) -> str:
        if not CLOCK.fullmatch(value):
            raise ValueError("an hour such as 09:00")
        return value


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ValueError("a time zone such as Europe/Moscow") from exc
    return name
