"""pj.Call and pj.Account callbacks -> leg events. Everything here runs on the pj thread.

A Call's destructor hangs up whatever call owns its slot by then, so the last reference goes inside
`onCallState(DISCONNECTED)`; other code knows legs by number only.
"""

import functools
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec, Protocol

import pjsua2 as pj

from ivr.media import wire
from ivr.media.port_pool import LegAudio, PoolPort
from ivr.media.rtp_gaps import RtpGaps
from ivr.sip.causes import HangupSide, q850_cause, reason_text
from ivr.sip.identity import has_hostile_sdp, mask_numbers
from ivr.sip.refer import parse_refer_to, refer_to

Parameters = ParamSpec("Parameters")
AUDIO_RUNS = (pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD)


class LegOwner(Protocol):
    """What a call needs of its worker."""

    @property
    def follows_refer(self) -> bool: ...

    def send(self, message: wire.FromWorker) -> None: ...

    def log(self, level: int, text: str) -> None: ...

    def later(self, closure: Callable[[], None]) -> None:
        """Run after the current pj callback has returned."""
        ...

    def reconnect(self, leg: "PjLeg") -> None:
        """Make the connections of the leg with others anew: its media has changed."""
        ...

    def adopt_transfer(self, leg: "PjLeg") -> "PjLeg": ...

    def forget(self, leg: "PjLeg") -> None: ...

    def on_invite(self, call_id: int, message: str, source: str) -> None: ...

    def on_registration(self, code: int, reason: str) -> None: ...


def guarded(
    callback: Callable[Concatenate[Any, Parameters], None],
) -> Callable[Concatenate[Any, Parameters], None]:
    """An exception that leaves a pjsua2 callback aborts the process: log it instead."""

    @functools.wraps(callback)
    def wrapper(self: Any, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        try:
            callback(self, *args, **kwargs)
        except pj.Error as exc:
            self.owner.log(logging.WARNING, f"x {callback.__name__}: {mask_numbers(exc.info())}")
        except Exception as exc:
            self.owner.log(logging.ERROR, f"x {callback.__name__}: {mask_numbers(repr(exc))}")

    return wrapper


class PjLeg(pj.Call):  # type: ignore[misc]
    """One SIP dialog with its media."""

    def __init__(
        self,
        account: pj.Account,
        owner: LegOwner,
        audio: LegAudio,
        *,
        inbound: bool,
        call_id: int = pj.PJSUA_INVALID_ID,
    ) -> None:
        super().__init__(account, call_id)
        self.owner = owner
        self.number = audio.leg
        self.audio = audio
        self.inbound = inbound
        self.port: PoolPort | None = None
        self.ended_by: HangupSide | None = None
        self.held = False
        self.answered = False
        """`LegAnswered` was sent."""
        self.rx_packets = 0
        self.rx_silent_s = 0.0
        self._confirmed = False
        self.media_runs = False
        self._early_media = False
        self._ringing_status = 0
        self._gaps = RtpGaps()

    # ---- commands

    def respond(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        """A response to the INVITE; a 3xx-6xx one ends the leg as our doing."""
        if status >= 300:
            self.ended_by = self.ended_by or HangupSide.LOCAL
        self.answer(_with_headers(status, headers))

    def end(self, side: HangupSide, reason: str = "") -> None:
        """BYE, CANCEL or 480, whatever fits the dialog's state."""
        self.ended_by = self.ended_by or side
        headers = {"Reason": f'SIP;cause=200;text="{reason}"'} if reason else None
        self.hangup(_with_headers(480 if self.inbound and not self._confirmed else 0, headers))

    def dial(self, target: str, caller_uri: str, headers: Mapping[str, str]) -> None:
        """Send the INVITE."""
        parameters = _with_headers(0, headers)
        parameters.opt.audioCount = 1
        parameters.opt.videoCount = 0
        parameters.txOption.localUri = caller_uri
        self.makeCall(target, parameters)

    def transfer(self, target: str, headers: Mapping[str, str]) -> None:
        """REFER with headers embedded in Refer-To."""
        self.xfer(refer_to(target, headers), pj.CallOpParam())

    def send_digits(self, digits: str, *, info: bool) -> None:
        """RFC 4733 events, or one INFO a digit."""
        if not info:
            self.dialDtmf(digits)
            return
        parameters = pj.CallSendDtmfParam()
        parameters.method = pj.PJSUA_DTMF_METHOD_SIP_INFO
        parameters.digits = digits
        self.sendDtmf(parameters)

    def hold(self, held: bool) -> None:
        """re-INVITE to or from hold."""
        parameters = pj.CallOpParam(True)
        if held:
            self.setHold(parameters)
        else:
            parameters.opt.flag |= pj.PJSUA_CALL_UNHOLD
            self.reinvite(parameters)

    # ---- callbacks

    @guarded
    def onCallState(self, prm: pj.OnCallStateParam) -> None:  # noqa: N802 - pjsua2's name
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_EARLY and not self.inbound:
            self._on_ringing(info.lastStatusCode)
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self._confirmed = True
            self._check_answered()
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            try:
                self._on_disconnected(info, _received_message(prm.e))
            finally:
                self.owner.forget(self)

    @guarded
    def onCallMediaState(self, prm: pj.OnCallMediaStateParam) -> None:  # noqa: N802
        """Connections of the bridge are lost on every change of media: make them anew."""
        info = self.getInfo()
        media = [entry for entry in info.media if entry.type == pj.PJMEDIA_TYPE_AUDIO]
        self.held = bool(media) and media[0].status in (
            pj.PJSUA_CALL_MEDIA_LOCAL_HOLD,
            pj.PJSUA_CALL_MEDIA_REMOTE_HOLD,
        )
        self.media_runs = bool(media) and media[0].status in AUDIO_RUNS
        if self.media_runs:
            self.audio.on_media_restart()
            self._connect_port()
            self.owner.reconnect(self)
            self._check_early_media()
            self._check_answered()

    @guarded
    def onDtmfDigit(self, prm: pj.OnDtmfDigitParam) -> None:  # noqa: N802
        if prm.digit:
            self.owner.send(wire.LegDtmf(self.number, prm.digit))

    @guarded
    def onCallRxOffer(self, prm: pj.OnCallRxOfferParam) -> None:  # noqa: N802
        if has_hostile_sdp(prm.offer.wholeSdp):
            prm.statusCode = 488

    @guarded
    def onCallTsxState(self, prm: pj.OnCallTsxStateParam) -> None:  # noqa: N802
        """The REFER's own response; NOTIFYs come through `onCallTransferStatus`."""
        state = prm.e.body.tsxState
        transaction = state.tsx
        if (
            transaction.method == "REFER"
            and transaction.role == pj.PJSIP_ROLE_UAC
            and transaction.state == pj.PJSIP_TSX_STATE_COMPLETED
            and transaction.statusCode not in (401, 407)
        ):
            self._on_transfer_status(
                transaction.statusCode, transaction.statusText, transaction.statusCode >= 300
            )

    @guarded
    def onCallTransferStatus(self, prm: pj.OnCallTransferStatusParam) -> None:  # noqa: N802
        self._on_transfer_status(prm.statusCode, prm.reason, prm.finalNotify)

    @guarded
    def onCallTransferRequest(self, prm: pj.OnCallTransferRequestParam) -> None:  # noqa: N802
        target, headers = parse_refer_to(prm.dstUri)
        followed_by: int | None = None
        if self.owner.follows_refer:
            leg = self.owner.adopt_transfer(self)
            prm.newCall = leg
            followed_by = leg.number
        else:
            prm.statusCode = 603
        self.owner.send(wire.LegTransferRequested(self.number, target, headers, followed_by))

    # ---- media

    def _connect_port(self) -> None:
        """Join this call's audio with its port, both ways."""
        audio = self.getAudioMedia(-1)
        if self.port is not None:
            audio.startTransmit(self.port)
            self.port.startTransmit(audio)

    def let_hear(self, hearer: "PjLeg", wanted: bool) -> None:
        """Connect this leg's audio to another leg, or cut it."""
        if not (self.media_runs and hearer.media_runs):
            return  # made as soon as both run
        audio, other = self.getAudioMedia(-1), hearer.getAudioMedia(-1)
        if wanted:
            audio.startTransmit(other)
        else:
            audio.stopTransmit(other)

    def is_media_lost(self, elapsed_s: float, timeout_s: float) -> bool:
        """Poll: whether no RTP came for too long. pjsua2 has no such timer of its own."""
        if not self.answered or self.held or not self.media_runs:
            self.rx_silent_s = 0.0
            return False
        packets = self.getStreamStat(0).rtcp.rxStat.pkt
        self.rx_silent_s = 0.0 if packets != self.rx_packets else self.rx_silent_s + elapsed_s
        self.rx_packets = packets
        return self.rx_silent_s >= timeout_s

    def watch_gaps(self) -> None:
        """Poll, 35 us: tell the clock thread whether audio of the far end is missing."""
        if not self.answered or self.held or not self.media_runs:
            self.audio.missing = False
            return
        received = self.getStreamStat(0).rtcp.rxStat
        self.audio.missing = self._gaps.on_poll(received.pkt, received.loss, time.monotonic())

    def _check_early_media(self) -> None:
        if not (self.inbound or self._confirmed or self._early_media):
            self._early_media = True
            codec = self.getStreamInfo(0).codecName
            self.owner.send(wire.LegEarlyMedia(self.number, codec))

    def _check_answered(self) -> None:
        if self._confirmed and self.media_runs and not self.answered:
            self.answered = True
            self.owner.send(wire.LegAnswered(self.number, self.getStreamInfo(0).codecName))

    def _on_ringing(self, status: int) -> None:
        if status != self._ringing_status:
            self._ringing_status = status
            self.owner.send(wire.LegRinging(self.number, status))

    def _on_transfer_status(self, status: int, reason: str, final: bool) -> None:
        self.owner.send(wire.LegTransferProgress(self.number, status, mask_numbers(reason), final))

    def _on_disconnected(self, info: pj.CallInfo, message: str) -> None:
        side = self.ended_by or HangupSide.REMOTE
        status = info.lastStatusCode
        if self._confirmed and status < 300:
            status = 200
        told = message if side is HangupSide.REMOTE else ""
        reason = mask_numbers(reason_text(told) or info.lastReason)
        self.owner.send(
            wire.LegDisconnected(self.number, status, reason, side.value, q850_cause(told))
        )


class PjAccount(pj.Account):  # type: ignore[misc]
    """The worker's one account: inbound calls and the trunk registration."""

    def __init__(self, owner: LegOwner) -> None:
        super().__init__()
        self.owner = owner

    @guarded
    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:  # noqa: N802
        self.owner.on_invite(prm.callId, prm.rdata.wholeMsg, prm.rdata.srcAddress)

    @guarded
    def onRegState(self, prm: pj.OnRegStateParam) -> None:  # noqa: N802
        self.owner.on_registration(prm.code, prm.reason)


def _with_headers(status: int, headers: Mapping[str, str] | None) -> pj.CallOpParam:
    parameters = pj.CallOpParam(True)
    parameters.statusCode = status
    for name, value in (headers or {}).items():
        header = pj.SipHeader()
        header.hName = name
        header.hValue = " ".join(value.splitlines())
        parameters.txOption.headers.append(header)
    return parameters


def _received_message(event: pj.SipEvent) -> str:
    """Text of the message behind an event, '' when it was not a received one."""
    if event.type != pj.PJSIP_EVENT_TSX_STATE or (
        event.body.tsxState.type != pj.PJSIP_EVENT_RX_MSG
    ):
        return ""
    return str(event.body.tsxState.src.rdata.wholeMsg)
