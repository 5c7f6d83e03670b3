"""The queue's values -> what its HTTP interface gives. Pure."""

from dataclasses import asdict
from datetime import UTC, datetime

from ivr.analytics.queue_board import Look
from ivr.analytics.queue_figures import QueueFigures
from ivr.analytics.queue_report import Report
from ivr.analytics.queue_rules import FigureRules
from ivr.http.queue_models import (
    AttemptView,
    ContactView,
    FigureRow,
    FiguresView,
    NodeView,
    OperatorView,
    PlaceView,
    QueueView,
    RulesView,
)
from ivr.queue.model import Attempt, Contact, ContactState, Operator, OperatorState, Place


def moment(at: float | None) -> datetime | None:
    """Seconds since the epoch as a time; nothing for 0 too."""
    return datetime.fromtimestamp(at, UTC) if at else None


def operator_view(operator: Operator, contact_id: str | None = None) -> OperatorView:
    """For people and programs."""
    wrapping_up = operator.state is OperatorState.WRAP_UP
    return OperatorView(
        operator_id=operator.operator_id,
        name=operator.name,
        target=operator.target,
        skills=dict(operator.skills),
        languages=sorted(operator.languages),
        state=operator.state,
        state_since=moment(operator.state_since),
        idle_since=moment(operator.idle_since),
        wrap_up_until=moment(operator.wrap_up_until) if wrapping_up else None,
        retry_at=moment(operator.retry_at),
        wish=operator.wish,
        reason=operator.reason,
        contact_id=contact_id,
    )


def contact_view(
    contact: Contact, at: float, *, position: int | None = None, attempt: Attempt | None = None
) -> ContactView:
    """`at`: until when the wait is counted."""
    joined_at = attempt.joined_at if attempt else None
    until = min(time for time in (at, contact.ended_at, joined_at) if time is not None)
    return ContactView(
        contact_id=contact.contact_id,
        kind=contact.kind,
        state=contact.state,
        position=position,
        number=contact.number,
        caller=contact.caller,
        topic=contact.topic,
        skill=contact.skill,
        language=contact.language,
        priority=contact.priority,
        promised=contact.promised,
        since=datetime.fromtimestamp(contact.first_promised_at, UTC),
        waited_s=round(max(0.0, until - contact.first_promised_at), 1),
        due_at=moment(contact.due_at) if contact.due_at > at else None,
        tries=contact.tries,
        faults=contact.faults,
        node=contact.node,
        call_id=contact.call_id,
        handoff_id=contact.handoff_id,
        end_reason=contact.end_reason,
        attempt=_attempt_view(attempt) if attempt else None,
    )


def place_view(contact: Contact, place: Place | None, at: float) -> PlaceView:
    """A promise and where it stands."""
    due = place is not None and contact.due_at <= at and contact.state is ContactState.WAITING
    position = place.ahead + 1 if place is not None and due else None
    return PlaceView(
        contact=contact_view(contact, at, position=position),
        ahead=place.ahead if place else None,
        operators=place.operators if place else None,
    )


def queue_view(look: Look) -> QueueView:
    """The whole queue."""
    now = look.snapshot.at
    by_contact = {one.contact_id: one for one in look.snapshot.attempts}
    busy = {one.operator_id: one.contact_id for one in look.snapshot.attempts}
    return QueueView(
        at=datetime.fromtimestamp(now, UTC),
        waiting_count=look.snapshot.waiting_count,
        waiting=[
            contact_view(one, now, position=number if one.due_at <= now else None)
            for number, one in enumerate(look.snapshot.waiting, start=1)
        ],
        served=[
            contact_view(one, now, attempt=by_contact[name]) for name, one in look.served.items()
        ],
        operators=[
            operator_view(one, busy.get(one.operator_id)) for one in look.snapshot.operators
        ],
        nodes=[
            NodeView(node=name, lease_until=datetime.fromtimestamp(end, UTC), alive=end > now)
            for name, end in sorted(look.snapshot.nodes.items())
        ],
        last_hour=figure_row(look.hour),
        rules=rules_view(look.rules),
    )


def figures_view(report: Report) -> FiguresView:
    """A report without what is only drawn."""
    return FiguresView(
        since=datetime.fromtimestamp(report.since, UTC),
        until=datetime.fromtimestamp(report.until, UTC),
        at=datetime.fromtimestamp(report.now, UTC),
        rules=rules_view(report.rules),
        total=figure_row(report.total),
        skills=[figure_row(one) for one in report.skills],
        intervals=[figure_row(one) for one in report.intervals],
    )


def figure_row(line: QueueFigures) -> FigureRow:
    """One line of figures."""
    return FigureRow(
        skill=line.skill,
        since=datetime.fromtimestamp(line.since, UTC),
        until=datetime.fromtimestamp(line.until, UTC),
        line=line.line,
        promises=line.promises,
        handling=line.handling,
        estimates=line.estimates,
    )


def rules_view(rules: FigureRules) -> RulesView:
    """The service level's rule."""
    return RulesView(**asdict(rules), sentence=rules.sentence())


def _attempt_view(attempt: Attempt) -> AttemptView:
    return AttemptView(
        attempt_id=attempt.attempt_id,
        operator_id=attempt.operator_id,
        mode=attempt.mode,
        step=attempt.step,
        node=attempt.node,
        planned_at=datetime.fromtimestamp(attempt.planned_at, UTC),
        joined_at=moment(attempt.joined_at),
    )
