"""Calls that are under way: who may come in, who is still there when the service stops."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import uuid4

from ivr.clock import Clock
from ivr.errors import SipError
from ivr.events import CallId, CallOffered, CallRejected, Event
from ivr.log import call_context
from ivr.sip.leg import Leg, LegIdentity

log = logging.getLogger(__name__)

SERVICE_UNAVAILABLE = 503


class CallRegistry:
    """Admits legs, runs one session for each, and drains. Event loop only."""

    def __init__(
        self,
        run_session: Callable[[CallId, Leg], Coroutine[Any, Any, None]],
        publish: Callable[[Event], None],
        clock: Clock,
        *,
        max_calls: int,
        retry_after_s: int,
    ) -> None:
        self._run_session = run_session
        self._publish = publish
        self._clock = clock
        self._max_calls = max_calls
        self._retry_after_s = retry_after_s
        self._calls: dict[CallId, asyncio.Task[None]] = {}
        self._rejections: set[asyncio.Task[None]] = set()
        self.draining = False

    @property
    def live(self) -> int:
        """Calls under way."""
        return len(self._calls)

    def on_incoming(self, leg: Leg) -> None:
        """An INVITE: start its session, or turn it away while draining or full."""
        if self.draining or self.live >= self._max_calls:
            task = asyncio.create_task(self._turn_away(leg))
            self._rejections.add(task)
            task.add_done_callback(self._rejections.discard)
            return
        call_id = CallId(f"{self._clock.now():%y%m%d-%H%M%S}-{uuid4().hex[:8]}")
        identity = leg.identity
        with call_context(call_id):
            log.info(
                "< call",
                extra={"action": "offered", "dnis": identity.dnis, "pii": {"ani": identity.ani}},
            )
            self._publish(
                CallOffered(
                    call_id=call_id,
                    at=self._clock.now(),
                    ani=identity.ani,
                    dnis=identity.dnis,
                    sip_call_id=identity.sip_call_id,
                )
            )
            session = asyncio.create_task(self._run_session(call_id, leg), name=call_id)
        self._calls[call_id] = session
        session.add_done_callback(lambda _: self._calls.pop(call_id, None))

    async def drain(self, limit_s: float) -> int:
        """Take no new calls, let the present ones end; those left after the limit are ended.

        Returns how many had to be ended.
        """
        self.draining = True
        if self._calls:
            log.info("- draining %d calls, at most %.0f s", self.live, limit_s)
            await asyncio.wait(set(self._calls.values()), timeout=limit_s)
        left = set(self._calls.values())
        for session in left:
            session.cancel()
        await asyncio.gather(*left, *self._rejections, return_exceptions=True)
        return len(left)

    def on_rejected(self, identity: LegIdentity, status: int) -> None:
        """A call was turned away before or instead of a session: keep account of it."""
        self._publish(
            CallRejected(at=self._clock.now(), ani=identity.ani, dnis=identity.dnis, status=status)
        )

    async def _turn_away(self, leg: Leg) -> None:
        self.on_rejected(leg.identity, SERVICE_UNAVAILABLE)
        try:
            await leg.reject(SERVICE_UNAVAILABLE, retry_after_s=self._retry_after_s)
        except SipError as exc:
            log.info("- rejected leg already gone: %s", exc.message)
