"""pj.Account: inbound calls, the trunk registration and what the account is made of. pj thread."""

from typing import Protocol

import pjsua2 as pj

from ivr.media.options import WorkerOptions
from ivr.media.pj_messages import guarded


class AccountOwner(Protocol):
    """What the account needs of its worker."""

    def log(self, level: int, text: str) -> None: ...

    def on_invite(self, call_id: int, message: str, source: str) -> None: ...

    def on_registration(self, code: int, reason: str) -> None: ...


class PjAccount(pj.Account):  # type: ignore[misc]
    """The worker's one account: inbound calls and the trunk registration."""

    def __init__(self, owner: AccountOwner) -> None:
        super().__init__()
        self.owner = owner

    @guarded
    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:  # noqa: N802
        self.owner.on_invite(prm.callId, prm.rdata.wholeMsg, prm.rdata.srcAddress)

    @guarded
    def onRegState(self, prm: pj.OnRegStateParam) -> None:  # noqa: N802
        self.owner.on_registration(prm.code, prm.reason)


def account_config(options: WorkerOptions) -> pj.AccountConfig:
    """Options -> configuration of the worker's one account."""
    config = pj.AccountConfig()
    user = options.user or (options.numbers[0] if options.numbers else "ivr")
    host = options.registrar.removeprefix("sip:") or options.public_address
    config.idUri = f"<sip:{user}@{host}>"
    config.regConfig.registrarUri = options.registrar if options.register else ""
    config.regConfig.timeoutSec = options.expires_s
    config.regConfig.retryIntervalSec = 10
    config.regConfig.firstRetryIntervalSec = 2
    config.regConfig.randomRetryIntervalSec = 1
    if options.user:
        config.sipConfig.authCreds.append(
            pj.AuthCredInfo("digest", options.realm, options.user, 0, options.password)
        )
    if options.outbound_proxy:
        config.sipConfig.proxies.append(options.outbound_proxy)
    config.natConfig.contactRewriteUse = 0
    config.natConfig.viaRewriteUse = 0
    config.natConfig.sdpNatRewriteUse = 0
    config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_OPTIONAL
    media = config.mediaConfig
    media.transportConfig.port = options.rtp_port
    media.transportConfig.portRange = options.rtp_ports
    media.transportConfig.boundAddress = options.rtp_address
    media.transportConfig.publicAddress = options.public_address
    media.srtpUse = {
        "off": pj.PJMEDIA_SRTP_DISABLED,
        "optional": pj.PJMEDIA_SRTP_OPTIONAL,
        "required": pj.PJMEDIA_SRTP_MANDATORY,
    }[options.srtp]
    media.srtpSecureSignaling = 0  # TLS ends in Kamailio, the worker sees UDP
    return config
