"""What the operators' side types, checked."""

import pytest

from ivr.queue.desk import DeskError, national_number, new_operator, skills_of
from ivr.queue.destinations import DestinationRules

pytestmark = pytest.mark.unit

GUARD = DestinationRules(own_network=True, denied=("7903*",), allowed=("790XXXXXXXX",))


def test_an_operator_is_made_of_sound_values() -> None:
    made = new_operator(
        "anna.1", "sip:101@pbx;transport=tcp", guard=GUARD, name=" Анна ", skills={"sales": 2}
    )
    assert (made.operator_id, made.name, made.skills) == ("anna.1", "Анна", {"sales": 2})
    assert new_operator("b", "sips:pbx", guard=GUARD).skills == {"general": 1}


@pytest.mark.parametrize(
    ("operator_id", "target", "more", "fault"),
    [
        ("", "sip:1@pbx", {}, "id ''"),
        ("anna smith", "sip:1@pbx", {}, "id 'anna smith'"),
        ("a" * 65, "sip:1@pbx", {}, "at most 64"),
        ("anna", "tel:+79030000001", {}, "a SIP URI"),
        ("anna", "sip:1@pbx\r\nVia: x", {}, "a SIP URI"),
        ("anna", "<sip:1@pbx>", {}, "a SIP URI"),
        ("anna", "sip:1@trunk.example", {}, "handoff.hosts"),
        ("anna", "sip:1@pbx;maddr=8.8.8.8", {}, "that may be called"),
        ("anna", "sip:+8821612345678@trunk", {}, "callback.exceptions"),
        ("anna", "sip:88091234567@10.0.0.1", {}, "callback.exceptions"),
        ("anna", "sip:79161234567@10.0.0.1", {}, "callback.allowed"),
        ("anna", "sip:79031234567@10.0.0.1", {}, "callback.denied"),
        ("anna", "sip:1@pbx", {"name": "a\nb"}, "name: one line"),
        ("anna", "sip:1@pbx", {"skills": {"a b": 1}}, "skill 'a b'"),
        ("anna", "sip:1@pbx", {"skills": {"sales": 0}}, "level 0 of skill sales"),
        ("anna", "sip:1@pbx", {"languages": ()}, "languages: at least one"),
    ],
)
def test_what_is_wrong_with_an_operator_is_said(
    operator_id: str, target: str, more: dict[str, object], fault: str
) -> None:
    with pytest.raises(DeskError) as caught:
        new_operator(operator_id, target, guard=GUARD, **more)  # type: ignore[arg-type]
    assert fault in caught.value.message


def test_skills_are_words_with_levels() -> None:
    assert skills_of([]) == skills_of([" "]) == {}
    assert skills_of(["general", "sales:3"]) == skills_of(["general, sales:3"])
    for wrong in ("sales:x", "sales:1 sales:2"):
        with pytest.raises(DeskError):
            skills_of([wrong])


@pytest.mark.parametrize(
    "text", ["9030000001", "+7 903 000-00-01", "8 (903) 000 00 01", "79030000001"]
)
def test_numbers_in_any_common_form(text: str) -> None:
    assert national_number(text) == "9030000001"


@pytest.mark.parametrize(
    "text", ["", "0611", "+44 20 7946 0958", "sip:9030000001@pbx", "99030000001"]
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(DeskError, match="is no Russian number"):
        national_number(text)
