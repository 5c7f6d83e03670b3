"""The configuration: file, environment, and errors that help."""

import tomllib
from pathlib import Path

import pytest

from ivr.config import Settings, load
from ivr.errors import ConfigError

pytestmark = pytest.mark.unit


def test_without_a_file_the_defaults_answer_0611(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert load(environ={}).sip.numbers == ("0611",)


def test_the_environment_overrides_the_file(tmp_path: Path):
    file = tmp_path / "ivr.toml"
    file.write_text('[sip]\nport = 5070\nnumbers = ["0611", "88001000611"]\n', encoding="utf-8")
    settings = load(file, {"IVR_SIP__PORT": "5080", "IVR_SIP__TRUSTED_PEERS": '["10.0.0.0/8"]'})
    assert settings.sip.port == 5080
    assert settings.sip.numbers == ("0611", "88001000611")
    assert settings.sip.trusted_peers == ("10.0.0.0/8",)


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("[sip]\nport = 70000\n", "sip.port", 70000),
        ('[sip]\nsrtp = "sometimes"\n', "sip.srtp", "sometimes"),
        ("[sip]\nprot = 5060\n", "sip.prot", 5060),
        ("[media]\ncalls_per_worker = 3\n", "media.calls_per_worker", 3),
    ],
)
def test_a_bad_value_names_key_value_and_what_is_allowed(
    tmp_path: Path, text: str, key: str, value: object
):
    file = tmp_path / "ivr.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    assert caught.value.key == key
    assert caught.value.value == value
    assert caught.value.allowed


def test_an_unknown_key_lists_the_known_ones(tmp_path: Path):
    file = tmp_path / "ivr.toml"
    file.write_text("[sip]\nprot = 5060\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="tls_port"):
        load(file, {})


def test_broken_toml_and_missing_files_are_told(tmp_path: Path):
    file = tmp_path / "ivr.toml"
    file.write_text("[sip\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="valid TOML"):
        load(file, {})
    with pytest.raises(ConfigError, match="readable"):
        load(tmp_path / "missing.toml", {})


def test_a_file_named_in_the_environment_is_read(tmp_path: Path):
    file = tmp_path / "other.toml"
    file.write_text("[http]\nport = 9000\n", encoding="utf-8")
    assert load(environ={"IVR_CONFIG": str(file)}).http.port == 9000


def test_the_commented_example_shows_every_key_with_its_default():
    example = Path(__file__).parents[2] / "deploy" / "ivr.toml"
    written = tomllib.loads(example.read_text(encoding="utf-8"))
    defaults = Settings().model_dump(mode="json")
    assert written == defaults
