"""What was promised and dialled lately, counted: for caps on callbacks, and the room in slots."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Select, and_, func, select

from ivr.queue.destinations import Spent
from ivr.queue.events import What
from ivr.queue.model import AttemptStep, ContactKind
from ivr.storage.queue_tables import contacts, events, is_waiting, literally
from ivr.storage.queue_work import Work


def spent(work: Work, number: str, caller: str, since: float) -> Spent:
    """Dials since then, and promises since then that were not dialled yet."""
    called = select(events.c.contact_id).where(_is_dial(since))
    promised = (
        select(func.count())
        .select_from(contacts)
        .where(
            contacts.c.promised,
            contacts.c.first_promised_at >= since,
            contacts.c.contact_id.not_in(called),
        )
    )
    dials, promises = dialled(work, number, caller, since), _counted(work, promised, number, caller)
    return Spent(
        number=dials.number + promises.number,
        caller=dials.caller + promises.caller,
        all=dials.all + promises.all,
    )


def dialled(work: Work, number: str, caller: str, since: float) -> Spent:
    """How often customers were dialled since then: this one, those promised to this caller, all."""
    joined = events.join(contacts, contacts.c.contact_id == events.c.contact_id)
    dials = select(func.count()).select_from(joined).where(_is_dial(since))
    return _counted(work, dials, number, caller)


def _is_dial(since: float) -> ColumnElement[bool]:
    return and_(
        events.c.at >= since,
        events.c.what == What.STEP.value,
        events.c["values"].contains(f'"{AttemptStep.CUSTOMER_DIALLED.value}"', autoescape=True),
    )


def _counted(work: Work, count: Select[int], number: str, caller: str) -> Spent:
    def of(*which: ColumnElement[bool]) -> int:
        return int(work.db.execute(count.where(*which)).scalar_one())

    return Spent(
        number=of(contacts.c.number == number),
        caller=of(contacts.c.caller == caller) if caller else 0,
        all=of(),
    )


def booked(work: Work) -> Mapping[float, int]:
    """Beginning of a slot -> calls promised for it, of those still to come."""
    query = (
        select(contacts.c.place_at, func.count())
        .where(
            is_waiting(),
            contacts.c.kind == literally(ContactKind.CALLBACK),
            contacts.c.place_at > work.now,
        )
        .group_by(contacts.c.place_at)
    )
    return {float(begin): int(count) for begin, count in work.db.execute(query)}
