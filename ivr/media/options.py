"""What a media worker is told at its start. Pure."""

import msgspec


class WorkerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a worker has to know, in plain values."""

    index: int
    bind_address: str
    public_address: str
    """Address in SDP."""
    sip_port: int
    tcp: bool
    """Listen on TCP as well (without Kamailio in front)."""
    outbound_proxy: str
    """Route of everything sent, '' for none."""
    rtp_address: str
    """Audio is received there; 0.0.0.0: on every address of the machine."""
    rtp_port: int
    rtp_ports: int
    numbers: tuple[str, ...]
    """Numbers answered; empty: all."""
    max_callers: int
    retry_after_s: int
    codecs: tuple[str, ...]
    srtp: str
    trusted_peers: tuple[str, ...]
    rtp_timeout_s: float
    standstill_s: float
    """Callers are kept so long when the call core stands still."""
    refer: str
    """What an incoming REFER gets: 'follow' (202, the target is dialled) or 'refuse' (603)."""
    last_wills: bool = True
    """Report dialogs, so that the call core can end them should this worker die."""
    registrar: str = ""
    user: str = ""
    password: str = ""
    realm: str = "*"
    expires_s: int = 300
    register: bool = False
