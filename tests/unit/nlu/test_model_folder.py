import os
from pathlib import Path

import pytest

from ivr.errors import NluError
from ivr.nlu.model_folder import ModelFolder
from ivr.nlu.model_records import record_file, version_of

pytestmark = pytest.mark.unit

VERSIONS = ("aaaa00000001", "aabb00000002", "cccc00000003")


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    """Three versions, the last one the newest."""
    made = ModelFolder(tmp_path / "rasa")
    made.path.mkdir()
    for age, version in enumerate(reversed(VERSIONS)):
        made.archive(version).write_bytes(b"model")
        os.utime(made.archive(version), (1_000_000 - age, 1_000_000 - age))
    return made


def found(folder: ModelFolder, name: str) -> str:
    return version_of(folder.find(name, expected=folder.archive("ffff")))


def test_nothing_is_current_before_the_first_promotion(folder: ModelFolder) -> None:
    assert folder.current() is None
    assert folder.history() == []
    with pytest.raises(NluError, match="no model was promoted"):
        found(folder, "current")
    with pytest.raises(NluError, match="no model was in service before"):
        folder.roll_back()


def test_rolling_back_twice_goes_two_back_and_is_written_down(folder: ModelFolder) -> None:
    first, second, third = VERSIONS
    for version in VERSIONS:
        folder.promote(version)
    assert folder.roll_back(reason="complaints").model == second
    assert folder.roll_back().model == first
    with pytest.raises(NluError, match="before this one"):
        folder.roll_back()
    told = [(entry.action, entry.before, entry.model) for entry in folder.history()]
    assert told == [
        ("promoted", "", first),
        ("promoted", first, second),
        ("promoted", second, third),
        ("rolled back", third, second),
        ("rolled back", second, first),
    ]
    assert folder.history()[3].reason == "complaints"


def test_the_first_promotion_can_return_to_what_served_before_it(folder: ModelFolder) -> None:
    first, second, _ = VERSIONS
    folder.promote(second, base=first)
    assert found(folder, "previous") == first
    assert folder.roll_back().model == first


def test_promoting_the_current_model_rewrites_the_file_and_nothing_else(
    folder: ModelFolder,
) -> None:
    first = folder.promote(VERSIONS[0])
    inode = folder.current_file.stat().st_ino
    assert folder.promote(VERSIONS[0]) == first
    assert folder.current_file.stat().st_ino != inode
    assert len(folder.history()) == 1


def test_a_rolled_back_archive_that_is_gone_changes_nothing(folder: ModelFolder) -> None:
    folder.promote(VERSIONS[0])
    before = folder.promote(VERSIONS[1])
    folder.archive(VERSIONS[0]).unlink()
    with pytest.raises(NluError, match="is gone"):
        folder.roll_back()
    assert folder.current() == before


def test_models_are_found_by_the_beginning_of_their_hash(folder: ModelFolder) -> None:
    assert found(folder, "aab") == VERSIONS[1]
    assert found(folder, str(folder.archive(VERSIONS[2]))) == VERSIONS[2]
    with pytest.raises(NluError, match="begins several models"):
        found(folder, "aa")
    with pytest.raises(NluError, match="there is no model"):
        found(folder, "dd")
    with pytest.raises(NluError, match="ivr nlu train"):
        found(folder, "expected")


def test_pruning_keeps_the_newest_the_current_and_the_previous(folder: ModelFolder) -> None:
    first, second, third = VERSIONS
    record_file(folder.archive(first)).write_text("{}")
    assert folder.prune(1, spare={second}) == [first]
    assert not record_file(folder.archive(first)).exists()
    folder.promote(second)
    folder.promote(third)
    assert folder.prune(0) == []
    assert {version_of(archive) for archive in folder.archives()} == {second, third}


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"model": 1}'])
def test_a_damaged_current_file_is_told_and_mended_by_a_promotion(
    folder: ModelFolder, content: str
) -> None:
    folder.current_file.write_text(content)
    with pytest.raises(NluError, match="promote a model anew"):
        folder.current()
    assert folder.readable_current() is None
    folder.promote(VERSIONS[0])
    assert found(folder, "current") == VERSIONS[0]


def test_a_damaged_line_of_the_log_is_named(folder: ModelFolder) -> None:
    folder.promote(VERSIONS[0])
    log = folder.path / "promotions.jsonl"
    log.write_bytes(log.read_bytes() + b"{broken\n")
    with pytest.raises(NluError, match=r"promotions\.jsonl:2"):
        folder.history()


def test_an_archive_in_the_making_is_no_version(folder: ModelFolder) -> None:
    (folder.path / ".training-x.tar.gz").write_bytes(b"")
    assert [version_of(archive) for archive in folder.archives()] == list(reversed(VERSIONS))
