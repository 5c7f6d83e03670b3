"""What README and docs name really exists: commands, targets, keys, numbers, files, headings."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer

from ivr.cli.main import app
from ivr.config import Settings

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MAKE = re.compile(r"\bmake ([a-z]+)\b")
IVR = re.compile(r"(?:^|[`/ ])ivr ((?:[a-z][a-z-]* ?){1,2})", re.MULTILINE)
VARIABLE = re.compile(r"\bIVR_([A-Z_]+?)__([A-Z_]+)\b")
DOTTED = re.compile(r"`([a-z_]+)\.([a-z_]+)(?: = [^`]*)?`")
NUMBER = re.compile(r"\b90[0-9]{8}\b")
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(#[^)]+)?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
CODE = re.compile(r"`[^`\n]+`|```.*?```", re.DOTALL)


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def code_of(page: Path) -> str:
    """Only what is set as code: prose may say 'make sure'."""
    return "\n".join(CODE.findall(text_of(page)))


def commands(of: typer.Typer) -> Iterator[str]:
    group = typer.main.get_group(of)
    for name, command in group.commands.items():
        yield name
        for inner in getattr(command, "commands", {}):
            yield f"{name} {inner}"


def anchor(heading: str) -> str:
    """As GitHub makes it: lower case, punctuation dropped, spaces to hyphens."""
    bare = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return "#" + bare.replace(" ", "-")


@pytest.fixture(params=PAGES, ids=lambda page: page.name)
def page(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_make_targets_exist(page: Path):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert set(MAKE.findall(code_of(page))) <= targets


def test_ivr_commands_exist(page: Path):
    known = set(commands(app))
    groups = {name.split()[0] for name in known if " " in name}
    for found in IVR.findall(code_of(page)):
        first, *rest = found.split()
        assert first in known, f"{page.name}: ivr {first}"
        if first in groups and rest:
            assert f"{first} {rest[0]}" in known, f"{page.name}: ivr {found}"


def test_configuration_keys_exist(page: Path):
    sections = {name: set(type(section).model_fields) for name, section in dict(Settings()).items()}
    variables = [(s.lower(), k.lower()) for s, k in VARIABLE.findall(text_of(page))]
    dotted = [(s, k) for s, k in DOTTED.findall(text_of(page)) if s in sections]
    for section, key in [*variables, *dotted]:
        if (section, key) != ("section", "key") and not _is_file(f"{section}.{key}"):
            assert key in sections.get(section, ()), f"{page.name}: {section}.{key}"


def _is_file(name: str) -> bool:
    return (ROOT / name).exists()


def test_the_example_configuration_has_every_key_with_its_default():
    example = tomllib.loads((ROOT / "deploy" / "ivr.toml").read_text(encoding="utf-8"))
    assert example == {
        name: {key: list(v) if isinstance(v, tuple) else v for key, v in dict(section).items()}
        for name, section in dict(Settings()).items()
    }


def test_demo_numbers_exist(page: Path):
    data = tomllib.loads((ROOT / "ivr" / "services" / "demo_data.toml").read_text(encoding="utf-8"))
    known = {subscriber["msisdn"] for subscriber in data["subscriber"]}
    assert set(NUMBER.findall(text_of(page))) <= known


def test_links_lead_somewhere(page: Path):
    for target, fragment in LINK.findall(text_of(page)):
        file = page.parent / target if target else page
        assert file.exists(), f"{page.name}: {target}"
        if fragment:
            anchors = {anchor(heading) for heading in HEADING.findall(text_of(file))}
            assert fragment in anchors, f"{page.name}: {target}{fragment}"


def test_recordings_named_in_commands_exist(page: Path):
    for file in re.findall(r"audio_fixtures/[\w/]+\.flac", text_of(page)):
        assert (ROOT / file).exists(), f"{page.name}: {file}"


def test_every_folder_of_the_package_is_explained():
    described = text_of(ROOT / "README.md")
    for folder in sorted((ROOT / "ivr").iterdir()):
        if (folder / "__init__.py").exists():
            assert f"`ivr/{folder.name}/`" in described, folder.name
