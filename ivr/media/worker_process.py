"""The call core's end of one media worker: its process, its link and its legs. Event loop only."""

import asyncio
import contextlib
import itertools
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Final, cast

from ivr.errors import SipError
from ivr.media import wire
from ivr.media.last_wills import send_last_wills
from ivr.media.media_leg import MediaLeg
from ivr.media.options import WorkerOptions
from ivr.media.places import Places
from ivr.sip.causes import HangupCause, HangupSide
from ivr.sip.leg import (
    Answered,
    Disconnected,
    Dtmf,
    EarlyMedia,
    Held,
    LegEvent,
    LegId,
    LegIdentity,
    Ringing,
    TransferProgress,
    TransferRequested,
)
from ivr.sip.will import Dialog

log = logging.getLogger(__name__)

START_S: Final = 10.0
REQUEST_S: Final = 5.0
SILENCE_S: Final = 10.0
"""A worker says something every two seconds; one that is silent this long is stuck."""
STOP_S: Final = 3.0
NICENESS: Final = -5

LegCallback = Callable[[MediaLeg], None]


class WorkerProcess(asyncio.Protocol):
    """One run of a worker, from start to end; a restarted worker is a new object."""

    def __init__(
        self,
        options: WorkerOptions,
        generation: int,
        *,
        on_incoming: LegCallback,
        on_turned: Callable[[wire.Turned], None],
    ) -> None:
        self.options = options
        self.legs: dict[int, MediaLeg] = {}
        self.places = Places(options.max_callers)
        """What the worker keeps account of too: good for choosing one, its answer is what counts.
        """
        self.status = wire.Status(0, 0.0, 0, 0)
        self._dialogs: dict[int, Dialog] = {}
        self.closed = asyncio.Event()
        self.ready = asyncio.Event()
        self._generation = generation
        self._on_incoming = on_incoming
        self._on_turned = on_turned
        self._splitter = wire.Splitter()
        self._transport: asyncio.WriteTransport | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._pending: dict[int, asyncio.Future[None]] = {}
        self._numbers = itertools.count(1)
        self._leg_numbers = itertools.count(1, 2)
        self._heard_at = 0.0
        self._last_error = ""

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None and not self.closed.is_set() else None

    # ---- process

    async def start(self) -> None:
        """Spawn the worker and wait until it takes calls."""
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "ivr.media.worker", "--link", str(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,  # pjlib greets before its log is set up
                pass_fds=(theirs.fileno(),),
            )  # fmt: skip
        with contextlib.suppress(OSError):  # only root may raise a priority
            os.setpriority(os.PRIO_PROCESS, self._process.pid, NICENESS)
        await loop.create_unix_connection(lambda: self, sock=ours)
        self._send(wire.Start(wire.VERSION, self.options))
        ready = asyncio.ensure_future(self.ready.wait())
        closed = asyncio.ensure_future(self.closed.wait())
        await asyncio.wait({ready, closed}, timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        closed.cancel()
        if not self.ready.is_set():
            await self.kill()
            told = self._last_error or "no reason given"
            raise SipError(
                "worker_start", f"media worker {self.options.index} does not start: {told}"
            )

    async def wait(self) -> None:
        """Until the worker is gone; kills one that is stuck."""
        loop = asyncio.get_running_loop()
        while not self.closed.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SILENCE_S / 4):
                    await self.closed.wait()
            if not self.closed.is_set() and loop.time() - self._heard_at > SILENCE_S:
                log.error("- media worker %d is stuck", self.options.index)
                break
        await self.kill()

    async def stop(self) -> None:
        """Hang up, exit; kill if that takes too long."""
        with contextlib.suppress(SipError):
            await self.request(wire.Stop())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await self.closed.wait()
        await self.kill()

    async def kill(self) -> None:
        """Make sure that process and link are gone and every leg knows it."""
        if self._transport is not None:
            self._transport.abort()
        if self._process is not None:
            # Process.kill() polls first and so takes the exit status from asyncio's watcher.
            with contextlib.suppress(ProcessLookupError):
                if self._process.returncode is None:
                    os.kill(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        self._lose_everything()

    # ---- LegLink

    async def request(self, command: wire.Command) -> None:
        if self.closed.is_set():
            raise SipError("worker_lost", "the media worker is gone")
        number = next(self._numbers)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending[number] = future
        self._send(wire.Request(number, command))
        try:
            async with asyncio.timeout(REQUEST_S):
                await future
        except TimeoutError as exc:
            raise SipError("worker_slow", "the media worker does not answer") from exc
        finally:
            self._pending.pop(number, None)

    async def dial(
        self,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        caller: str = "",
        asserted: bool = False,
        beside: int | None = None,
    ) -> MediaLeg:
        identity = LegIdentity(ani=caller, dnis=target)
        leg = self._new_leg(next(self._leg_numbers), identity, beside)
        command = wire.Dial(leg.number, target, caller, dict(headers or {}), beside, asserted)
        try:
            await self.request(command)
        except BaseException:
            # Refused, late or cancelled: nobody will own this leg, so it is taken back in order.
            self._forget(leg)
            hang_up = wire.HangUp(leg.number, "nobody waits")
            self._send(wire.Request(next(self._numbers), hang_up))
            raise
        return leg

    def play(self, leg: int, samples: bytes) -> None:
        if self._transport is not None:
            self._transport.write(wire.encode_playback(leg, samples))

    def stop_playback(self, leg: int) -> None:
        self._send(wire.StopPlayback(leg))

    def set_playback_gain(self, leg: int, gain: float) -> None:
        self._send(wire.SetGain(leg, gain))

    def pulse(self, until: float) -> None:
        """This process lives; its legs may be kept until then without another word."""
        self._send(wire.Pulse(until))

    # ---- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._heard_at = asyncio.get_running_loop().time()

    def data_received(self, data: bytes) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        for kind, body in self._splitter.feed(data):
            if kind == wire.KIND_RECEIVED:
                number, frame = wire.decode_received(body)
                leg = self.legs.get(number)
                if leg is not None:
                    leg.push_frame(frame)
            else:
                self._on_message(wire.decode_from_worker(body))

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose_everything()

    def _lose_everything(self) -> None:
        if self.closed.is_set():
            return
        self.closed.set()
        send_last_wills(self._dialogs.values())
        self._dialogs.clear()
        cause = HangupCause(500, "media worker lost", HangupSide.WORKER_LOST)
        for leg in self.legs.values():
            leg.push_event(Disconnected(cause))
        self.legs.clear()
        self.places = Places(self.options.max_callers)
        for future in self._pending.values():
            if not future.done():
                future.set_exception(SipError("worker_lost", "the media worker is gone"))

    # ---- messages

    def _on_message(self, message: wire.FromWorker) -> None:
        match message:
            case wire.Ready():
                self.ready.set()
            case wire.Done():
                self._on_done(message)
            case wire.Log():
                if message.level >= logging.ERROR:
                    self._last_error = message.text
                log.log(message.level, "worker %d: %s", self.options.index, message.text)
            case wire.Status():
                self.status = message
            case wire.Turned():
                self._on_turned(message)
            case wire.Offered():
                self._on_offered(message)
            case _:
                self._on_leg_message(message)

    def _on_done(self, message: wire.Done) -> None:
        future = self._pending.get(message.number)
        if future is None or future.done():
            return
        if message.error:
            future.set_exception(SipError("refused", message.error))
        else:
            future.set_result(None)

    def _on_offered(self, message: wire.Offered) -> None:
        identity = LegIdentity(
            ani=message.ani,
            dnis=message.dnis,
            asserted=message.asserted,
            sip_call_id=message.sip_call_id,
            headers=message.headers,
        )
        self._on_incoming(self._new_leg(message.leg, identity))

    def _on_leg_message(self, message: wire.FromWorker) -> None:
        leg = self.legs.get(getattr(message, "leg", 0))
        if leg is None:
            return
        if isinstance(message, wire.LegDialog):
            self._dialogs[leg.number] = Dialog(
                inbound=message.inbound,
                invite=message.invite,
                answer=message.answer,
                destination=message.destination,
            )
            return
        if isinstance(message, wire.LegPlaybackFinished):
            leg.push_playback_finished(message.played, message.flushed)
            return
        if isinstance(message, wire.LegTransferRequested) and message.followed_by is not None:
            identity = LegIdentity(ani="", dnis=message.target)
            self._new_leg(message.followed_by, identity, leg.number)
        event = _leg_event(message)
        if event is None:
            return
        leg.push_event(event)
        if isinstance(event, Disconnected):
            self._forget(leg)

    def _new_leg(self, number: int, identity: LegIdentity, beside: int | None = None) -> MediaLeg:
        leg_id = LegId(f"{self.options.index}.{self._generation}.{number}")
        leg = self.legs[number] = MediaLeg(leg_id, number, identity, self)
        if beside is None:
            self.places.begin(number)
        else:
            self.places.join(number, beside)
        return leg

    def _forget(self, leg: MediaLeg) -> None:
        self.legs.pop(leg.number, None)
        self._dialogs.pop(leg.number, None)
        self.places.leave(leg.number)

    def _send(self, message: wire.ToWorker) -> None:
        if self._transport is not None:
            self._transport.write(wire.encode_control(message))


def _leg_event(message: wire.FromWorker) -> LegEvent | None:
    event: LegEvent | None = None
    match message:
        case wire.LegRinging():
            event = Ringing(message.status)
        case wire.LegEarlyMedia():
            event = EarlyMedia(message.codec)
        case wire.LegHeld():
            event = Held(message.held)
        case wire.LegAnswered():
            event = Answered(message.codec)
        case wire.LegDtmf():
            event = Dtmf(message.digit)
        case wire.LegTransferProgress():
            event = TransferProgress(message.status, message.reason, message.final)
        case wire.LegTransferRequested():
            event = TransferRequested(message.target, message.headers)
        case wire.LegDisconnected():
            side = HangupSide(message.side)
            cause = HangupCause(message.status, message.reason, side, message.q850)
            event = Disconnected(cause)
    return event
