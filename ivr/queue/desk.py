"""The operators' side of the queue: checks of what was typed, orders by name or number.

Coroutines take the store; everything else is pure.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from ivr.errors import IvrError
from ivr.queue.destinations import DestinationRules, Refusal
from ivr.queue.model import (
    DEFAULT_LANGUAGE,
    DEFAULT_SKILL,
    Contact,
    ContactId,
    ContactKind,
    Operator,
    OperatorId,
    OperatorState,
)
from ivr.queue.ports import QueueStore
from ivr.queue.transitions import InvalidStateError

OPERATOR_ID: Final = re.compile(r"[\w.-]{1,64}")
TARGET: Final = re.compile(r"sips?:(?:[^\s@<>\"]+@)?[^\s@<>\"]+", re.IGNORECASE)
"""What can be put into a request line; the host may be a name that only the SIP side knows."""
WORD: Final = re.compile(r"[\w-]{1,32}")
MOST_REASON: Final = 200
MOST_NAME: Final = 100
LEVELS: Final = range(1, 101)
NATIONAL_DIGITS: Final = 10
REFUSED: Final = {
    Refusal.INVALID: "not a SIP URI that may be called, such as sip:100@pbx",
    Refusal.HOST: "its host is neither of the own network nor named in handoff.hosts",
    Refusal.DENIED: "its number is in callback.denied",
    Refusal.NOT_ALLOWED: "its number is not in callback.allowed",
    Refusal.PREMIUM: "a premium number, not named in callback.exceptions",
    Refusal.FOREIGN: "a foreign number, not named in callback.exceptions",
}
"""What the guard has against an operator's phone, by the rule that says so; without the caps."""


class DeskError(IvrError):
    """An order that cannot be carried out. `code`: 'unknown', 'known', 'invalid' or 'over'."""


def new_operator(
    operator_id: str,
    target: str,
    *,
    guard: DestinationRules,
    name: str = "",
    skills: Mapping[str, int] | None = None,
    languages: Iterable[str] = (DEFAULT_LANGUAGE,),
) -> Operator:
    """An operator as the store takes it; `DeskError` 'invalid' says what is wrong with a value."""
    levels = dict(skills or {DEFAULT_SKILL: 1})
    spoken = frozenset(languages)
    fault = next(_faults(operator_id, target, name, levels, spoken), "")
    fault = fault or target_fault(target, guard)
    if fault:
        raise DeskError("invalid", fault)
    return Operator(
        operator_id=OperatorId(operator_id),
        name=name.strip(),
        target=target,
        skills=levels,
        languages=spoken,
    )


def target_fault(target: str, guard: DestinationRules) -> str:
    """Why this phone may not be called, with the rule that says so; '' when it may."""
    refused = guard.refusal(target)
    return "" if refused is None else f"target {target}: {REFUSED[refused]}"


def skills_of(texts: Iterable[str]) -> dict[str, int]:
    """'general', 'sales:3', or several with spaces or commas between -> skill and level."""
    levels: dict[str, int] = {}
    for word in re.split(r"[\s,]+", " ".join(texts).strip()):
        skill, _, level = word.partition(":")
        if level and not level.isdecimal():
            raise DeskError("invalid", f"level {level!r} of skill {skill}: a number from 1 on")
        if skill in levels:
            raise DeskError("invalid", f"skill {skill} is named twice")
        if skill:
            levels[skill] = int(level) if level else 1
    return levels


def national_number(text: str) -> str:
    """Ten digits of a Russian number in any common form; `DeskError` for anything else."""
    digits = "".join(character for character in text if character.isdigit())
    if len(digits) == NATIONAL_DIGITS + 1 and digits[0] in "78":
        digits = digits[1:]
    if len(digits) != NATIONAL_DIGITS or re.search(r"[^\d\s()+.-]", text):
        raise DeskError("invalid", f"{text!r} is no Russian number: +7 903 000-00-01")
    return digits


async def add_operator(store: QueueStore, operator: Operator) -> Operator:
    """A new one; 'known' when the id is taken."""
    if await store.operator(operator.operator_id) is not None:
        raise DeskError("known", f"there is an operator {operator.operator_id} already")
    return await store.save_operator(operator)


async def known_operator(store: QueueStore, operator_id: str) -> Operator:
    """The operator; 'unknown' otherwise."""
    found = await store.operator(OperatorId(operator_id))
    if found is None:
        raise DeskError("unknown", f"there is no operator {operator_id!r}")
    return found


async def log_in(store: QueueStore, operator_id: str) -> Operator:
    """The shift begins, or a pause ends."""
    return await store.log_in((await known_operator(store, operator_id)).operator_id)


async def log_out(store: QueueStore, operator_id: str) -> Operator:
    """The shift ends, after the present contact where there is one."""
    return await store.log_out((await known_operator(store, operator_id)).operator_id)


async def pause(store: QueueStore, operator_id: str, reason: str) -> Operator:
    """No contacts for a while; 'invalid' where the reason is no single short line."""
    operator = await known_operator(store, operator_id)
    if not reason.strip() or not _is_plain(reason, MOST_REASON):
        raise DeskError("invalid", f"reason: one line of at most {MOST_REASON} characters")
    try:
        return await store.pause(operator.operator_id, reason.strip())
    except InvalidStateError:
        raise DeskError("over", f"{operator_id} is not logged in") from None


async def ready(store: QueueStore, operator_id: str) -> Operator:
    """Contacts are welcome: ends wrap-up or pause, takes a wish to pause back."""
    operator = await known_operator(store, operator_id)
    if operator.state is OperatorState.OFFLINE:
        raise DeskError("over", f"{operator_id} is not logged in")
    if operator.state is not OperatorState.WRAP_UP:
        return await store.log_in(operator.operator_id)
    try:
        return await store.wrap_up_over(operator.operator_id)
    except InvalidStateError:  # its time was over meanwhile
        return await known_operator(store, operator_id)


async def remove_operator(store: QueueStore, operator_id: str) -> None:
    """Forget an operator; 'over' while one talks or is being rung."""
    operator = await known_operator(store, operator_id)
    try:
        await store.remove_operator(operator.operator_id)
    except InvalidStateError as fault:
        raise DeskError("over", f"{operator_id} cannot be removed while on a call") from fault


async def promise(store: QueueStore, contact_id: str) -> Contact:
    """A promised call, also one that is over."""
    found = await store.contact(ContactId(contact_id))
    if found is None or not found.promised:
        raise DeskError("unknown", f"there is no promised call {contact_id!r}")
    return found


async def cancel_promise(store: QueueStore, contact_id: str) -> None:
    """Take one promise back; 'over' when the customer is talked to already, or nothing is owed."""
    found = await promise(store, contact_id)
    if not await store.cancel(found.contact_id):
        raise DeskError("over", f"the promised call {contact_id} is over: {found.state.value}")


async def cancel_promises(store: QueueStore, number: str, topic: str = "") -> Sequence[Contact]:
    """Take back what is promised to a number, or asked for by it; of any topic where it is ''.

    Whoever has come back to the line is left there. Returns what was cancelled.
    """
    owed = [
        one
        for one in await store.open_contacts(national_number(number))
        if one.promise is not None and one.kind is ContactKind.CALLBACK and topic in ("", one.topic)
    ]
    return [one for one in owed if await store.cancel(one.contact_id)]


def _faults(
    operator_id: str, target: str, name: str, levels: Mapping[str, int], spoken: Iterable[str]
) -> Iterator[str]:
    if not OPERATOR_ID.fullmatch(operator_id):
        yield f"id {operator_id!r}: letters, digits, . _ -, at most 64"
    if not TARGET.fullmatch(target):
        yield f"target {target!r}: a SIP URI such as sip:100@pbx"
    if not _is_plain(name, MOST_NAME):
        yield f"name: one line of at most {MOST_NAME} characters"
    for what, words in (("skill", levels), ("language", spoken)):
        if not words:
            yield f"{what}s: at least one"
        for word in words:
            if not WORD.fullmatch(word):
                yield f"{what} {word!r}: letters, digits, _ -, at most 32"
    for skill, level in levels.items():
        if level not in LEVELS:
            yield f"level {level} of skill {skill}: 1 to {LEVELS[-1]}"


def _is_plain(text: str, most: int) -> bool:
    return len(text) <= most and (text == "" or text.isprintable())
