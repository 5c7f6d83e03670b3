"""One media worker process: a pjsua2 user agent of four legs at the end of the local link.

    python -m ivr.media.worker --link FD

Threads: the main thread is the pj thread; a reader and a writer serve the link; pjmedia's clock
thread meets them only in the rings. When the link closes, the worker hangs up and exits: a call
core that was killed leaves no worker behind.
"""

import argparse
import logging
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pjsua2 as pj

from ivr.errors import SipError
from ivr.media import wire
from ivr.media.connections import Connections
from ivr.media.link_threads import WorkerLink
from ivr.media.options import WorkerOptions
from ivr.media.pj_account import PjAccount, account_config
from ivr.media.pj_leg import PjLeg
from ivr.media.pj_thread import TICK_S, PjThread
from ivr.media.places import MAX_LEGS, Places
from ivr.media.port_pool import LegAudio, PortPool
from ivr.media.standstill import Standstill
from ivr.sip.causes import HangupSide
from ivr.sip.identity import (
    has_hostile_sdp,
    is_own_number,
    parse_identity,
    parse_networks,
)
from ivr.sip.leg import LegIdentity

SWITCH_INTERVAL_S: Final = 0.0005
"""The default of 5 ms makes every tenth frame late when any Python thread is busy."""
EXIT_S: Final = 2.0
LINGER_S: Final = 0.3
"""A leg's CANCEL may have to wait for the first response to its INVITE."""
STATUS_TICKS: Final = 2
PAGE_MB: Final = resource.getpagesize() / 1e6
SESSION_TERMINATED: Final = 171140
"""PJSIP_ESESSIONTERMINATED: the far end was quicker."""
FINAL_HEADER: Final = "X-Ivr-Final"
"""Marks a rejection by the call core: Kamailio does not try the next worker then."""


class Worker:
    """The legs of this process. All methods run on the pj thread unless they say otherwise."""

    def __init__(self, options: WorkerOptions, link: WorkerLink) -> None:
        self._options = options
        self._link = link
        self._legs: dict[int, PjLeg] = {}
        self._places = Places(options.max_callers)
        self._connections = Connections()
        self._standstill = Standstill(options.standstill_s)
        self._next_number = 2
        self._draining = False
        self._ticks = 0
        self._lost_frames = 0
        self._late_ticks = 0
        self._registered: bool | None = None
        self._trusted = parse_networks(options.trusted_peers)
        self._thread = PjThread(options, self.log)
        self._ports = PortPool(MAX_LEGS)
        self._account = PjAccount(self)
        self._account.create(account_config(options))

    # ---- process

    def run(self) -> None:
        """Take calls until told to stop or the link closes."""
        self.send(wire.Ready(wire.VERSION, self._options.sip_port))
        self._thread.run(self._on_tick, self._on_beat)
        self._shut_down()

    def stop(self) -> None:
        """Any thread."""
        self._thread.stop()

    def submit(self, message: wire.Request | wire.Pulse) -> None:
        """Reader thread: a sign of life, or a command to be run on the pj thread and answered."""
        if isinstance(message, wire.Pulse):
            self._standstill.until = message.until
        else:
            self._thread.submit(lambda: self._execute(message))

    def _shut_down(self) -> None:
        """Hang up, unregister, flush the link. `main` exits without unwinding the library.

        libDestroy takes a second and crashes unless ports and calls go in one exact order; the
        system takes back sockets and threads just as well.
        """
        now = time.monotonic()
        linger = now + (LINGER_S if self._legs else 0.0)
        for leg in list(self._legs.values()):
            self._try(lambda leg=leg: leg.end(HangupSide.LOCAL))  # type: ignore[misc]
        if self._registered:
            self._try(lambda: self._account.setRegistration(False))
        deadline = now + EXIT_S / 2
        while (now < linger or self._legs or self._registered) and now < deadline:
            self._thread.pump()
            now = time.monotonic()
        self._link.close_after_flush()

    def _on_tick(self) -> None:
        for leg in list(self._legs.values()):
            if leg.is_media_lost(TICK_S, self._options.rtp_timeout_s):
                self._try(lambda leg=leg: leg.end(HangupSide.MEDIA_LOST))  # type: ignore[misc]
        self._ticks += 1
        if self._ticks % STATUS_TICKS == 0:
            self.send(self._status())

    def _on_beat(self) -> None:
        for leg in list(self._legs.values()):
            self._try(leg.watch_gaps)
        forsaken = self._standstill.forsaken(
            self._legs.values(), time.monotonic(), self._connections.partners
        )
        for leg in list(forsaken):
            if leg.ended_by is None:
                self._try(lambda leg=leg: leg.end(HangupSide.STANDSTILL))  # type: ignore[misc]

    def _status(self) -> wire.Status:
        audios = [leg.audio for leg in self._legs.values()]
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
        return wire.Status(
            legs=len(self._legs),
            rss_mb=round(pages * PAGE_MB, 1),
            late_ticks=self._late_ticks + sum(audio.late_ticks for audio in audios),
            dropped_frames=self._lost_frames + sum(audio.received.dropped for audio in audios),
            registered=self._registered,
        )

    # ---- LegOwner

    @property
    def follows_refer(self) -> bool:
        return self._options.refer == "follow"

    @property
    def leaves_wills(self) -> bool:
        return self._options.last_wills

    def send(self, message: wire.FromWorker) -> None:
        """Any thread."""
        self._link.send(message)

    def log(self, level: int, text: str) -> None:
        """Any thread."""
        self._link.send(wire.Log(level, text))

    def later(self, closure: Callable[[], None]) -> None:
        self._thread.submit(closure)

    def reconnect(self, leg: PjLeg) -> None:
        for number in self._connections.partners(leg.number):
            other = self._legs[number]
            for hearer, speaker in ((leg, other), (other, leg)):
                if self._connections.hears(hearer.number, speaker.number):
                    speaker.let_hear(hearer, True)

    def adopt_transfer(self, leg: PjLeg) -> PjLeg:
        """The outbound leg pjsua2 is about to make for a REFER it accepted."""
        number = self._take_number()
        self._places.join(number, leg.number)
        return self._new_leg(number, inbound=False)

    def adopt_replacement(self, message: str, source: str) -> PjLeg:
        """The leg of an INVITE that replaces a call; pjsua2 answers it."""
        number = self._take_number()
        leg = self._new_leg(number, inbound=True)
        leg.invite = message
        self._places.begin(number)
        self._offer(number, parse_identity(message, source=source, trusted=self._trusted))
        return leg

    def forget(self, leg: PjLeg) -> None:
        """Drop every reference to a leg that is over."""
        self._legs.pop(leg.number, None)
        self._link.detach(leg.number)
        self._late_ticks += leg.audio.late_ticks
        self._lost_frames += leg.audio.received.dropped
        self._places.leave(leg.number)
        self._connections.remove(leg.number)
        if leg.port is not None:
            self._ports.give_back(leg.port)
            leg.port = None

    def on_invite(self, call_id: int, message: str, source: str) -> None:
        """Inside pjsua2's callback: adopt the call, decide after it has returned.

        A final answer inside the callback to an INVITE without SDP aborts the process.
        """
        leg = self._new_leg(self._take_number(), inbound=True, call_id=call_id)
        leg.invite = message
        number = leg.number
        identity = parse_identity(message, source=source, trusted=self._trusted)
        refusal = self._refusal(message, identity.dnis)
        if refusal is not None:
            status, retry = refusal
            self.send(wire.Turned(status, identity.ani, identity.dnis, identity.sip_call_id))
            self.later(lambda: self._refuse(number, status, retry))
            return
        self._places.begin(number)
        self._offer(number, identity)

    def _offer(self, leg: int, identity: LegIdentity) -> None:
        self.send(
            wire.Offered(
                leg,
                identity.ani,
                identity.dnis,
                identity.asserted,
                identity.sip_call_id,
                dict(identity.headers),
            )
        )

    def on_registration(self, code: int, reason: str) -> None:
        """pjsua2 itself tries again after a failure."""
        self._registered = 200 <= code < 300 and self._account.getInfo().regIsActive
        level = logging.INFO if self._registered else logging.WARNING
        self.log(level, f"< trunk registration: {code} {reason}")

    # ---- calls

    def _refusal(self, message: str, dnis: str) -> tuple[int, bool] | None:
        """(status, whether to send Retry-After) for an INVITE that is not taken."""
        if has_hostile_sdp(message):
            return 488, False
        if self._options.numbers and not is_own_number(dnis, self._options.numbers):
            return 404, False
        if self._draining or self._standstill.is_on(time.monotonic()):
            return 503, True
        if not self._places.free:
            return 486, True
        return None

    def _refuse(self, number: int, status: int, retry: bool) -> None:
        leg = self._legs.get(number)
        if leg is None:
            return
        leg.respond(status, {"Retry-After": str(self._options.retry_after_s)} if retry else None)

    def _take_number(self) -> int:
        number, self._next_number = self._next_number, self._next_number + 2
        return number

    def _new_leg(self, number: int, *, inbound: bool, call_id: int = pj.PJSUA_INVALID_ID) -> PjLeg:
        audio = LegAudio(number, self._link.wake)
        leg = PjLeg(self._account, self, audio, inbound=inbound, call_id=call_id)
        leg.port = self._ports.lend(audio)
        self._legs[number] = leg
        self._link.attach(audio)
        return leg

    # ---- commands

    def _execute(self, message: wire.Request) -> None:
        error = ""
        try:
            self._dispatch(message.command)
        except pj.Error as exc:
            error = "" if exc.status == SESSION_TERMINATED else exc.reason
        except SipError as exc:
            error = exc.message
        finally:
            self.send(wire.Done(message.number, error))

    def _dispatch(self, command: wire.Command) -> None:
        match command:
            case wire.Dial():
                self._dial(command)
            case wire.Drain():
                self._draining = True
            case wire.Stop():
                self.stop()
            case _:
                leg = self._legs.get(command.leg)
                # Commands may race with the end of a leg: then there is nothing to do.
                if leg is not None and leg.ended_by is None:
                    self._dispatch_to(leg, command)

    def _dispatch_to(self, leg: PjLeg, command: wire.Command) -> None:
        match command:
            case wire.Ring():
                leg.respond(180)
            case wire.Answer():
                leg.respond(200)
            case wire.Reject():
                leg.respond(command.status, _rejection_headers(command))
            case wire.HangUp():
                leg.end(HangupSide.LOCAL, command.reason)
            case wire.SendDtmf():
                leg.send_digits(command.digits, info=command.info)
            case wire.Refer():
                leg.transfer(command.target, command.headers)
            case wire.ReferReplacing():
                self._refer_replacing(leg, command)
            case wire.Hold():
                leg.hold(command.held)
            case wire.Connect():
                self._connect(leg, command)

    def _refer_replacing(self, leg: PjLeg, command: wire.ReferReplacing) -> None:
        other = self._legs.get(command.other)
        if other is None or other is leg:
            raise SipError("leg_ended", "the leg to be replaced has ended")
        leg.transfer_replacing(other)

    def _connect(self, leg: PjLeg, command: wire.Connect) -> None:
        other = self._legs.get(command.other)
        if other is None or other is leg:
            return
        for hearer, speaker, wanted in ((leg, other, command.hear), (other, leg, command.speak)):
            if wanted or self._connections.hears(hearer.number, speaker.number):
                speaker.let_hear(hearer, wanted)
        self._connections.set(leg.number, other.number, hear=command.hear, speak=command.speak)

    def _dial(self, command: wire.Dial) -> None:
        if self._standstill.is_on(time.monotonic()):
            raise SipError("standstill", "decided before the call core stood still")
        beside = command.beside
        room = self._places.free if beside is None else self._places.may_join(beside)
        if not room or len(self._legs) >= MAX_LEGS:
            raise SipError("no_leg", "the worker has no leg left that is not owed to a call")
        if beside is None:
            self._places.begin(command.leg)
        else:
            self._places.join(command.leg, beside)
        leg = self._new_leg(command.leg, inbound=False)
        caller = self._caller_uri(command.caller)
        headers = dict(command.headers)
        if command.asserted and caller:
            headers["P-Asserted-Identity"] = caller
        try:
            leg.dial(command.target, caller, headers)
        except pj.Error:
            self.forget(leg)
            raise

    def _caller_uri(self, caller: str) -> str:
        if not caller:
            return ""
        if caller.startswith(("sip:", "<", '"')):
            return caller
        host = self._options.registrar.removeprefix("sip:") or self._options.public_address
        return f"<sip:{caller}@{host}>"

    def _try(self, closure: Callable[[], None]) -> None:
        try:
            closure()
        except pj.Error as exc:
            self.log(logging.DEBUG, f"x hang-up: {exc.reason}")


def _rejection_headers(command: wire.Reject) -> Mapping[str, str]:
    headers = {FINAL_HEADER: "1"}
    if command.retry_after_s is not None:
        headers["Retry-After"] = str(command.retry_after_s)
    return headers


def main() -> None:
    """Serve the link until it closes."""
    parser = argparse.ArgumentParser(prog="ivr.media.worker")
    parser.add_argument("--link", type=int, required=True, help="inherited socket")
    arguments = parser.parse_args()
    # The call core decides when calls end: Ctrl-C and SIGTERM reach the whole process group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    link = WorkerLink(socket.socket(fileno=arguments.link))
    options = link.read_start().options
    try:
        worker = Worker(options, link)
    except pj.Error as exc:
        link.report_failure(f"SIP port {options.sip_port}: {exc.reason}")
        os._exit(1)
    link.start(worker.submit, worker.stop)
    worker.run()
    os._exit(0)


if __name__ == "__main__":
    main()
