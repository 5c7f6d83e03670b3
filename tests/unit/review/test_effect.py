"""What reviewing has brought, counted honestly."""

import pytest

from ivr.errors import SetupError
from ivr.review.effect import ALL, Replayed, effect
from ivr.review.replay import find_model, first_model
from tests.unit.review.test_journal import TRAIN

pytestmark = pytest.mark.unit


def replayed(intent: str, before: str, after: str, *, held_out: bool = False) -> Replayed:
    return Replayed(text="x", intent=intent, before=before, after=after, held_out=held_out)


def test_counts_by_intent_with_all_of_them_first() -> None:
    rows = effect(
        [
            replayed("balance", "outage", "balance"),
            replayed("balance", "balance", "outage"),
            replayed("balance", "outage", "balance", held_out=True),
            replayed("outage", "outage", "outage"),
        ]
    )
    assert [row.intent for row in rows] == [ALL, "balance", "outage"]
    balance = rows[1]
    assert (balance.reviewed, balance.right_before, balance.right_after) == (3, 1, 2)
    assert balance.became_wrong == 1
    assert (balance.held_out, balance.held_out_before, balance.held_out_after) == (1, 0, 1)
    assert rows[0].reviewed == 4


def test_models_are_found_by_hash_or_file_and_the_first_one_left_is_the_earlier(tmp_path) -> None:
    (tmp_path / "abc.tar.gz").touch()
    assert find_model("abc", tmp_path) == tmp_path / "abc.tar.gz"
    assert find_model(str(tmp_path / "abc.tar.gz"), tmp_path) == tmp_path / "abc.tar.gz"
    assert first_model([TRAIN], tmp_path) == tmp_path / "abc.tar.gz"
    with pytest.raises(SetupError, match="there: abc"):
        find_model("zzz", tmp_path)
    with pytest.raises(SetupError, match=r"abc.*--before"):
        first_model([TRAIN], tmp_path / "none")
