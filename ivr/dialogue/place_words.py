"""A place in the queue in words. Tells what is known and nothing else. Pure."""

from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from ivr.dialogue.state import Line
from ivr.queue.model import Place
from ivr.speech.phrase import Name, Phrase, Prompt, Quantity, Unit
from ivr.speech.russian import day_and_hour, time_slot

FRESH_S = 30.0
"""A place that was looked up longer ago may not be true any more, seconds."""
EXACT_MINUTES = 10
"""Longer waits are told in steps of five minutes: nobody knows them better."""
LONGEST_TOLD_MINUTES = 30
LONGEST_BOUND_HOURS = 3


def position(ahead: int) -> Phrase:
    """«Вы следующий в очереди» or how many come before."""
    if ahead <= 0:
        return (Prompt("queue.position_first"),)
    return (Prompt("queue.ahead"), Quantity(Decimal(ahead), Unit.PERSON))


def minutes(seconds: float) -> int:
    """Rounded up, so that people rather wait less than they were told."""
    whole = max(1, ceil(seconds / 60))
    return whole if whole <= EXACT_MINUTES else ceil(whole / 5) * 5


def wait(place: Place, *, bound: bool) -> Phrase:
    """The usual wait and, with `bound`, the one that nine of ten keep; nothing where unknown."""
    if place.wait_s is None:
        return ()
    limit_s = place.wait_bound_s
    if limit_s is not None and limit_s < 60:
        return (Prompt("queue.wait_less_minute"),)
    usual = minutes(place.wait_s)
    told: Phrase = (Prompt("queue.wait_about"), Quantity(Decimal(usual), Unit.MINUTE))
    if usual > LONGEST_TOLD_MINUTES:
        told = (Prompt("queue.wait_over"),)
    if not bound or limit_s is None or minutes(limit_s) <= usual:
        return told
    return (*told, *_bound(minutes(limit_s)))


def _bound(most: int) -> Phrase:
    if most <= 60:
        return (Prompt("queue.wait_bound"), Quantity(Decimal(most), Unit.MINUTE))
    hours = ceil(most / 60)
    if hours > LONGEST_BOUND_HOURS:
        return ()
    return (Prompt("queue.wait_bound"), Quantity(Decimal(hours), Unit.HOUR))


def told_of(place: Place) -> tuple[int, int | None]:
    """What `position` and `wait` make of it, to see whether it has changed."""
    return place.ahead, None if place.wait_s is None else minutes(place.wait_s)


def reminder(line: Line, now: datetime) -> Phrase:
    """That the caller still waits; the position where it is fresh enough to be true."""
    if (now - line.seen_at).total_seconds() <= FRESH_S:
        return position(line.place.ahead)
    return (Prompt("queue.still"),)


def slot_words(slot: datetime, length_minutes: int, now: datetime) -> str:
    """«завтра с девяти до десяти»."""
    here = slot.astimezone(now.tzinfo)
    return time_slot(here, timedelta(minutes=length_minutes), now.date())


def booked(slot: datetime, length_minutes: int, now: datetime) -> Phrase:
    """«Мы перезвоним вам завтра с девяти до десяти»."""
    return (Prompt("callback.slot"), Name(slot_words(slot, length_minutes, now)))


def calls_begin(at: datetime, now: datetime) -> Phrase:
    """«Мы перезвоним вам завтра после девяти утра»."""
    here = at.astimezone(now.tzinfo)
    return (Prompt("callback.slot"), Name(day_and_hour(here, now.date())))


def later(place: Place, now: datetime) -> datetime | None:
    """When calls begin where the hours allow none at present; None while they do."""
    at = datetime.fromtimestamp(place.calls_from, now.tzinfo) if place.calls_from else None
    return at if at is not None and at > now else None


def due(place: Place, now: datetime) -> datetime | None:
    """Beginning of the booked time of a promise, None when it is in turn."""
    return datetime.fromtimestamp(place.due_at, now.tzinfo) if place.due_at else None
