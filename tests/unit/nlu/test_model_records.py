import subprocess
from pathlib import Path

import pytest

from ivr.config import NluSettings
from ivr.errors import NluError
from ivr.nlu.measuring import Measured, remember
from ivr.nlu.model_records import (
    commit_of,
    library_versions,
    read_record,
    record_file,
    sha256,
    write_record,
)
from tests.unit.nlu.predictions import predicted

pytestmark = pytest.mark.unit


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    file = tmp_path / "models" / "0a1b2c3d4e5f.tar.gz"
    file.parent.mkdir()
    file.write_bytes(b"model")
    return file


@pytest.fixture
def test_file(tmp_path: Path) -> Path:
    file = tmp_path / "test.yml"
    file.write_text("nlu:\n")
    return file


def test_an_archive_without_a_record_tells_its_age(archive: Path) -> None:
    record = read_record(archive)
    assert record.model == "0a1b2c3d4e5f"
    assert record.trained_at.timestamp() == int(archive.stat().st_mtime)
    assert record.phrases is None


def test_a_measurement_is_kept_with_what_it_was_made_on(archive: Path, test_file: Path) -> None:
    found = Measured([predicted("balance", "balance", 0.9)] * 3, 0.0072)
    remember(NluSettings(models=str(archive.parent)), archive, test_file, found)
    kept = read_record(archive).measurement
    assert kept is not None
    assert (kept.phrases, kept.accuracy, kept.accept, kept.ms_per_text) == (3, 1.0, 0.6, 7.2)
    assert (kept.test_file, kept.test_sha256) == (str(test_file), sha256(test_file))
    write_record(archive, read_record(archive))
    assert read_record(archive).measurement == kept
    assert sorted(archive.parent.iterdir()) == sorted([archive, record_file(archive)])


def test_nothing_is_written_beside_somebody_elses_model(
    archive: Path, test_file: Path, tmp_path: Path
) -> None:
    found = Measured([predicted("balance", "balance", 0.9)], 0.0)
    remember(NluSettings(models=str(tmp_path / "other")), archive, test_file, found)
    assert list(archive.parent.iterdir()) == [archive]


def test_a_damaged_record_is_named(archive: Path) -> None:
    record_file(archive).write_text("{")
    with pytest.raises(NluError, match=r"0a1b2c3d4e5f\.json cannot be read"):
        read_record(archive)


def test_the_versions_are_those_of_the_environment(tmp_path: Path) -> None:
    info = tmp_path / "lib" / "python3.10" / "site-packages" / "rasa-3.6.21.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rasa\nVersion: 3.6.21\n")
    assert library_versions(tmp_path / "bin" / "python") == {"rasa": "3.6.21"}
    assert library_versions(tmp_path / "absent" / "bin" / "python") == {}


def test_the_commit_says_whether_something_was_changed_since(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == ""

    def git(*words: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    (tmp_path / "phrases").write_text("да")
    git("add", ".")
    git("commit", "-m", "x")
    clean = commit_of(tmp_path)
    assert len(clean) == 12
    (tmp_path / "phrases").write_text("нет")
    assert commit_of(tmp_path) == f"{clean}-dirty"
