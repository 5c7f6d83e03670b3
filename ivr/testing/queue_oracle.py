"""The queue once more, as simply as it can be said: lists, loops, `if`. What the fast one must do.

Written from the rules, not from the engine: it shares neither transitions nor matching with it.
Every operation looks at everybody, so it is for small queues. Times in seconds, passed in.
"""

from dataclasses import dataclass, field

from ivr.queue.model import Operator
from ivr.queue.rules import QueueRules
from ivr.testing.queue_people import DIALS_THE_CUSTOMER, STEPS, Desk, Person, Try


@dataclass
class Oracle:
    """Everybody and everything."""

    rules: QueueRules
    people: dict[str, Person] = field(default_factory=dict)
    desks: dict[str, Desk] = field(default_factory=dict)
    tries: dict[str, Try] = field(default_factory=dict)
    leases: dict[str, float] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    """Final state -> how many."""

    # ---- order and choice

    def rank(self, person: Person) -> float:
        """Place less head start."""
        starts = {key.value: value for key, value in self.rules.head_starts.items()}
        return person.place - starts[person.priority]

    def order(self, person: Person) -> tuple[float, str]:
        """The one order."""
        return self.rank(person), person.name

    def due(self, now: float) -> list[Person]:
        """Who waits to be served now, the first first."""
        people = [p for p in self.people.values() if p.state == "waiting" and p.due <= now]
        return sorted(people, key=self.order)

    def level(self, desk: Desk, person: Person, now: float) -> tuple[int, int] | None:
        """Own skill before overflow, then the level; None: cannot take this one."""
        if person.language not in desk.languages:
            return None
        if person.skill in desk.skills:
            return 1, desk.skills[person.skill]
        over = self.rules.overflows.get(person.skill)
        if over and now >= person.place + over.after_s and over.skill in desk.skills:
            return 0, desk.skills[over.skill]
        return None

    def stands_aside(self, person: Person, now: float) -> bool:
        """Waits for the preferred operator, who is on duty and could take this one."""
        desk = self.desks.get(person.prefers or "")
        return (
            desk is not None
            and now < person.place + self.rules.prefer_s
            and desk.state in ("reserved", "on_call", "wrap_up")
            and self.level(desk, person, now) is not None
        )

    def who_takes(self, person: Person, now: float) -> Desk | None:
        """The best available operator for this one."""
        able = [
            desk
            for desk in self.desks.values()
            if desk.state == "available" and self.level(desk, person, now) is not None
        ]
        for desk in able:
            if desk.name == person.prefers:
                return desk
        if not able or self.stands_aside(person, now):
            return None

        def goodness(desk: Desk) -> tuple[int, int, float, str]:
            own, level = self.level(desk, person, now) or (0, 0)
            return -own, -level, desk.idle, desk.name

        return min(able, key=goodness)

    def ahead(self, person: Person, now: float) -> int:
        """Those before, whom operators of this one's skill may take."""
        over = self.rules.overflows
        count = 0
        for other in self.due(now):
            second = over.get(other.skill)
            spills = second and second.skill == person.skill
            spills = spills and now >= other.place + (second.after_s if second else 0)
            shares = other.language == person.language and (other.skill == person.skill or spills)
            count += bool(shares and self.order(other) < self.order(person))
        return count

    def on_duty(self, skill: str, language: str) -> int:
        """Operators that a waiting contact may count on."""
        return sum(
            desk.state not in ("offline", "paused")
            and skill in desk.skills
            and language in desk.languages
            for desk in self.desks.values()
        )

    # ---- contacts

    def promise(self, number: str, topic: str) -> Person | None:
        """Who was promised a call and has not been talked to yet."""
        for person in self.people.values():
            asked = number and (person.number, person.topic) == (number, topic)
            if asked and person.promised and person.state in ("waiting", "offered"):
                return person
        return None

    def is_full(self, slot: float, now: float, besides: Person) -> bool:
        """Nobody else may book it."""
        others = [
            person
            for person in self.people.values()
            if person.kind == "callback" and person.state == "waiting" and person.place == slot
        ]
        taken = len([person for person in others if person is not besides])
        return slot > now and self.rules.slot_calls is not None and taken >= self.rules.slot_calls

    def enqueue(self, person: Person, now: float) -> tuple[Person, bool] | None:
        """(Who has the place, whether it was known); None: the slot is full."""
        person.promised = person.kind == "callback"
        known = self.promise(person.number, person.topic)
        if known is not None and (known.kind == "callback" or person.kind == "callback"):
            return known, True
        if person.promised and self.is_full(person.place, now, person):
            return None
        self.people[person.name] = person
        return person, False

    def leave(self, person: Person, now: float) -> bool:
        """Hangs up."""
        if person.kind == "callback" or person.state not in ("waiting", "offered"):
            return False
        self._unwanted(person)
        if person.promised:
            person.kind, person.node = "callback", ""
        else:
            self._over(person, "abandoned", "caller_left", now)
        return True

    def cancel(self, person: Person, now: float) -> bool:
        """Takes the promise back."""
        if person.state not in ("waiting", "offered"):
            return False
        self._unwanted(person)
        self._over(person, "cancelled", "cancelled", now)
        return True

    def become_callback(
        self, person: Person, number: str, now: float, slot: float
    ) -> Person | None:
        """Who has the promise afterwards; None: not possible."""
        if person.state != "waiting":
            return None
        other = self.promise(number, person.topic)
        if other is not None and other is not person:
            self._over(person, "cancelled", "known", now)
            return other
        if self.is_full(slot, now, person):
            return None
        person.kind, person.promised, person.number, person.node = "callback", True, number, ""
        person.place = max(slot, now) if slot else min(person.place, now)
        person.due = slot
        return person

    def return_to_line(self, person: Person, now: float, node: str) -> bool:
        """False: not possible."""
        lost = person.over and person.reason == "lost" and person.state in ("abandoned", "done")
        lost = lost and now - person.ended <= self.rules.lost_place_s
        owed = person.kind == "callback" and person.state in ("waiting", "offered")
        if not lost and not owed:
            return False
        other = self.promise(person.number, person.topic)
        if lost and other is not None:
            return False
        if person.over:
            self.ended[person.state] -= 1
        self._unwanted(person)
        person.kind, person.node, person.over, person.reason = "call", node, False, ""
        person.cut = None
        person.due, person.place = 0.0, min(person.place, now)
        if lost:
            person.state = "waiting"
        return True

    # ---- attempts

    def assign(self, node: str, callbacks: int, now: float) -> list[Try]:
        """Look at everybody for every pair."""
        found: list[Try] = []
        while True:
            pair = self._first_pair(now, callbacks > 0)
            if pair is None:
                return found
            person, desk = pair
            mode = "delivery"
            if person.kind == "callback":
                allowed = self.rules.call_from(person.number, now)
                if allowed > now:
                    person.due = allowed
                    continue
                callbacks -= 1
                mode = self.rules.callback_mode.value
            person.state, desk.state = "offered", "reserved"
            found.append(Try("", person, desk, mode, person.node or node))

    def step(self, attempt: Try, step: str, now: float) -> bool:
        """The next step, 'joined' after the last."""
        if attempt.name not in self.tries or not attempt.wanted:
            return False
        order = STEPS[attempt.mode]
        assert order.index(step) == order.index(attempt.step) + 1
        attempt.step = step
        if step == "joined":
            attempt.person.state, attempt.desk.state = "connected", "on_call"
            attempt.joined = now
            attempt.desk.misses, attempt.desk.unseen = 0, None
        return True

    def resume(self, attempt: Try, now: float) -> bool:
        """They have talked on. False: not possible."""
        person, desk = attempt.person, attempt.desk
        if attempt.name in self.tries:
            return attempt.step == "joined"
        known = self.people.get(person.name) is person and self.desks.get(desk.name) is desk
        late = now - person.ended >= self.rules.lost_place_s
        taken = desk.state in ("reserved", "on_call") or desk.unseen is not attempt
        if not known or late or taken or person.cut is not attempt:
            return False
        self.tries[attempt.name] = attempt
        self.ended["done"] -= 1
        person.state, person.reason, person.over, person.cut = "connected", "", False, None
        if desk.state in ("paused", "offline") and not desk.again:
            desk.wish = desk.state
        desk.state, desk.misses, desk.again, desk.unseen = "on_call", 0, 0.0, None
        return True

    def end(self, attempt: Try, outcome: str, now: float, *, unseen: bool = False) -> None:
        """The operator is free, the contact where it belongs; `unseen`: as far as is known."""
        del self.tries[attempt.name]
        person, desk = attempt.person, attempt.desk
        if attempt.step == "joined":
            self._after_talk(desk, now)
            if self._talked(attempt, outcome, now):
                self._over(person, "done", "lost" if outcome == "lost" else "served", now)
                if unseen:
                    person.cut = attempt
            else:
                anew = self.promise(person.number, person.topic)
                self._after_failure(person, attempt.mode, attempt.step, outcome, now)
                if anew is not None and not person.over:
                    self._over(person, "cancelled", "known", now)
            if unseen:
                desk.unseen = attempt
            return
        self._release(desk, attempt, outcome, now)
        if person.state == "offered" and not attempt.wanted:
            person.state = "waiting"
        elif person.state == "offered":
            self._after_failure(person, attempt.mode, attempt.step, outcome, now)

    def _release(self, desk: Desk, attempt: Try, outcome: str, now: float) -> None:
        order = STEPS[attempt.mode]
        if order.index(attempt.step) >= order.index("operator_up"):
            desk.misses, desk.unseen = 0, None
        if desk.wish:
            desk.state, desk.wish = desk.wish, None
        elif not outcome.startswith("operator_"):
            desk.state = "available"
        elif outcome == "operator_unreachable" or desk.unseen:
            desk.state, desk.misses = "paused", desk.misses + 1
            pause = self.rules.retry_operator_s * 2 ** (desk.misses - 1)
            desk.again = now + min(pause, self.rules.retry_operator_most_s)
        else:
            desk.state, desk.misses = "paused", 0

    def _talked(self, attempt: Try, outcome: str, now: float) -> bool:
        """Those called back may be joined and gone before a word was said."""
        if attempt.person.kind != "callback":
            return True
        if outcome == "lost":
            return now - attempt.joined > self.rules.lease_s + 2 * self.rules.lease_grace_s
        return outcome != "caller_left" and not outcome.startswith("operator_")

    def _after_talk(self, desk: Desk, now: float) -> None:
        if desk.wish:
            desk.state, desk.wish, desk.idle = desk.wish, None, now
        elif self.rules.wrap_up_s:
            desk.state, desk.until = "wrap_up", now + self.rules.wrap_up_s
        else:
            desk.state, desk.idle = "available", now

    def _after_failure(
        self, person: Person, mode: str, step: str, outcome: str, now: float
    ) -> None:
        person.state = "waiting"
        if outcome in ("cancelled", "customer_refused"):
            self._over(person, "cancelled", outcome, now)
        elif person.kind == "call" and outcome in ("caller_left", "lost"):
            if person.promised:
                person.kind, person.node = "callback", ""
            else:
                self._over(person, "abandoned", outcome, now)
        elif mode != "delivery" and outcome in DIALS_THE_CUSTOMER:
            delays = {key.value: value for key, value in self.rules.retry_delays.items()}
            person.tries += outcome != "customer_later"
            self._again(person, outcome, now, now + delays[outcome])
        elif mode != "delivery" and (outcome == "not_allowed" or self._rang(mode, step)):
            longest = max(3600.0, self.rules.again_s)
            pause = min(longest, self.rules.again_s * 2**person.faults)
            pause = 14400.0 if outcome == "not_allowed" else pause
            person.faults += 1
            self._again(person, outcome, now, now + pause)

    def _again(self, person: Person, outcome: str, now: float, later: float) -> None:
        if person.tries == self.rules.tries or person.faults == self.rules.faults:
            self._over(person, "given_up", outcome, now)
        else:
            person.due = self.rules.call_from(person.number, later)

    def _rang(self, mode: str, step: str) -> bool:
        """The customer's phone may have."""
        return STEPS[mode].index(step) >= STEPS[mode].index("customer_dialled")

    # ---- operators, nodes, time

    def log_in(self, desk: Desk, now: float) -> None:
        """Also the end of a pause, and of a wish for one."""
        if desk.state in ("offline", "paused"):
            desk.state, desk.idle = "available", now
            desk.misses, desk.again = 0, 0.0
        desk.wish = None

    def rest(self, desk: Desk, state: str) -> bool:
        """'paused' or 'offline', at once or as a wish. False: not possible."""
        if desk.state == "offline" and state == "paused":
            return False
        if desk.state in ("reserved", "on_call"):
            desk.wish = state
        else:
            desk.state, desk.misses, desk.again = state, 0, 0.0
        return True

    def save(self, operator: Operator) -> None:
        """New, or other skills."""
        desk = self.desks.setdefault(operator.operator_id, Desk(operator.operator_id, {}, set()))
        desk.skills, desk.languages = dict(operator.skills), set(operator.languages)

    def tick(self, now: float) -> None:
        """Wrap-ups end, and pauses before the next try."""
        for desk in self.desks.values():
            if desk.state == "wrap_up" and desk.until <= now:
                desk.state, desk.idle = "available", desk.until
            elif desk.again and desk.again <= now:
                desk.state, desk.idle, desk.again = "available", now, 0.0

    def forget(self, now: float) -> None:
        """Whoever can never come back."""
        kept = {attempt.person.name for attempt in self.tries.values()}
        for person in tuple(self.people.values()):
            lost = person.reason == "lost" and person.state in ("abandoned", "done")
            lost = lost and now - person.ended < self.rules.lost_place_s
            if person.over and not lost and person.name not in kept:
                del self.people[person.name]

    def recover(self, node: str, now: float, *, starting: bool) -> None:
        """What dead nodes had begun is lost."""
        limit = now - self.rules.lease_grace_s
        dead = {name for name, end in self.leases.items() if end < limit}
        dead |= {node} if starting else set()
        for attempt in [attempt for attempt in self.tries.values() if attempt.node in dead]:
            own = starting and attempt.node == node
            self.end(attempt, "lost", now, unseen=not own)
        for person in self.people.values():
            if person.state == "waiting" and person.kind == "call" and person.node in dead:
                self._after_failure(person, "delivery", "planned", "lost", now)
        for name in dead - {node}:
            del self.leases[name]

    def _first_pair(self, now: float, callbacks: bool) -> tuple[Person, Desk] | None:
        for person in self.due(now):
            if callbacks or person.kind != "callback":
                desk = self.who_takes(person, now)
                if desk is not None:
                    return person, desk
        return None

    def _unwanted(self, person: Person) -> None:
        for attempt in self.tries.values():
            if attempt.person is person:
                attempt.wanted = False

    def _over(self, person: Person, state: str, reason: str, now: float) -> None:
        person.state, person.reason, person.ended, person.over = state, reason, now, True
        self.ended[state] = self.ended.get(state, 0) + 1
