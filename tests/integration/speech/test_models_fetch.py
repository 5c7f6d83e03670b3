"""Fetching models from a server of our own that breaks off, repeats and lies when told."""

import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.cli.models import app
from ivr.errors import SetupError
from ivr.speech import models
from ivr.speech.models import OfficialModel, digest, fetch, is_model, official_in, resolve

pytestmark = pytest.mark.integration

NAME = "vosk-model-small-ru-0.22"
CONTENT = bytes(range(256)) * 4000


def archive_of(*names: str, link: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name in names:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o120777 if link else 0o100644) << 16
            opened.writestr(entry, CONTENT)
    return buffer.getvalue()


GOOD = archive_of(f"{NAME}/am/final.mdl", f"{NAME}/conf/mfcc.conf")


class Site(ThreadingHTTPServer):
    """Serves one archive, with or without ranges, and may hang up in the middle once."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.archive = GOOD
        self.breaks_after: int | None = None
        self.ranges = True
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        site = self.server
        asked = self.headers.get("Range")
        site.asked.append(asked)
        if self.path != f"/{NAME}.zip":
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and site.ranges else 0
        if start >= len(site.archive):
            self.send_error(416)
            return
        body = site.archive[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        breaks_after, site.breaks_after = site.breaks_after, None
        self.wfile.write(body[:breaks_after])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _small_models_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    small = (OfficialModel("small-ru", NAME, "", 1000), OfficialModel("ru", "vosk-model-ru", "", 1))
    monkeypatch.setattr(models, "OFFICIAL", small)
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)


def test_a_model_is_fetched_unpacked_and_found_by_resolution(site: Site, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = fetch(
        "small-ru",
        folder=tmp_path,
        source=site.url,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert path == tmp_path / NAME
    assert is_model(path)
    assert (path / "am" / "final.mdl").read_bytes() == CONTENT
    assert seen[-1] == (len(GOOD), len(GOOD))
    assert [entry.name for entry in tmp_path.iterdir()] == [NAME]
    assert resolve("", tmp_path).path == path
    assert fetch(NAME, folder=tmp_path, source="http://127.0.0.1:9") == path


def test_a_broken_off_download_is_kept_and_taken_up_where_it_stopped(
    site: Site, tmp_path: Path
) -> None:
    site.breaks_after = 5000
    with pytest.raises(SetupError, match="what has arrived so far is kept"):
        fetch("small-ru", folder=tmp_path, source=site.url)
    fetch("small-ru", folder=tmp_path, source=site.url)
    assert site.asked == [None, "bytes=5000-"]
    assert (tmp_path / NAME / "conf" / "mfcc.conf").read_bytes() == CONTENT


def test_a_server_without_ranges_is_fetched_from_the_beginning(site: Site, tmp_path: Path) -> None:
    site.ranges = False
    (tmp_path / f"{NAME}.zip.part").write_bytes(b"x" * 3_000_000)
    fetch("small-ru", folder=tmp_path, source=site.url)
    assert (tmp_path / NAME / "am" / "final.mdl").read_bytes() == CONTENT


def test_a_download_that_was_complete_is_only_unpacked(site: Site, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.zip.part").write_bytes(GOOD)
    fetch("small-ru", folder=tmp_path, source=site.url)
    assert is_model(tmp_path / NAME)


def corrupted() -> bytes:
    middle = len(GOOD) // 4
    return GOOD[:middle] + bytes([GOOD[middle] ^ 255]) + GOOD[middle + 1 :]


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (corrupted(), "CRC"),
        (b"<html>sign in</html>" * 100, "not a zip file"),
        (GOOD[:500], "too few"),
        (archive_of(f"{NAME}/README"), "holds no Vosk model"),
        (archive_of(f"{NAME}/../../evil"), "unexpected member"),
        (archive_of("/etc/evil"), "unexpected member"),
        (archive_of("other/am/final.mdl"), "unexpected member"),
        (archive_of(f"{NAME}/am/final.mdl", link=True), "unexpected member"),
    ],
)
def test_damaged_and_hostile_archives_leave_nothing_behind(
    site: Site, tmp_path: Path, archive: bytes, message: str
) -> None:
    site.archive = archive
    folder = tmp_path / "models"
    with pytest.raises(SetupError, match=message):
        fetch("small-ru", folder=folder, source=site.url)
    assert list(folder.iterdir()) == []
    assert [entry.name for entry in tmp_path.iterdir()] == ["models"]


def test_a_checksum_is_held_to_when_given(site: Site, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="SHA-256"):
        fetch("small-ru", folder=tmp_path, source=site.url, sha256="0" * 64)
    whole = tmp_path / "whole"
    whole.write_bytes(GOOD)
    fetch("small-ru", folder=tmp_path, source=site.url, sha256=digest(whole).upper())


def test_missing_files_closed_networks_and_unknown_names_are_told(
    site: Site, tmp_path: Path
) -> None:
    with pytest.raises(SetupError, match="answers 404"):
        fetch("small-ru", folder=tmp_path, source=f"{site.url}/nowhere")
    with pytest.raises(SetupError, match="Without network, download it elsewhere"):
        fetch("small-ru", folder=tmp_path, source="http://127.0.0.1:9")
    with pytest.raises(SetupError, match="no official model 'big'; known: small-ru, ru"):
        fetch("big", folder=tmp_path, source=site.url)


def put_model(path: Path, *files: str) -> Path:
    for name in files or ("am/final.mdl", "conf/mfcc.conf"):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).touch()
    return path


def test_resolution_prefers_the_configured_then_the_largest_official_then_the_bundled(
    tmp_path: Path,
) -> None:
    with pytest.raises(SetupError, match="no speech model"):
        resolve("", tmp_path)
    bundled = put_model(tmp_path / "ru-0611")
    assert resolve("", tmp_path).path == bundled
    small = put_model(tmp_path / NAME)
    assert resolve("", tmp_path).path == small
    (tmp_path / "vosk-model-ru-half").mkdir()
    large = put_model(tmp_path / "vosk-model-ru-0.42")
    assert official_in(tmp_path) == [large, small]
    own = put_model(tmp_path / "own", "final.mdl", "mfcc.conf")
    resolved = resolve(str(own), tmp_path)
    assert (resolved.path, resolved.description) == (own, "own (configured)")
    with pytest.raises(SetupError, match="is not a Vosk model folder"):
        resolve(str(tmp_path), tmp_path)


def test_the_command_fetches_with_a_bar_and_fails_with_a_sentence(
    site: Site, tmp_path: Path
) -> None:
    options = ["--folder", str(tmp_path), "--source", site.url]
    done = CliRunner().invoke(app, ["fetch", "small-ru", *options])
    assert done.exit_code == 0, done.output
    assert "is ready" in done.output.replace("\n", "")
    failed = CliRunner().invoke(app, ["fetch", "big", *options])
    assert failed.exit_code == 1
    assert "known: small-ru" in failed.output.replace("\n", " ")


def test_the_model_in_use_is_listed_and_checked_on_a_recording() -> None:
    listed = CliRunner().invoke(app, ["list"])
    assert listed.exit_code == 0, listed.output
    assert "used:" in listed.output
    recording = models.MODELS_FOLDER.parent / "audio_fixtures" / "tts" / "0003.flac"
    checked = CliRunner().invoke(app, ["check", str(recording)])
    assert checked.exit_code == 0, checked.output
    assert "какой у меня тариф" in checked.output
    missing = CliRunner().invoke(app, ["check", "no-such-file.wav"])
    assert missing.exit_code == 1
