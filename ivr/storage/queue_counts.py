"""What was promised lately, counted: for caps on callbacks, and for the room in slots."""

from collections.abc import Mapping

from sqlalchemy import func, select

from ivr.queue.destinations import Spent
from ivr.queue.model import ContactKind
from ivr.storage.queue_tables import contacts, is_waiting
from ivr.storage.queue_work import Work


def spent(work: Work, number: str, caller: str, since: float) -> Spent:
    """Calls promised since then: to this number, by this caller, and in all."""
    count = select(func.count()).select_from(contacts)
    count = count.where(contacts.c.promised, contacts.c.first_promised_at >= since)

    def counted(*which: object) -> int:
        return int(work.db.execute(count.where(*which)).scalar_one())  # type: ignore[arg-type]

    return Spent(
        number=counted(contacts.c.number == number),
        caller=counted(contacts.c.caller == caller) if caller else 0,
        all=counted(),
    )


def booked(work: Work) -> Mapping[float, int]:
    """Beginning of a slot -> calls promised for it, of those still to come."""
    query = (
        select(contacts.c.place_at, func.count())
        .where(
            is_waiting(),
            contacts.c.kind == ContactKind.CALLBACK.value,
            contacts.c.place_at > work.now,
        )
        .group_by(contacts.c.place_at)
    )
    return {float(begin): int(count) for begin, count in work.db.execute(query)}
