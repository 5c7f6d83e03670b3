"""The operators of the queue in memory, and who of them is best for a skill. Not thread-safe."""

from collections.abc import Callable, Iterator

from sortedcontainers import SortedList

from ivr.queue import transitions
from ivr.queue.lines import Pool
from ivr.queue.matching import by_skill
from ivr.queue.model import BUSY_STATES, ON_DUTY, Operator, OperatorId, OperatorState
from ivr.queue.replacing import replace
from ivr.queue.timers import Timers
from ivr.queue.transitions import InvalidStateError


class Staff:
    """Operators with the pools they belong to: every pair of a skill and a language of theirs. A
    change of state costs O(log n) for each pool of the operator. A `matching.Bench`."""

    def __init__(self) -> None:
        self._operators: dict[OperatorId, Operator] = {}
        self._available: dict[Pool, SortedList[tuple[int, float, str]]] = {}
        self._on_duty: dict[Pool, int] = {}
        self._rests: Timers[OperatorId] = Timers()
        """Ends of wrap-ups, and of pauses that end by themselves."""

    def __iter__(self) -> Iterator[Operator]:
        return iter(tuple(self._operators.values()))

    # ---- who there is

    def known(self, operator_id: OperatorId) -> Operator | None:
        """In whatever state."""
        return self._operators.get(operator_id)

    def best(self, skill: str, language: str) -> Operator | None:
        """The highest level among the available, then the longest idle."""
        available = self._available.get((skill, language))
        return self._operators[OperatorId(available[0][2])] if available else None

    def open_pools(self) -> tuple[Pool, ...]:
        """Those in which somebody is available."""
        return tuple(self._available)

    def on_duty(self, pool: Pool) -> int:
        """How many with this skill and language are available, busy or in wrap-up."""
        return self._on_duty.get(pool, 0)

    # ---- what happens to them

    def save(self, operator: Operator) -> Operator:
        """New and offline, or name, target, skills and languages of a known one."""
        old = self._operators.get(operator.operator_id)
        if old is None:
            self.put(replace(operator, state=OperatorState.OFFLINE))
        else:
            self.put(
                replace(
                    old,
                    name=operator.name,
                    target=operator.target,
                    skills=operator.skills,
                    languages=operator.languages,
                    version=old.version + 1,
                )
            )
        return self._operators[operator.operator_id]

    def remove(self, operator_id: OperatorId) -> bool:
        """False when unknown. Not while an attempt holds the operator."""
        operator = self._operators.get(operator_id)
        if operator is None:
            return False
        if operator.state in BUSY_STATES:
            raise InvalidStateError("remove", operator.state)
        self._leave_pools(operator)
        self._rests.clear(operator_id)
        del self._operators[operator_id]
        return True

    def log_in(self, operator_id: OperatorId, now: float) -> Operator:
        """See `transitions.log_in`; likewise the next three."""
        return self._changed(operator_id, lambda operator: transitions.log_in(operator, now))

    def log_out(self, operator_id: OperatorId, now: float) -> Operator:
        return self._changed(operator_id, lambda operator: transitions.log_out(operator, now))

    def pause(self, operator_id: OperatorId, reason: str, now: float) -> Operator:
        return self._changed(operator_id, lambda operator: transitions.pause(operator, reason, now))

    def wrap_up_over(self, operator_id: OperatorId, now: float) -> Operator:
        return self._changed(operator_id, lambda operator: transitions.wrap_up_over(operator, now))

    def tick(self, now: float) -> None:
        """End wrap-ups, and pauses before the next try, whose time is over."""
        for operator_id in self._rests.take(now):
            self._changed(operator_id, lambda operator: transitions.rested(operator, now))

    def next_at(self) -> float | None:
        """When the next of them ends."""
        return self._rests.next_at()

    def put(self, operator: Operator) -> None:
        """The operator is what this value says, and stands in the pools that follow from it."""
        old = self._operators.get(operator.operator_id)
        if old is not None:
            self._leave_pools(old)
        self._operators[operator.operator_id] = operator
        self._enter_pools(operator)
        until = transitions.rests_until(operator)
        if until is None:
            self._rests.clear(operator.operator_id)
        else:
            self._rests.set(operator.operator_id, until)

    def _changed(self, operator_id: OperatorId, change: Callable[[Operator], Operator]) -> Operator:
        operator = self._operators.get(operator_id)
        if operator is None:
            raise InvalidStateError("change of an operator", "unknown")
        changed = change(operator)
        self.put(changed)
        return changed

    def _enter_pools(self, operator: Operator) -> None:
        if operator.state not in ON_DUTY:
            return
        for pool in _pools(operator):
            self._on_duty[pool] = self._on_duty.get(pool, 0) + 1
            if operator.state is OperatorState.AVAILABLE:
                self._available.setdefault(pool, SortedList()).add(by_skill(operator, pool[0]))

    def _leave_pools(self, operator: Operator) -> None:
        if operator.state not in ON_DUTY:
            return
        for pool in _pools(operator):
            self._on_duty[pool] -= 1
            if operator.state is OperatorState.AVAILABLE:
                available = self._available[pool]
                available.remove(by_skill(operator, pool[0]))
                if not available:
                    del self._available[pool]


def _pools(operator: Operator) -> Iterator[Pool]:
    return ((skill, language) for skill in operator.skills for language in operator.languages)
