"""The queue as tables for a terminal."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ivr.analytics.queue_board import Look
from ivr.analytics.queue_text import length, share
from ivr.log import mask_digits
from ivr.queue.model import (
    Attempt,
    Contact,
    ContactKind,
    NodeId,
    Operator,
    OperatorId,
    OperatorState,
    Priority,
)

STATE_COLOURS: Final = {
    OperatorState.OFFLINE: "dim",
    OperatorState.AVAILABLE: "green",
    OperatorState.RESERVED: "yellow",
    OperatorState.ON_CALL: "cyan",
    OperatorState.WRAP_UP: "blue",
    OperatorState.PAUSED: "magenta",
}
COLUMNS: Final = [
    "place",
    "kind",
    "number",
    "skill",
    "topic",
    "class",
    "waits",
    "due",
    "tries",
    "faults",
    "id",
]
ORDER: Final = tuple(
    OperatorState(name)
    for name in ("on_call", "reserved", "wrap_up", "available", "paused", "offline")
)


def queue_tables(look: Look, *, plain: bool, most: int) -> RenderableType:
    """The whole queue; `plain`: numbers in full, `most`: so many waiting contacts are shown."""
    snapshot = look.snapshot
    talks = {one.operator_id: one for one in snapshot.attempts}
    waiting = snapshot.waiting[:most]
    parts: list[RenderableType] = [_heading(look)]
    if waiting:
        parts.append(_waiting_table(waiting, snapshot.at, plain))
    hidden = snapshot.waiting_count - len(waiting)
    if hidden > 0:
        parts.append(Text(f"and {hidden} more", style="dim"))
    parts.append(Text())
    if snapshot.operators:
        contacts = {
            attempt.operator_id: _served(look.served[attempt.contact_id], attempt, plain)
            for attempt in talks.values()
            if attempt.contact_id in look.served
        }
        parts.append(operators_table(snapshot.operators, contacts, snapshot.at))
    else:
        parts.append(Text("no operators: ivr operators add anna sip:101@pbx", style="yellow"))
    return Group(*parts)


def operators_table(
    operators: Iterable[Operator], contacts: Mapping[OperatorId, str], at: float
) -> Table:
    """Those who are busy first; `contacts`: with whom."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("operator", "name", "state", "for", "with", "skills", "phone"):
        table.add_column(name, no_wrap=name != "skills")
    ranked = sorted(operators, key=lambda one: (ORDER.index(one.state), one.operator_id))
    for one in ranked:
        table.add_row(
            Text(one.operator_id),
            Text(one.name),
            _state(one),
            length(at - one.state_since) if one.state_since else "",
            Text(contacts.get(one.operator_id, "")),
            Text(_skills(one)),
            Text(one.target),
        )
    return table


def operator_line(operator: Operator) -> Text:
    """What has become of one operator by an order."""
    return Text.assemble(f"{operator.operator_id}: ", _state(operator))


def _heading(look: Look) -> RenderableType:
    """What matters at a glance, in a few lines."""
    snapshot, hour = look.snapshot, look.hour
    due = [one for one in snapshot.waiting if one.due_at <= snapshot.at]
    on_line = [one for one in due if one.kind is not ContactKind.CALLBACK]
    later = len(snapshot.waiting) - len(due)
    longest = max((_waited_s(one, snapshot.at) for one in on_line), default=None)
    level = hour.line.service_level
    colour = "dim" if level is None else "green" if level >= look.rules.goal else "red"
    free = sum(one.state is OperatorState.AVAILABLE for one in snapshot.operators)
    duty = sum(
        one.state not in (OperatorState.OFFLINE, OperatorState.PAUSED) for one in snapshot.operators
    )
    lines = [
        Text.assemble(
            (datetime.fromtimestamp(snapshot.at).strftime("%H:%M:%S  "), "dim"),
            (f"{len(on_line)} on the line", "bold"),
            f", longest {length(longest)}   ",
            (f"{len(due) - len(on_line)} promises due", "bold"),
            f", {later} later   ",
            (f"{free} of {duty} operators free", "bold"),
        ),
        Text.assemble(
            "last hour  ",
            (f"level {share(level)}", colour),
            f" ({look.rules.name})   ASA {length(hour.line.asa_s)}   "
            f"offered {hour.line.offered}, answered {hour.line.answered}, "
            f"abandoned {hour.line.abandoned + hour.line.lost}   "
            f"promised {hour.promises.promised}, kept {hour.promises.kept}   "
            f"AHT {length(hour.handling.aht_s)}",
        ),
        _nodes(snapshot.nodes, snapshot.at),
    ]
    return Padding(Group(*lines), (0, 0, 1, 0))


def _nodes(nodes: Mapping[NodeId, float], at: float) -> Text:
    if not nodes:
        return Text("no node has worked on this queue yet: ivr serve", style="yellow")
    text = Text("nodes      ")
    for name, lease_until in sorted(nodes.items()):
        alive = lease_until > at
        since = "" if alive else f" gone for {length(at - lease_until)}"
        text.append(f"{name}{since}   ", style="green" if alive else "red")
    return text


def _waiting_table(waiting: Sequence[Contact], at: float, plain: bool) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in COLUMNS:
        table.add_column(
            name, no_wrap=True, justify="right" if name in ("place", "waits") else "left"
        )
    for place, one in enumerate(waiting, start=1):
        due = one.due_at <= at
        kind = "call" if one.kind is ContactKind.CALL else one.kind.value
        table.add_row(
            str(place) if due else "",
            Text(kind, style="bold" if one.kind is ContactKind.CALL else ""),
            number_text(one.number, plain),
            Text(one.skill),
            Text(one.topic),
            "" if one.priority is Priority.NORMAL else one.priority.value,
            length(_waited_s(one, at)),
            "now" if due else datetime.fromtimestamp(one.due_at).strftime("%d.%m %H:%M"),
            str(one.tries or ""),
            str(one.faults or ""),
            Text(one.contact_id, style="dim"),
        )
    return table


def _served(contact: Contact, attempt: Attempt, plain: bool) -> str:
    kind = "call" if contact.kind is ContactKind.CALL else contact.kind.value
    return f"{kind} {number_text(contact.number, plain)}, {attempt.step.value.replace('_', ' ')}"


def number_text(number: str, plain: bool) -> str:
    """All digits but the last two hidden, unless `plain`."""
    return number if plain else mask_digits(number)


def _state(operator: Operator) -> Text:
    text = Text(operator.state.value.replace("_", " "), style=STATE_COLOURS[operator.state])
    if operator.wish is not None:
        text.append(f", then {operator.wish.value}")
    if operator.reason:
        text.append(f" ({operator.reason.replace('_', ' ')})")
    return text


def _skills(operator: Operator) -> str:
    skills = (
        skill if level == 1 else f"{skill}:{level}"
        for skill, level in sorted(operator.skills.items())
    )
    languages = "" if operator.languages == {"ru"} else f" [{','.join(sorted(operator.languages))}]"
    return " ".join(skills) + languages


def _waited_s(contact: Contact, at: float) -> float:
    return at - contact.first_promised_at
