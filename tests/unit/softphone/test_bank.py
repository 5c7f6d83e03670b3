"""Recordings found by what is said in them."""

from pathlib import Path

import pytest

from ivr.errors import SetupError
from ivr.softphone.bank import FixtureBank

pytestmark = pytest.mark.unit


def test_every_listed_recording_is_there_and_every_file_is_listed():
    bank = FixtureBank()
    listed = {fixture.path for fixture in bank.fixtures}
    assert listed == set(Path("audio_fixtures").rglob("*.flac"))


def test_a_text_gives_its_samples_and_an_unknown_one_says_so():
    bank = FixtureBank()
    assert len(bank.says("оператор")) > 8000
    with pytest.raises(SetupError, match="небылица"):
        bank.says("небылица")


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(SetupError, match="manifest"):
        FixtureBank(tmp_path)
