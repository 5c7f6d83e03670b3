"""A node's part in the shared queue: keeps its lease, matches, carries attempts out. Event loop.

lease    renewed three times within its length; when it cannot be, every attempt that has not
         joined two people yet is ended here, before others may take it over
turns    on every wake-up and every `poll_s`: take over from dead nodes, match contacts with
         operators, fetch what is planned for this node
attempts one task each; a fault in one ends that one. Their ends are written until that works
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final

from ivr.clock import Clock
from ivr.errors import IvrError, StoreError
from ivr.handoff.attempt import AttemptOverError, LiveAttempt
from ivr.handoff.lease import Lease
from ivr.handoff.running_attempt import RunningAttempt
from ivr.queue.duty import OPERATOR_FAULTS
from ivr.queue.model import AttemptId, AttemptMode, AttemptOutcome, NodeId
from ivr.queue.ports import QueueStore
from ivr.queue.transitions import Trio, is_wanted

log = logging.getLogger(__name__)

CarryOut = Callable[[LiveAttempt], Awaitable[AttemptOutcome]]
"""From a claimed attempt to its end; everything dialled is released when it returns or is
cancelled. May raise `AttemptOverError`."""

ASK_S: Final = 5.0
"""A request to the queue that takes longer is given up."""
LEASE: Final = "lease"
"""Code of the fault that says that this node must not act."""
END_AGAIN_S: Final = 1.0
"""Pause before the end of an attempt is written again."""
FAILED_PAUSE_S: Final = 3.0
"""Nothing is matched for so long after this node could not dial: it would fail again."""
REFUSALS: Final = 3
"""Customers in a row whom the way to the network refused: it is down, and not for one number."""
REFUSED_PAUSE_S: Final = 30.0
"""Nobody is called back for so long then: operators would be rung for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatcherSettings:
    """Seconds, but for `attempts`."""

    poll_s: float = 0.5
    recover_s: float = 2.0
    """Between two looks for dead nodes."""
    attempts: int = 64
    """Under way at once and not joined yet."""
    lease_grace_s: float = 2.0
    """Others take over so long after the end of the lease."""


@dataclass(slots=True)
class Dispatcher:
    """Runs this node's attempts. `start`, then `run` until cancelled, then `aclose`."""

    node: NodeId
    queue: QueueStore
    carry_out: CarryOut
    callback_room: Callable[[], int]
    """How many more customers this node could call back now."""
    clock: Clock
    settings: DispatcherSettings = field(default_factory=DispatcherSettings)
    fault: str = field(default="", init=False)
    """Why the queue cannot be used now, '' while it can."""
    _lease: Lease = field(default_factory=Lease, init=False)
    _running: dict[AttemptId, RunningAttempt] = field(default_factory=dict, init=False)
    _woken: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _recover_at: float = field(default=0.0, init=False)
    _paused_until: float = field(default=0.0, init=False)
    _draining: bool = field(default=False, init=False)
    _refused: int = field(default=0, init=False)
    """Customers in a row."""
    _calls_back_from: float = field(default=0.0, init=False)

    @property
    def live(self) -> int:
        """Attempts under way."""
        return len(self._running)

    @property
    def _reaching(self) -> int:
        """Attempts that have joined nobody yet: only these are limited, because what is planned
        and not begun keeps operators reserved."""
        return sum(one.is_unjoined for one in self._running.values())

    def legs_until(self) -> float:
        """Until when media workers may keep legs without hearing of this process, monotonic s."""
        return self._lease.legs_until(self.clock.monotonic(), self.settings.lease_grace_s)

    def wake(self) -> None:
        """Something has changed in the queue: look at once."""
        self._woken.set()

    async def start(self) -> None:
        """Before any call is taken: be known as alive, and end what an earlier run left behind.

        `StoreError` when the queue cannot be reached.
        """
        asked_at = self.clock.monotonic()
        self._lease = self._lease.on_renewed(asked_at, await self.queue.renew(self.node))
        for trio in await self.queue.recover(self.node, starting=True):
            _note(trio, "left behind by an earlier run")

    async def run(self) -> None:
        """Until cancelled. Nothing that goes wrong in the queue or in an attempt ends it."""
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._keep_lease())
            loops.create_task(self._take_turns())

    async def drain(self) -> None:
        """Call nobody back any more, and end callbacks that have not joined two people yet: other
        nodes can take them over at once. Callers on the line are brought to operators as before."""
        self._draining = True
        unjoined = [one for one in self._running.values() if one.is_unjoined]
        ending = [one for one in unjoined if one.live.is_callback and not one.live.joining]
        for one in ending:
            one.cancel()
        if ending:
            await asyncio.wait([one.task for one in ending], timeout=ASK_S)

    async def talked(self, limit_s: float) -> int:
        """After `drain`: until customers who were called back have talked, at most so long.

        How many still talk; `aclose` ends them.
        """
        talks = {one.task for one in self._running.values() if one.live.is_callback}
        if not talks:
            return 0
        log.info("- draining %d calls back, at most %.0f s", len(talks), limit_s)
        _, left = await asyncio.wait(talks, timeout=limit_s)
        return len(left)

    async def aclose(self) -> None:
        """End everything; `run` has been cancelled."""
        self._draining = True
        tasks = [one.task for one in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ---- lease

    async def _keep_lease(self) -> None:
        while True:
            asked_at = self.clock.monotonic()
            await self._renew(asked_at)
            pause_s = self._lease.next_renewal(asked_at) - self.clock.monotonic()
            await asyncio.sleep(max(0.0, min(pause_s, self._left_s() if self._good() else pause_s)))
            if not self._good():
                self._fence()

    async def _renew(self, asked_at: float) -> None:
        """Ask until the lease is over; when it is, at least long enough for an answer."""
        try:
            async with asyncio.timeout(self._left_s() if self._good() else ASK_S):
                lasts_s = await self.queue.renew(self.node)
        except (StoreError, TimeoutError) as exc:
            self._on_fault("lease not renewed", exc)
            return
        except Exception as exc:  # without a lease nobody is dialled: this loop must not end
            log.exception("x lease not renewed", extra={"action": "lease"})
            self.fault = str(exc)
            return
        self._lease = self._lease.on_renewed(asked_at, lasts_s)

    def _good(self) -> bool:
        return self._lease.is_good(self.clock.monotonic())

    def _left_s(self) -> float:
        return max(0.0, self._lease.until - self.clock.monotonic())

    def _fence(self) -> None:
        """The queue may give our attempts to others soon: hang up before they dial. Who talks goes
        on talking, but others will take the conversation for over."""
        for one in self._running.values():
            one.in_sight = one.in_sight and not one.live.is_joined
        unjoined = [one for one in self._running.values() if one.is_unjoined]
        for one in unjoined:
            one.cancel()
        if unjoined:
            log.error(
                "x lease lost: %d attempts are ended", len(unjoined), extra={"action": "fenced"}
            )

    # ---- turns

    async def _take_turns(self) -> None:
        while True:
            self._woken.clear()
            if self._good():
                await self._turn()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.settings.poll_s):
                    await self._woken.wait()

    async def _turn(self) -> None:
        try:
            async with asyncio.timeout(ASK_S):
                await self._look()
        except (IvrError, TimeoutError) as exc:
            self._on_fault("queue not looked at", exc)
        except Exception as exc:  # the loop outlives whatever a store may do
            log.exception("x turn of the queue failed", extra={"action": "dispatch"})
            self.fault = str(exc)
        else:
            self.fault = ""

    async def _look(self) -> None:
        now = self.clock.monotonic()
        if now >= self._recover_at:
            self._recover_at = now + self.settings.recover_s
            for trio in await self.queue.recover(self.node):
                _note(trio, "taken over")
            await self._show_talks()
        await self._drop_unwanted()
        if now >= self._paused_until and self._reaching < self.settings.attempts:
            await self.queue.assign(self.node, self._callback_room())
        for trio in await self.queue.outbox(self.node):
            if self._draining and trio.attempt.mode is not AttemptMode.DELIVERY:
                # Planned before, or while the draining began: other nodes can take it at once.
                await self.queue.end(trio.attempt, AttemptOutcome.NODE_FAILED)
            elif self._reaching < self.settings.attempts:
                self._begin(trio)

    def _callback_room(self) -> int:
        if self._draining or self.clock.monotonic() < self._calls_back_from:
            return 0
        undialled = sum(one.awaits_dial for one in self._running.values())
        return max(0, self.callback_room() - undialled)

    async def _drop_unwanted(self) -> None:
        """Whoever took a promise back need not wait for the next step to be left in peace."""
        for one in [one for one in self._running.values() if one.is_unjoined]:
            contact = await self.queue.contact(one.live.trio.contact.contact_id)
            wanted = contact is not None and is_wanted(contact, one.live.trio.attempt)
            if not wanted and one.is_unjoined and not one.live.joining:
                one.unwanted = True
                one.cancel()

    async def _show_talks(self) -> None:
        """Tell the queue of those who talked on while this node was out of sight: again and again
        until it can be had, or they have hung up."""
        for one in list(self._running.values()):
            if one.in_sight or one.over:
                continue
            attempt = await self.queue.resume(one.live.trio.attempt)
            if attempt is None:
                continue
            one.in_sight = True
            one.live.trio = replace(one.live.trio, attempt=attempt)
            log.info("- attempt %s goes on", attempt.attempt_id, extra={"action": "resumed"})
            if one.over:  # its end may have been written before it was resumed, in vain
                await self.queue.end(attempt, AttemptOutcome.CONNECTED)

    def _on_fault(self, what: str, fault: Exception) -> None:
        text = fault.message if isinstance(fault, IvrError) else "the queue does not answer"
        if self.fault != text:
            log.error("x %s: %s", what, text, extra={"action": "queue_fault"})
        self.fault = text
        if isinstance(fault, StoreError) and fault.code == LEASE:
            # Others may carry our attempts out by now; by our own clock we would ring on for long.
            self._lease = self._lease.on_lost()
            self._fence()

    # ---- attempts

    def _begin(self, trio: Trio) -> None:
        attempt_id = trio.attempt.attempt_id
        if attempt_id in self._running:
            return
        live = LiveAttempt(self.queue, trio, self._good)
        task = asyncio.create_task(self._run_attempt(live), name=f"attempt {attempt_id}")
        self._running[attempt_id] = RunningAttempt(live, task)
        task.add_done_callback(lambda _: self._running.pop(attempt_id, None))

    async def _run_attempt(self, live: LiveAttempt) -> None:
        outcome: AttemptOutcome | None = None
        try:
            outcome = await self._outcome_of(live)
        finally:
            one = self._running[live.trio.attempt.attempt_id]
            one.over = True
            await self._write_end(live, outcome or one.outcome_of_cancelling)

    async def _outcome_of(self, live: LiveAttempt) -> AttemptOutcome:
        try:
            await live.claim()
            outcome = await self.carry_out(live)
        except AttemptOverError as over:
            return over.outcome
        except IvrError as exc:
            log.error("x attempt failed: %s", exc.message, extra={"action": "attempt"})
            outcome = live.outcome_of_fault
        except Exception:  # one bad attempt takes no other down
            log.exception("x attempt failed", extra={"action": "attempt"})
            outcome = live.outcome_of_fault
        if outcome is live.outcome_of_fault:
            self._paused_until = self.clock.monotonic() + FAILED_PAUSE_S
        if live.is_callback:
            self._watch_the_trunk(outcome)
        return outcome

    def _watch_the_trunk(self, outcome: AttemptOutcome) -> None:
        if outcome in OPERATOR_FAULTS:
            return  # tells nothing of it
        self._refused = self._refused + 1 if outcome is AttemptOutcome.TRUNK_FAILED else 0
        if self._refused >= REFUSALS:
            self._calls_back_from = self.clock.monotonic() + REFUSED_PAUSE_S
            log.error(
                "x %d customers in a row could not be dialled: the trunk refuses",
                self._refused,
                extra={"action": "trunk"},
            )

    async def _write_end(self, live: LiveAttempt, outcome: AttemptOutcome) -> None:
        """Until it is written: an operator must not stay reserved for an attempt that is over."""
        while True:
            try:
                async with asyncio.timeout(ASK_S):
                    trio = await self.queue.end(live.trio.attempt, outcome)
            except (StoreError, TimeoutError) as exc:
                self._on_fault("end of an attempt not written", exc)
                if self._draining:
                    return  # whoever takes over from this node ends it
                await asyncio.sleep(END_AGAIN_S)
                continue
            except Exception as exc:  # such an end does not fit: any end frees the operator
                log.exception("x end of an attempt refused", extra={"action": "attempt"})
                self.fault = str(exc)
                outcome = AttemptOutcome.LOST
                if self._draining:
                    return
                await asyncio.sleep(END_AGAIN_S)
                continue
            if trio is not None:
                _note(trio, outcome.value)
                _note_unreached(trio)
            self.wake()
            return


def _note_unreached(trio: Trio) -> None:
    operator, ended_at = trio.operator, trio.attempt.ended_at
    if operator.retry_at and ended_at is not None:
        log.error(
            "x operator %s not reached (%s), %d times in a row: tried again in %.0f s",
            operator.operator_id,
            operator.reason,
            operator.misses,
            operator.retry_at - ended_at,
            extra={"action": "operator_unreached"},
        )


def _note(trio: Trio, why: str) -> None:
    log.info(
        "- attempt %s of contact %s ended: %s",
        trio.attempt.attempt_id,
        trio.contact.contact_id,
        why,
        extra={"action": "attempt_ended"},
    )
