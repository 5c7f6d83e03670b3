"""Nobody makes us call Cuba."""

import pytest

from ivr.queue.destinations import DestinationRules, Kind, Refusal, Spent, numbered, understood

pytestmark = pytest.mark.unit

RULES = DestinationRules(
    allowed=("79XXXXXXXXX", "7495*", "0611"),
    exceptions=("3752912XXXXX", "78091234567"),
    denied=("7905*",),
    hosts=("pbx.test", "gate.test:5070"),
)


@pytest.mark.parametrize(
    "written",
    ["9031234567", "+7 903 123-45-67", "8 (903) 123-45-67", "79031234567", "tel:+79031234567"],
)
def test_the_usual_ways_of_writing_a_number_are_one_number(written):
    assert understood(written).digits == "79031234567"
    assert RULES.refusal(written) is None


@pytest.mark.parametrize(
    ("digits", "kind"),
    [
        ("79031234567", Kind.MOBILE),
        ("74951234567", Kind.LANDLINE),
        ("78001234567", Kind.FREE),
        ("78091234567", Kind.PREMIUM),
        ("78031234567", Kind.PREMIUM),
        ("77011234567", Kind.FOREIGN),  # Kazakhstan shares +7
        ("79401234567", Kind.FOREIGN),  # Abkhazia too
        ("84951234567", Kind.FOREIGN),  # Vietnam, with a plus in front
        ("442071234567", Kind.FOREIGN),
        ("7903123456", Kind.INVALID),
        ("0611", Kind.SHORT),
    ],
)
def test_numbers_are_sorted_by_what_they_cost(digits, kind):
    assert numbered(digits) is kind


@pytest.mark.parametrize(
    ("target", "refusal"),
    [
        ("0611", None),
        ("112", Refusal.NOT_ALLOWED),
        ("84951234567", None),
        ("+84951234567", Refusal.FOREIGN),
        ("78121234567", Refusal.NOT_ALLOWED),
        ("88091234568", Refusal.PREMIUM),
        ("88091234567", None),
        ("8 10 53 71234567", Refusal.FOREIGN),
        ("0053 7 1234567", Refusal.FOREIGN),
        ("+375291234567", None),
        ("+375291334567", Refusal.FOREIGN),
        ("9051234567", Refusal.DENIED),
        ("+7495", Refusal.INVALID),
        ("7495", Refusal.NOT_ALLOWED),
        ("+749512345678", Refusal.INVALID),
        ("", Refusal.INVALID),
        ("девять", Refusal.INVALID),
        ("٩٠٣١٢٣٤٥٦٧", Refusal.INVALID),
        ("9031234567;ext=1", Refusal.INVALID),
        ("sip:1001@pbx.test", None),
        ("sip:olga@PBX.test:5062", None),
        ("sip:olga@gate.test:5070;transport=tcp", None),
        ("sip:olga@gate.test", Refusal.HOST),
        ("sip:olga@evil.test", Refusal.HOST),
        ("sip:olga@pbx.test.evil.test", Refusal.HOST),
        ("sip:9031234567@pbx.test", None),
        ("sip:9031234567@evil.test", Refusal.HOST),
        ("sip:+442071234567@pbx.test", Refusal.FOREIGN),
        ("sip:%2B442071234567@pbx.test", Refusal.FOREIGN),
        ("sip:81053712345678:x@pbx.test", Refusal.INVALID),
        ("sip:*21*442071234567@pbx.test", Refusal.INVALID),
        ("sip:81053712345678;x=y@pbx.test", Refusal.INVALID),
        ("sip:olga@pbx.test?Replaces=1", Refusal.INVALID),
        ("sip:x@pbx.test@evil.test", Refusal.INVALID),
        ("sip:olga@pbx.test;maddr=evil.test", Refusal.INVALID),
        ("sip:olga@pbx.test;%6daddr=evil.test", Refusal.INVALID),
        ("sip:olga@pbx", Refusal.HOST),
        ("sip:olga@10.0.0.1", Refusal.HOST),
    ],
)
def test_everything_is_refused_that_is_not_allowed(target, refusal):
    assert RULES.refusal(target) is refusal


def test_without_configuration_ordinary_russian_numbers_may_be_called():
    rules = DestinationRules()
    assert rules.refusal("9031234567") is None
    assert rules.refusal("88001234567") is None
    assert rules.refusal("88091234567") is Refusal.PREMIUM
    assert rules.refusal("sip:1@pbx.test") is Refusal.HOST


def test_caps_end_a_day():
    rules = DestinationRules(per_number=2, per_caller=3, per_day=10)
    assert rules.refusal("9031234567", Spent(number=1, caller=2, all=9)) is None
    assert rules.refusal("9031234567", Spent(number=2)) is Refusal.NUMBER_CAP
    assert rules.refusal("9031234567", Spent(caller=3)) is Refusal.CALLER_CAP
    assert rules.refusal("9031234567", Spent(all=10)) is Refusal.DAY_CAP


@pytest.mark.parametrize(
    ("target", "refusal"),
    [
        ("sip:101@pbx", None),
        ("sips:anna@PBX:5061;transport=tls", None),
        ("sip:101@192.168.1.5", None),
        ("sip:101@127.0.0.1:5070", None),
        ("sip:101@[::1]:5070", None),
        ("sip:101@[fd00::1]", None),
        ("sip:79031234567@10.0.0.1", None),
        ("sip:101@8.8.8.8", Refusal.HOST),
        ("sip:101@[2001:4860:4860::8888]", Refusal.HOST),
        ("sip:101@trunk.example", Refusal.HOST),
        ("sip:101@134744072", Refusal.HOST),  # resolvers read it as 8.8.8.8
        ("sip:101@0x8080808", Refusal.HOST),
        ("sip:101@10.1", Refusal.HOST),
        ("sip:101@com.", Refusal.HOST),
        ("sip:+8821612345678@trunk", Refusal.FOREIGN),
        ("sip:88091234567@10.0.0.1", Refusal.PREMIUM),
    ],
)
def test_what_is_of_the_own_network(target, refusal):
    assert DestinationRules(own_network=True).refusal(target) is refusal
