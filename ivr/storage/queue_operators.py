"""Operators in the shared queue: known, logged in, paused. One transaction each."""

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import delete, insert

from ivr.queue.model import BUSY_STATES, Operator, OperatorId, OperatorState
from ivr.queue.transitions import InvalidStateError
from ivr.storage.queue_tables import operator_row, operators, skills
from ivr.storage.queue_work import Work


def save(work: Work, operator: Operator) -> Operator:
    """New and offline, or name, target, skills and languages of a known one."""
    known = work.operator(operator.operator_id)
    if known is None:
        new = replace(operator, state=OperatorState.OFFLINE, state_since=work.now)
        work.db.execute(insert(operators).values(operator_row(new)))
        work.put_skills(new)
        return new
    changed = replace(
        known,
        name=operator.name,
        target=operator.target,
        skills=operator.skills,
        languages=operator.languages,
        version=known.version + 1,
    )
    work.put_operator(known, changed)
    return changed


def remove(work: Work, operator_id: OperatorId) -> bool:
    """False when unknown; not while an attempt holds the operator."""
    known = work.operator(operator_id)
    if known is None:
        return False
    if known.state in BUSY_STATES:
        raise InvalidStateError("remove", known.state)
    work.put_operator(known, replace(known, state=OperatorState.OFFLINE, version=known.version + 1))
    work.db.execute(delete(skills).where(skills.c.operator_id == operator_id))
    work.db.execute(delete(operators).where(operators.c.operator_id == operator_id))
    return True


def change(
    work: Work, operator_id: OperatorId, follow: Callable[[Operator, float], Operator]
) -> Operator:
    """What `ivr.queue.transitions` says follows now."""
    known = work.operator(operator_id)
    if known is None:
        raise InvalidStateError("change of an operator", "unknown")
    work.refresh()
    changed = follow(known, work.now)
    work.put_operator(known, changed)
    return changed
