"""The living attempts of the queue in memory: one at most for each contact and each operator."""

from collections.abc import Set

from ivr.queue.model import Attempt, AttemptId, AttemptStep, ContactId, NodeId, OperatorId
from ivr.queue.transitions import InvalidStateError


class Attempts:
    """Ended ones are dropped, but for the talks that operators may still have."""

    def __init__(self) -> None:
        self._attempts: dict[AttemptId, Attempt] = {}
        self._by_contact: dict[ContactId, AttemptId] = {}
        self._by_operator: dict[OperatorId, AttemptId] = {}
        self._outbox: dict[NodeId, dict[AttemptId, Attempt]] = {}
        self._lost: dict[OperatorId, Attempt] = {}
        self._count = 0

    def new_id(self) -> AttemptId:
        """Never given before by this object."""
        self._count += 1
        return AttemptId(f"attempt-{self._count}")

    def get(self, attempt_id: AttemptId) -> Attempt | None:
        """None: unknown or ended."""
        return self._attempts.get(attempt_id)

    def lost_talk(self, attempt_id: AttemptId, operator_id: OperatorId) -> Attempt | None:
        """The talk of this operator that went out of sight last, if it is this one."""
        lost = self._lost.get(operator_id)
        return lost if lost is not None and lost.attempt_id == attempt_id else None

    def lose(self, attempt: Attempt) -> None:
        """Keep the end of a talk that went out of sight."""
        self._lost[attempt.operator_id] = attempt

    def of_contact(self, contact_id: ContactId) -> AttemptId | None:
        """The one that tries to reach it."""
        return self._by_contact.get(contact_id)

    def live(self) -> tuple[Attempt, ...]:
        """In the order in which they were planned."""
        return tuple(self._attempts.values())

    def planned(self, node: NodeId) -> tuple[Attempt, ...]:
        """Not claimed by this node yet."""
        return tuple(self._outbox.get(node, {}).values())

    def of_nodes(self, nodes: Set[NodeId]) -> list[Attempt]:
        """Those that one of these nodes carries out or is to."""
        if not nodes:
            return []
        return [attempt for attempt in self._attempts.values() if attempt.node in nodes]

    def put(self, attempt: Attempt) -> None:
        """New or changed. The same guard as the unique indexes of the shared queue."""
        attempt_id = attempt.attempt_id
        if not attempt.is_live:
            del self._attempts[attempt_id]
            del self._by_contact[attempt.contact_id]
            del self._by_operator[attempt.operator_id]
        else:
            self._attempts[attempt_id] = attempt
            of_contact = self._by_contact.setdefault(attempt.contact_id, attempt_id)
            of_operator = self._by_operator.setdefault(attempt.operator_id, attempt_id)
            if of_contact != attempt_id or of_operator != attempt_id:
                raise InvalidStateError("second attempt", "the first lives")
        if attempt.step is AttemptStep.PLANNED:
            self._outbox.setdefault(attempt.node, {})[attempt_id] = attempt
        elif (waiting := self._outbox.get(attempt.node)) is not None:
            waiting.pop(attempt_id, None)
