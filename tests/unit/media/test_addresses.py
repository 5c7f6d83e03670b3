"""Ports that somebody else holds are told by the key that chose them."""

import socket

import pytest

from ivr.errors import SetupError
from ivr.media.addresses import LOOPBACK, require_free

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
