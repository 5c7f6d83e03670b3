from pathlib import Path

import pytest

from ivr.config import NluSettings
from ivr.nlu.model_choice import Choice, choose_model, spare_model
from ivr.nlu.model_folder import ModelFolder
from ivr.nlu.training import content_hash

pytestmark = pytest.mark.unit

DATA = "nlu_data"


def settings(tmp_path: Path, model: str = "") -> NluSettings:
    return NluSettings(models=str(tmp_path), data=DATA, model=model)


def test_without_a_promotion_it_is_the_model_of_the_present_data(tmp_path: Path) -> None:
    chosen = choose_model(settings(tmp_path))
    assert chosen.archive == tmp_path / f"{content_hash(Path(DATA))}.tar.gz"
    assert "none was promoted" in chosen.why


def test_the_promoted_model_comes_before_that(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path)
    folder.archive("abc").touch()
    folder.promote("abc")
    chosen = choose_model(settings(tmp_path))
    assert chosen.version == "abc"
    assert chosen.why.startswith("promoted ")


def test_the_configured_model_comes_first(tmp_path: Path) -> None:
    ModelFolder(tmp_path).promote("abc")
    chosen = choose_model(settings(tmp_path, model="own.tar.gz"))
    assert (chosen.archive, chosen.why) == (Path("own.tar.gz"), "nlu.model")


def test_a_promoted_model_that_is_gone_is_said_so(tmp_path: Path) -> None:
    ModelFolder(tmp_path).promote("abc")
    chosen = choose_model(settings(tmp_path))
    assert chosen.version == content_hash(Path(DATA))
    assert "promoted abc is gone" in chosen.why


def test_where_the_promoted_model_does_not_load_the_one_of_the_data_serves(tmp_path: Path) -> None:
    failed = Choice(tmp_path / "abc.tar.gz", "promoted")
    assert spare_model(settings(tmp_path), failed) is None
    expected = tmp_path / f"{content_hash(Path(DATA))}.tar.gz"
    expected.touch()
    spare = spare_model(settings(tmp_path), failed)
    assert spare is not None
    assert spare.archive == expected
    assert "abc does not load" in spare.why
    assert spare_model(settings(tmp_path), spare) is None
    assert spare_model(settings(tmp_path, model="own.tar.gz"), failed) is None
