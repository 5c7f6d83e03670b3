"""Settings -> kamailio.cfg."""

from pathlib import Path

import pytest

from ivr.config import Settings, SipSettings
from ivr.media.addresses import public_address
from ivr.media.kamailio import FrontPlan, render

pytestmark = pytest.mark.unit


def rendered(tls_port: int = 0, address: str = "127.0.0.1", **sip: object) -> str:
    settings = Settings(sip=SipSettings.model_validate(sip))
    plan = FrontPlan(
        address=address,
        public_address="192.0.2.1",
        sip_port=5060,
        tls_port=tls_port,
        inside_port=6000,
        worker_ports=(6001, 6002),
        folder=Path("/run/ivr"),
    )
    certificate = Path("/run/ivr/tls.crt") if tls_port else None
    return render(settings, plan, certificate, certificate)


def test_every_socket_is_listened_on() -> None:
    text = rendered(tls_port=5061)
    for socket in ("udp:127.0.0.1:5060", "tcp:127.0.0.1:5060", "tls:127.0.0.1:5061"):
        assert f"listen={socket}\n" in text
    assert "listen=udp:127.0.0.1:6000\n" in text
    assert 'modparam("tls", "tls_method", "TLSv1.2+")' in text


def test_without_certificate_there_is_no_tls() -> None:
    assert "tls.so" not in rendered()


def test_any_address_is_advertised_as_the_public_one() -> None:
    assert "listen=udp:0.0.0.0:5060 advertise 192.0.2.1:5060\n" in rendered(address="0.0.0.0")


def test_asserted_identities_are_kept_for_trusted_networks_only() -> None:
    assert "is_in_subnet" not in rendered()
    assert 'is_in_subnet("$si", "10.0.0.0/8,192.0.2.7/32")' in rendered(
        trusted_peers=("10.0.0.0/8", "192.0.2.7")
    )


def test_limits_come_from_the_settings() -> None:
    text = rendered(calls_per_second=7, retry_after_s=33)
    assert 'pl_check("invite", "TAILDROP", "7")' in text
    assert "Retry-After: 33" in text


def test_public_address_is_the_configured_or_the_bound_one() -> None:
    assert public_address(SipSettings(public_address="198.51.100.1")) == "198.51.100.1"
    assert public_address(SipSettings(address="127.0.0.1")) == "127.0.0.1"
    assert public_address(SipSettings()).count(".") == 3
