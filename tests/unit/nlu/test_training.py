import stat
from pathlib import Path

import pytest

from ivr.errors import NluError, SetupError
from ivr.nlu.model_records import read_record, record_file, sha256, version_of
from ivr.nlu.training import content_hash, ensure_model, expected_model, validate

pytestmark = pytest.mark.unit

WORDS = ["а", "бэ", "вэ", "гэ", "дэ"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "nlu_data"
    (folder / "nlu").mkdir(parents=True)
    (folder / "ivr_rasa" / "ivr_rasa").mkdir(parents=True)
    phrases = [f"{left} {right}" for left in WORDS for right in WORDS]
    examples = "".join(f"    - {text}\n" for text in phrases)
    (folder / "nlu" / "a.yml").write_text(f"nlu:\n- intent: a\n  examples: |\n{examples}", "utf-8")
    (folder / "test.yml").write_text("nlu:\n- intent: a\n  examples: |\n    - да\n", "utf-8")
    (folder / "domain.yml").write_text("intents:\n- a\n", "utf-8")
    for name in ("config.yml", "requirements-rasa.txt", "ivr_rasa/ivr_rasa/features.py"):
        (folder / name).write_text("# first\n", "utf-8")
    return folder


def python_that(folder: Path, script: str) -> Path:
    """A stand-in for the Rasa environment's interpreter; $4 is the output folder, $5 the name."""
    file = folder / "python"
    file.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def test_the_summary_counts_intents_and_phrases(data: Path) -> None:
    summary = validate(data)
    assert (summary.intents, summary.phrases, summary.held_out) == (1, 25, 1)


@pytest.mark.parametrize(
    "name", ["nlu/a.yml", "domain.yml", "config.yml", "ivr_rasa/ivr_rasa/features.py"]
)
def test_everything_a_model_depends_on_changes_its_name(data: Path, name: str) -> None:
    before = content_hash(data)
    (data / name).write_text("# second\n", "utf-8")
    assert content_hash(data) != before


def test_the_test_phrases_do_not_change_the_model_name(data: Path) -> None:
    before = content_hash(data)
    (data / "test.yml").write_text("# second\n", "utf-8")
    assert content_hash(data) == before


def test_a_model_is_trained_once_with_progress(data: Path, tmp_path: Path) -> None:
    python = python_that(tmp_path, 'echo "- fitting"; echo noise; touch "$4/$5.tar.gz"')
    models, told = tmp_path / "models", list[str]()
    model = ensure_model(data, models, python, on_progress=told.append)
    assert model == expected_model(data, models)
    assert told == ["training on 25 phrases of 1 intents", "fitting"]
    python.unlink()
    assert ensure_model(data, models, python) == model
    assert sorted(models.iterdir()) == sorted([model, record_file(model)])


def test_the_record_tells_what_a_model_was_made_of(data: Path, tmp_path: Path) -> None:
    python = python_that(tmp_path, 'touch "$4/$5.tar.gz"')
    model = ensure_model(data, tmp_path / "models", python)
    record = read_record(model)
    assert (record.model, record.phrases, record.intents) == (version_of(model), 25, 1)
    assert record.inputs["nlu/a.yml"] == sha256(data / "nlu" / "a.yml")
    assert record.training_s is not None
    assert record.measurement is None


def test_data_that_change_during_training_leave_no_model(data: Path, tmp_path: Path) -> None:
    python = python_that(tmp_path, f'touch "$4/$5.tar.gz"; echo "# x" >> {data}/config.yml')
    with pytest.raises(NluError, match="changed while"):
        ensure_model(data, tmp_path / "models", python)
    assert list((tmp_path / "models").iterdir()) == []


def test_a_failed_training_tells_the_last_words_and_leaves_no_model(
    data: Path, tmp_path: Path
) -> None:
    python = python_that(tmp_path, 'echo "it broke"; exit 1')
    with pytest.raises(NluError, match="it broke"):
        ensure_model(data, tmp_path / "models", python)
    assert list((tmp_path / "models").iterdir()) == []


def test_a_missing_environment_says_how_to_make_it(data: Path, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="pip install --no-deps -r"):
        ensure_model(data, tmp_path / "models", tmp_path / "absent")
