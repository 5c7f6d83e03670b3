"""Ports that somebody else holds are told by the key that chose them."""

import socket

import pytest

from ivr.config import Settings, SipSettings
from ivr.errors import SetupError, SipError
from ivr.media.addresses import LOOPBACK, free_sip_ports, require_free
from ivr.media.kamailio import plan_front

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_port_in_use_is_refused_with_its_key_and_a_way_out(kind: socket.SocketKind):
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind((LOOPBACK, 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SetupError, match=rf"sip\.port: \w+ .*:{port} .*IVR_SIP__PORT="):
            require_free("sip.port", LOOPBACK, port)


def test_zero_takes_any_port():
    require_free("sip.port", LOOPBACK, 0)


def test_ports_chosen_together_are_all_different():
    ports = free_sip_ports([LOOPBACK] * 300)
    assert len(set(ports)) == 300


def test_a_port_that_others_are_about_to_use_is_not_chosen():
    with pytest.raises(SipError, match="no free SIP port"):
        free_sip_ports([LOOPBACK], taken=range(65536))


@pytest.mark.parametrize("port", [0, 5060])
def test_a_front_and_its_workers_get_a_port_each(port: int):
    settings = Settings(sip=SipSettings(address=LOOPBACK, port=port, tls_port=5061))
    plan = plan_front(settings, LOOPBACK, 40)
    ports = {plan.sip_port, plan.tls_port, plan.inside_port, *plan.worker_ports}
    assert (len(ports), len(plan.worker_ports)) == (43, 40)
    assert plan.sip_port == port or not port
