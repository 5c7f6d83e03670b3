"""Whom the oracle of the queue knows: people who wait, desks, and tries to join the two.

Plain values with words of their own, nothing is shared with the queue that is held against it.
"""

from dataclasses import dataclass

DIALS_THE_CUSTOMER = {
    "customer_busy",
    "customer_no_answer",
    "customer_voicemail",
    "customer_failed",
    "customer_later",
    "caller_left",
}
OPERATOR = ("operator_dialled", "operator_up")
CUSTOMER = ("customer_dialled", "customer_up", "identified")
STEPS = {
    "delivery": ("planned", "claimed", *OPERATOR, "joined"),
    "operator_first": ("planned", "claimed", *OPERATOR, *CUSTOMER, "joined"),
    "customer_first": ("planned", "claimed", *CUSTOMER, *OPERATOR, "joined"),
}


@dataclass
class Person:
    """A contact."""

    name: str
    kind: str
    number: str
    topic: str
    skill: str
    language: str
    priority: str
    place: float
    prefers: str | None
    node: str
    due: float = 0.0
    promised: bool = False
    state: str = "waiting"
    tries: int = 0
    faults: int = 0
    reason: str = ""
    ended: float = 0.0
    over: bool = False
    cut: "Try | None" = None
    """The talk that was out of sight, if nothing has happened since."""


@dataclass
class Desk:
    """An operator."""

    name: str
    skills: dict[str, int]
    languages: set[str]
    state: str = "offline"
    idle: float = 0.0
    until: float = 0.0
    wish: str | None = None
    misses: int = 0
    again: float = 0.0
    """Paused until then; 0: for good."""
    unseen: "Try | None" = None
    """A talk of which nobody knows whether it goes on."""


@dataclass
class Try:
    """An attempt; `wanted` until anything happens to the contact."""

    name: str
    person: Person
    desk: Desk
    mode: str
    node: str
    step: str = "planned"
    joined: float = 0.0
    wanted: bool = True
