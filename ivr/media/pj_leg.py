"""pj.Call callbacks -> leg events. Everything here runs on the pj thread.

A Call's destructor hangs up whatever call owns its slot by then, so the last reference goes inside
`onCallState(DISCONNECTED)`; other code knows legs by number only.
"""

import time
from collections.abc import Callable, Mapping
from typing import Protocol

import pjsua2 as pj

from ivr.errors import SipError
from ivr.media import wire
from ivr.media.pj_messages import guarded, received_message, sent_message, with_headers
from ivr.media.port_pool import LegAudio, PoolPort
from ivr.media.rtp_gaps import RtpGaps
from ivr.sip.causes import HangupSide, q850_cause, reason_text
from ivr.sip.identity import has_hostile_sdp, mask_numbers
from ivr.sip.refer import parse_refer_to, refer_to

AUDIO_RUNS = (pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD)
HOLDS = (pj.PJSUA_CALL_MEDIA_LOCAL_HOLD, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD)


class LegOwner(Protocol):
    """What a call needs of its worker."""

    @property
    def follows_refer(self) -> bool: ...

    @property
    def leaves_wills(self) -> bool: ...

    def send(self, message: wire.FromWorker) -> None: ...

    def log(self, level: int, text: str) -> None: ...

    def later(self, closure: Callable[[], None]) -> None:
        """Run after the current pj callback has returned."""
        ...

    def reconnect(self, leg: "PjLeg") -> None:
        """Make the connections of the leg with others anew: its media has changed."""
        ...

    def adopt_transfer(self, leg: "PjLeg") -> "PjLeg": ...

    def adopt_replacement(self, message: str, source: str) -> "PjLeg": ...

    def forget(self, leg: "PjLeg") -> None: ...


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
        self.invite = ""
        """The INVITE that began the dialog, as it was received or sent."""
        self.answered = False
        """`LegAnswered` was sent."""
        self.rx_packets = 0
        self.rx_silent_s = 0.0
        self.confirmed = False
        self._held_by_far = False
        self._destination = ""
        self._dialog_told = False
        self.media_runs = False
        self._early_media = False
        self._ringing_status = 0
        self._gaps = RtpGaps()

    # ---- commands

    def respond(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        """A response to the INVITE; a 3xx-6xx one ends the leg as our doing."""
        if status >= 300:
            self.ended_by = self.ended_by or HangupSide.LOCAL
        self.answer(with_headers(status, headers))

    def end(self, side: HangupSide, reason: str = "") -> None:
        """BYE, CANCEL or 480, whatever fits the dialog's state."""
        self.ended_by = self.ended_by or side
        headers = {"Reason": f'SIP;cause=200;text="{reason}"'} if reason else None
        self.hangup(with_headers(480 if self.inbound and not self.confirmed else 0, headers))

    def dial(self, target: str, caller_uri: str, headers: Mapping[str, str]) -> None:
        """Send the INVITE."""
        parameters = with_headers(0, headers)
        parameters.opt.audioCount = 1
        parameters.opt.videoCount = 0
        parameters.txOption.localUri = caller_uri
        self.makeCall(target, parameters)

    def transfer(self, target: str, headers: Mapping[str, str]) -> None:
        """REFER with headers embedded in Refer-To."""
        self.xfer(refer_to(target, headers), pj.CallOpParam())

    def transfer_replacing(self, other: "PjLeg") -> None:
        """REFER with Replaces: our far end is to take our place in the other call."""
        # pjsua asserts, that is aborts, on a call that is gone or has no dialog yet.
        if other.ended_by is not None or other.getId() == pj.PJSUA_INVALID_ID:
            raise SipError("leg_ended", "the leg to be replaced has ended")
        if not (self.confirmed and other.confirmed):
            raise SipError("not_answered", "only answered legs can replace each other")
        self.xferReplaces(other, pj.CallOpParam())

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
            self.confirmed = True
            self._check_answered()
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            try:
                self._on_disconnected(info, received_message(prm.e))
            finally:
                self.owner.forget(self)

    @guarded
    def onCallMediaState(self, prm: pj.OnCallMediaStateParam) -> None:  # noqa: N802
        """Connections of the bridge are lost on every change of media: make them anew."""
        info = self.getInfo()
        status = next(
            (entry.status for entry in info.media if entry.type == pj.PJMEDIA_TYPE_AUDIO), None
        )
        self.held = status in HOLDS
        self.media_runs = status in AUDIO_RUNS
        if self.media_runs or self.held:
            self.audio.on_media_restart()
            self._connect_port()  # music on hold comes through it
        if self.media_runs:
            self.owner.reconnect(self)
            self._tell_held(status == pj.PJSUA_CALL_MEDIA_REMOTE_HOLD)
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
        """A REFER's own response (NOTIFYs come through `onCallTransferStatus`), or the INVITE."""
        transaction = prm.e.body.tsxState.tsx
        if transaction.method == "INVITE":
            if self.owner.leaves_wills and not self._dialog_told:
                self._tell_dialog(prm.e)
        elif (
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

    @guarded
    def onCallReplaceRequest(self, prm: pj.OnCallReplaceRequestParam) -> None:  # noqa: N802
        """An INVITE with Replaces names this call. Strangers do not get other people's calls."""
        if self.owner.follows_refer:
            prm.newCall = self.owner.adopt_replacement(prm.rdata.wholeMsg, prm.rdata.srcAddress)
        else:
            prm.statusCode = 603

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

    def _tell_held(self, held: bool) -> None:
        if held != self._held_by_far:
            self._held_by_far = held
            self.owner.send(wire.LegHeld(self.number, held))

    def _tell_dialog(self, event: pj.SipEvent) -> None:
        """The INVITE as it went out and the 2xx to it: the last will of this leg."""
        sent = sent_message(event)
        if self.inbound:
            response = sent.wholeMsg if sent is not None else ""
        else:
            response = received_message(event)
            # An INVITE too long for UDP is tried over TCP first: with a response it is known how
            # it went at last.
            request = sent or event.body.tsxState.tsx.lastTx
            if not request.wholeMsg.startswith("INVITE "):
                return
            self.invite, self._destination = request.wholeMsg, request.dstAddress
        self._dialog_told = response.startswith("SIP/2.0 2")
        if self._dialog_told or not self.inbound:
            told = response if self._dialog_told else ""
            self.owner.send(
                wire.LegDialog(self.number, self.inbound, self.invite, told, self._destination)
            )

    def _check_early_media(self) -> None:
        if not (self.inbound or self.confirmed or self._early_media):
            self._early_media = True
            codec = self.getStreamInfo(0).codecName
            self.owner.send(wire.LegEarlyMedia(self.number, codec))

    def _check_answered(self) -> None:
        if self.confirmed and self.media_runs and not self.answered:
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
        if self.confirmed and status < 300:
            status = 200
        told = message if side is HangupSide.REMOTE else ""
        reason = mask_numbers(reason_text(told) or info.lastReason)
        self.owner.send(
            wire.LegDisconnected(self.number, status, reason, side.value, q850_cause(told))
        )
