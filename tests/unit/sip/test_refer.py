"""Refer-To with embedded headers: written and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sip.refer import parse_refer_to, refer_to

pytestmark = pytest.mark.unit


def test_headers_travel_in_refer_to() -> None:
    value = refer_to("sip:op@pbx;transport=tcp", {"User-to-User": "a b;encoding=hex"})
    assert value == "<sip:op@pbx;transport=tcp?User-to-User=a%20b%3Bencoding%3Dhex>"
    assert refer_to("<sip:op@pbx>") == "<sip:op@pbx>"


@given(st.dictionaries(st.sampled_from(["user-to-user", "x-id"]), st.text(max_size=20)))
def test_refer_to_is_read_as_it_was_written(headers: dict[str, str]) -> None:
    assert parse_refer_to(refer_to("sip:op@pbx", headers)) == ("sip:op@pbx", headers)
