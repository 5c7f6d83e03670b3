"""What an INVITE's text says about who calls whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.errors import ConfigError
from ivr.sip.identity import (
    has_hostile_sdp,
    is_own_number,
    is_trusted,
    mask_numbers,
    parse_headers,
    parse_identity,
    parse_networks,
    request_user,
    user_of,
)

pytestmark = pytest.mark.unit

INVITE = (
    "INVITE sip:0611@10.0.0.1;user=phone SIP/2.0\r\n"
    'f: "A. Person" <sip:+7(903)123-45-67@host>;tag=1\r\n'
    "P-Asserted-Identity: <tel:+79039998877>, <sip:other@host>\r\n"
    "i: abc@host\r\n"
    "User-to-User: 0123;\r\n encoding=hex\r\n"
    "\r\n"
    "P-Asserted-Identity: <sip:body@host>\r\n"
)
TRUSTED = parse_networks(["10.0.0.0/8", "192.0.2.7"])


def test_asserted_identity_of_a_trusted_peer_is_believed() -> None:
    identity = parse_identity(INVITE, source="10.1.2.3:5060", trusted=TRUSTED)
    assert (identity.ani, identity.asserted) == ("+79039998877", True)
    assert (identity.dnis, identity.sip_call_id) == ("0611", "abc@host")
    assert identity.headers == {"user-to-user": "0123; encoding=hex"}


def test_from_counts_for_everybody_else() -> None:
    identity = parse_identity(INVITE, source="203.0.113.5:5060", trusted=TRUSTED)
    assert (identity.ani, identity.asserted) == ("+79031234567", False)


def test_anonymous_callers_have_no_number() -> None:
    message = 'INVITE sip:0611@h SIP/2.0\r\nFrom: "x" <sip:anonymous@anonymous.invalid>\r\n\r\n'
    assert parse_identity(message, source="", trusted=()).ani == ""


@pytest.mark.parametrize(
    ("uri", "user"),
    [
        ("<sip:+7%20903@h;user=phone>", "+7903"),
        ('"sip:fake@x" <sip:real@h>', "real"),
        ("<tel:+7-903-111;phone-context=x>", "+7903111"),
        ("sip:0611;ext=1@h", "0611"),
        ("sip:user:secret@h", "user"),
        ("sip:a%0d%0aRoute:%20%3Cb%3E@h", "aRoute"),
        ("sip:host.example", ""),
        ("nothing", ""),
        ("", ""),
    ],
)
def test_user_part_of_a_uri(uri: str, user: str) -> None:
    assert user_of(uri) == user


@pytest.mark.parametrize(
    ("source", "trusted"),
    [("192.0.2.7:5060", True), ("192.0.2.8:5060", False), ("10.9.9.9", True), ("garbage", False)],
)
def test_trusted_peers_are_networks(source: str, trusted: bool) -> None:
    assert is_trusted(source, TRUSTED) is trusted


def test_trusted_peers_that_are_no_networks_are_a_configuration_error() -> None:
    with pytest.raises(ConfigError):
        parse_networks(["trunk.example"])


def test_own_numbers_match_with_and_without_plus() -> None:
    assert is_own_number("+0611", ["0611"])
    assert not is_own_number("10611", ["0611"])


@pytest.mark.parametrize("line", ["c=IN IP4 ", "a=rtcp:5 IN IP4 ", "o=- 1 1 IN IP4 "])
def test_long_hosts_in_sdp_are_hostile(line: str) -> None:
    message = f"INVITE sip:0611@h SIP/2.0\r\n\r\nv=0\r\n{line}"
    assert has_hostile_sdp(message + "h" * 254)
    assert not has_hostile_sdp(message + "host.example\r\n")


def test_numbers_are_masked() -> None:
    assert mask_numbers("from 79031234567 code 486") == "from **** code 486"


@given(st.text())
def test_any_text_is_parsed_without_a_fault(text: str) -> None:
    parse_headers(text)
    request_user(text)
    user_of(text)
    parse_identity(text, source=text, trusted=TRUSTED)
