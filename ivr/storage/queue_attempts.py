"""Attempts in the shared queue: claimed, advanced, joined, ended. One transaction each."""

from collections.abc import Callable

from ivr.queue import lost_talks, transitions
from ivr.queue.matching import order_of
from ivr.queue.model import Attempt, AttemptOutcome, AttemptStep, ContactState, NodeId
from ivr.queue.transitions import InvalidStateError, Trio
from ivr.storage.queue_contacts import promised
from ivr.storage.queue_tables import attempts
from ivr.storage.queue_work import Work


def outbox(work: Work, node: NodeId) -> tuple[Trio, ...]:
    """Planned for this node and not yet claimed, in the one order."""
    planned = work.attempts(attempts.c.node == node, attempts.c.step == AttemptStep.PLANNED.value)
    found = (work.trio(attempt.attempt_id, lock=False) for attempt in planned)
    return tuple(sorted((trio for trio in found if trio), key=lambda trio: order_of(trio.contact)))


def claim(work: Work, attempt: Attempt) -> Trio | None:
    """Before anything is dialled. One that is not wanted any more is ended, so that the operator is
    free at once."""
    trio = _wanted(work, attempt)
    if trio is None:
        _end_unwanted(work, attempt)
        return None
    claimed = transitions.advance(trio.attempt, AttemptStep.CLAIMED)
    work.put_attempt(trio.attempt, claimed, trio.contact)
    return Trio(trio.contact, trio.operator, claimed)


def advance(work: Work, attempt: Attempt, step: AttemptStep) -> Attempt | None:
    """The next step, before it is acted on."""
    trio = _wanted(work, attempt)
    if trio is None:
        return None
    moved = transitions.advance(trio.attempt, step)
    work.put_attempt(trio.attempt, moved, trio.contact)
    return moved


def join(work: Work, attempt: Attempt) -> Attempt | None:
    """Contact and operator are about to hear each other."""
    trio = _wanted(work, attempt)
    if trio is None:
        return None
    joined = transitions.join(trio, work.now)
    work.put_trio(trio, joined)
    return joined.attempt


def end(work: Work, attempt: Attempt, outcome: AttemptOutcome) -> Trio | None:
    """Over; None when it was before."""
    return _ended(work, attempt, lambda trio: transitions.end(trio, outcome, work.rules, work.now))


def lose_sight(work: Work, attempt: Attempt) -> Trio | None:
    """Over because its node is gone, as far as anybody knows; None when it was before."""
    return _ended(work, attempt, lambda trio: lost_talks.lose_sight(trio, work.rules, work.now))


def resume(work: Work, attempt: Attempt) -> Attempt | None:
    """The talk goes on, whatever was made of it while its node was out of sight."""
    trio = work.trio(attempt.attempt_id, ended=True)
    work.refresh()
    work.require_lease(attempt.node)
    if trio is None:
        return None
    if trio.attempt.step is AttemptStep.JOINED:
        return trio.attempt
    try:
        resumed = lost_talks.resume(trio, work.rules, work.now)
    except InvalidStateError:
        return None
    work.put_trio(trio, resumed)
    return resumed.attempt


def _ended(work: Work, attempt: Attempt, follow: Callable[[Trio], Trio]) -> Trio | None:
    trio = work.trio(attempt.attempt_id)
    if trio is None:
        return None
    work.refresh()
    ended = follow(trio)
    if trio.contact.promise is None and ended.contact.promise is not None:
        other = promised(work, ended.contact)
        if other is not None:  # promised anew while the two seemed to talk
            given_way = transitions.give_way(ended.contact, work.now)
            ended = Trio(given_way, ended.operator, ended.attempt)
    work.put_trio(trio, ended)
    return ended


def _wanted(work: Work, attempt: Attempt) -> Trio | None:
    """Locked, and as the caller knows it; the lease is judged after the locks were got."""
    trio = work.trio(attempt.attempt_id)
    work.refresh()
    work.require_lease(attempt.node)
    if trio is None or trio.attempt.step is not attempt.step:
        return None
    return trio if transitions.is_wanted(trio.contact, trio.attempt) else None


def _end_unwanted(work: Work, attempt: Attempt) -> None:
    trio = work.trio(attempt.attempt_id)
    if trio is not None and trio.attempt.step is AttemptStep.PLANNED:
        cancelled = trio.contact.state is ContactState.CANCELLED
        end(work, attempt, AttemptOutcome.CANCELLED if cancelled else AttemptOutcome.CALLER_LEFT)
