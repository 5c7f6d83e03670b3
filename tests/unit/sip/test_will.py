"""What ends a dead user agent's dialogs, from the messages it left."""

import pytest

from ivr.sip.identity import parse_headers
from ivr.sip.will import Dialog, will_of

pytestmark = pytest.mark.unit

INVITE = (
    "INVITE sip:operator@10.0.0.9 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:5070;rport;branch=z9hG4bKabc\r\n"
    "From: <sip:9030000001@10.0.0.1>;tag=own\r\n"
    "To: <sip:operator@10.0.0.9>\r\n"
    "Contact: <sip:ivr@127.0.0.1:5070>\r\n"
    "Call-ID: one\r\n"
    "CSeq: 4711 INVITE\r\n"
    "Route: <sip:127.0.0.1:5081;lr>\r\n"
    "\r\nv=0\r\n"
)
ANSWER = (
    "SIP/2.0 200 OK\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:5070;rport;branch=z9hG4bKabc\r\n"
    "Record-Route: <sip:10.0.0.1;lr;r2=on>\r\n"
    "Record-Route: <sip:127.0.0.1:5081;lr;r2=on>\r\n"
    "From: <sip:9030000001@10.0.0.1>;tag=own\r\n"
    "To: <sip:operator@10.0.0.9>;tag=far\r\n"
    "Contact: <sip:desk@10.0.0.9:5062>\r\n"
    "Call-ID: one\r\nCSeq: 4711 INVITE\r\n\r\n"
)


def dialog(*, answer: str = "", inbound: bool = False, invite: str = INVITE) -> Dialog:
    destination = "" if inbound else "127.0.0.1:5081"
    return Dialog(inbound=inbound, invite=invite, answer=answer, destination=destination)


def test_a_ringing_phone_is_cancelled_with_the_invites_own_branch():
    will = will_of(dialog(), "t")
    assert will is not None
    assert (will.transport, will.host, will.port) == ("udp", "127.0.0.1", 5081)
    assert will.text.startswith("CANCEL sip:operator@10.0.0.9 SIP/2.0\r\n")
    headers = parse_headers(will.text)
    sent = parse_headers(INVITE)
    for name in ("via", "from", "to", "call-id", "route"):
        assert headers[name] == sent[name]
    assert headers["cseq"] == ["4711 CANCEL"]


def test_an_answered_phone_is_hung_up_along_the_recorded_route():
    will = will_of(dialog(answer=ANSWER), "t")
    assert will is not None
    assert (will.transport, will.host, will.port) == ("udp", "127.0.0.1", 5081)
    assert will.text.startswith("BYE sip:desk@10.0.0.9:5062 SIP/2.0\r\n")
    headers = parse_headers(will.text)
    assert headers["route"] == ["<sip:127.0.0.1:5081;lr;r2=on>", "<sip:10.0.0.1;lr;r2=on>"]
    assert headers["to"] == ["<sip:operator@10.0.0.9>;tag=far"]
    assert int(headers["cseq"][0].split()[0]) > 4711 + 1000


def test_without_a_proxy_the_bye_goes_to_the_contact():
    answer = "\r\n".join(line for line in ANSWER.split("\r\n") if "Record-Route" not in line)
    will = will_of(dialog(answer=answer), "t")
    assert will is not None
    assert (will.host, will.port) == ("10.0.0.9", 5062)


def test_what_went_over_tcp_is_ended_over_tcp():
    cancel = will_of(dialog(invite=INVITE.replace("SIP/2.0/UDP", "SIP/2.0/TCP")), "t")
    assert cancel is not None
    assert cancel.transport == "tcp"
    answer = ANSWER.replace("Record-Route", "X").replace("5062>", "5062;transport=tcp>")
    bye = will_of(dialog(answer=answer), "t")
    assert bye is not None
    assert (bye.transport, bye.host, bye.port) == ("tcp", "10.0.0.9", 5062)
    assert "SIP/2.0/TCP" in parse_headers(bye.text)["via"][0]


def test_a_caller_is_hung_up_from_our_side_of_the_dialog():
    answer = ANSWER.replace("<sip:desk@10.0.0.9:5062>", "<sip:0611@127.0.0.1:5070>")
    invite = INVITE.replace(
        "Route: <sip:127.0.0.1:5081;lr>",
        "Record-Route: <sip:127.0.0.1:5081;lr>, <sip:10.0.0.1;lr>",
    )
    will = will_of(dialog(answer=answer, inbound=True, invite=invite), "t")
    assert will is not None
    assert will.text.startswith("BYE sip:ivr@127.0.0.1:5070 SIP/2.0\r\n")
    headers = parse_headers(will.text)
    assert headers["from"] == ["<sip:operator@10.0.0.9>;tag=far"]
    assert headers["to"] == ["<sip:9030000001@10.0.0.1>;tag=own"]
    assert headers["route"] == ["<sip:127.0.0.1:5081;lr>", "<sip:10.0.0.1;lr>"]
    assert "127.0.0.1:5070" in headers["via"][0]


@pytest.mark.parametrize(
    "nobody",
    [
        dialog(inbound=True),
        dialog(invite=INVITE.replace("SIP/2.0/UDP", "SIP/2.0/TLS")),
        dialog(answer=ANSWER.replace("Record-Route", "X").replace("10.0.0.9:5062", "desk.example")),
        dialog(answer=ANSWER.replace("Record-Route: <sip:127.0.0.1:5081", "X: <sips:127.0.0.1")
               .replace("Record-Route: <sip:10.0.0.1", "Record-Route: <sips:10.0.0.1")),
        Dialog(inbound=False, invite=INVITE, destination="nonsense"),
        dialog(answer=ANSWER.replace("To:", "X:")),
        dialog(invite=INVITE.replace("CSeq:", "X:")),
        dialog(invite="INVITE"),
    ],
)  # fmt: skip
def test_nothing_is_sent_where_nothing_can_be_known_or_reached(nobody: Dialog):
    assert will_of(nobody, "t") is None
