import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.nlu.rasa_nlu import MAX_CHARACTERS, clean

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("баланс", "баланс"),
        ("/balance", "balance"),
        (" // /balance", "balance"),
        ("да\nнет\x00", "да нет"),
        ("\ud83d да", "да"),
        ("", ""),
    ],
)
def test_control_characters_and_leading_slashes_are_not_sent(text: str, sent: str) -> None:
    assert clean(text) == sent


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=600))
def test_what_is_sent_is_short_printable_and_never_an_intent_command(text: str) -> None:
    sent = clean(text)
    assert len(sent) <= MAX_CHARACTERS
    assert not sent.startswith("/")
    assert sent.isprintable()
    sent.encode("utf-8")
