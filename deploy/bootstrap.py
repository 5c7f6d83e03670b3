"""Sets a checkout up: environments, Debian packages, models. Standard library only, Python >= 3.8.

Run through `make run`, `make test` or `make setup`. Each step is skipped when what it would make is
there and was made from the same inputs (content hash), so that a second run takes seconds.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORE_ENV = ROOT / ".venv"
RASA_ENV = ROOT / ".venv-rasa"
RASA_INPUTS = (ROOT / "nlu_data" / "requirements-rasa.txt", ROOT / "nlu_data" / "ivr_rasa")
LOG = ROOT / "var" / "setup.log"

PROGRAMS = {
    "kamailio": ("kamailio", "kamailio-tls-modules"),
    "text2wave": ("festival", "festvox-ru"),
}
"""Program -> Debian packages for running: the SIP proxy, and a voice for texts not recorded."""
VERSION_PROBE = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
TEST_PROGRAMS = {
    "sipp": ("sip-tester",),
    "espeak-ng": ("espeak-ng",),
    "chromium": ("chromium",),
    "chromedriver": ("chromium-driver",),
    "initdb": ("postgresql",),
}
BUILD_PROGRAMS = {"gcc": ("gcc", "libc6-dev"), "openssl": ("openssl",)}
"""webrtcvad is compiled on installation; openssl makes the self-signed TLS certificate."""


def main() -> int:
    """Argv -> exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--test", action="store_true", help="also what the test suite needs")
    parser.add_argument("--no-apt", action="store_true", help="install no Debian packages")
    options = parser.parse_args()
    LOG.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    try:
        if not options.no_apt:
            install_programs(
                {**BUILD_PROGRAMS, **PROGRAMS, **(TEST_PROGRAMS if options.test else {})}
            )
        make_core_environment()
        make_rasa_environment()
        train()
        build_graph()
    except SetupError as exc:
        print(f"\nSet-up stopped: {exc}", file=sys.stderr)
        return 1
    print(f"Set-up complete ({time.monotonic() - began:.0f} s).\n", flush=True)
    return 0


class SetupError(Exception):
    """Something that this script cannot mend; the message says what to do."""


def install_programs(programs: "dict[str, tuple[str, ...]]") -> None:
    """Debian packages of programs that are not there yet, where we may install them."""
    missing = [name for name in programs if which(name) is None]
    if not missing:
        return
    packages = [package for name in missing for package in programs[name]]
    command = "apt-get install " + " ".join(packages)
    if shutil.which("apt-get") is None or not may_install():
        say(f"missing: {', '.join(missing)}; the service does without. To add them: sudo {command}")
        return
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    # RUNLEVEL=1 keeps Debian from starting its own Kamailio on our SIP port.
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive", RUNLEVEL="1")
    try:
        step("package lists", [*prefix, "apt-get", "update", "-qq"], environment)
        step(
            f"Debian packages: {' '.join(packages)}",
            [*prefix, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
            environment,
        )
    except SetupError as exc:
        say(f"not installed ({exc}); the service does without {', '.join(missing)}")


def may_install() -> bool:
    """Root, or sudo that asks nothing."""
    if os.geteuid() == 0:
        return True
    return (
        shutil.which("sudo") is not None
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    )


def which(program: str) -> "str | None":
    """Like shutil.which, also in the folders where daemons live, and PostgreSQL's programs."""
    versions = sorted(str(folder) for folder in Path("/usr/lib/postgresql").glob("*/bin"))
    folders = [os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", *versions]
    return shutil.which(program, path=":".join(folders))


def make_core_environment() -> None:
    """.venv with ivr and all it imports."""
    stamp = CORE_ENV / "ivr-inputs"
    wanted = digest([ROOT / "pyproject.toml"])
    if up_to_date(stamp, wanted):
        say("environment .venv is up to date")
        return
    python = find_python(("3.11", "3.12"), "ivr")
    fresh_environment(python, CORE_ENV)
    pip = [str(CORE_ENV / "bin" / "python"), "-m", "pip", "install", "-q"]
    step("installing ivr and its libraries into .venv", [*pip, "-e", f"{ROOT}[dev]"])
    stamp.write_text(wanted, encoding="utf-8")


def make_rasa_environment() -> None:
    """.venv-rasa: Rasa needs Python 3.10 and pins old libraries, so it lives apart."""
    stamp = RASA_ENV / "ivr-inputs"
    wanted = digest(RASA_INPUTS)
    if up_to_date(stamp, wanted):
        say("environment .venv-rasa is up to date")
        return
    python = find_python(("3.10",), "Rasa")
    fresh_environment(python, RASA_ENV)
    pip = [str(RASA_ENV / "bin" / "python"), "-m", "pip", "install", "-q", "--no-deps"]
    step("installing Rasa into .venv-rasa (1-3 minutes)", [*pip, "-r", str(RASA_INPUTS[0])])
    step("installing our Rasa components", [*pip, "--no-build-isolation", str(RASA_INPUTS[1])])
    stamp.write_text(wanted, encoding="utf-8")


def train() -> None:
    """The intent model; `ivr nlu train` itself skips what is already trained."""
    step(
        "training the intent model",
        [str(CORE_ENV / "bin" / "ivr"), "nlu", "train"],
        show=True,
    )


def build_graph() -> None:
    """The recognizer's graph; `ivr asr build` itself skips what is already built."""
    step(
        "building the recognizer's graph",
        [str(CORE_ENV / "bin" / "ivr"), "asr", "build", "--set-up"],
        show=True,
    )


def find_python(versions: "tuple[str, ...]", purpose: str) -> Path:
    """A working interpreter of one of the versions: PATH, pyenv's versions, uv."""
    for version in versions:
        for candidate in candidates(version):
            if works(candidate, version):
                return candidate
    wanted = " or ".join(versions)
    raise SetupError(
        f"{purpose} needs Python {wanted} and none was found; "
        f"`uv python install {versions[0]}` or `pyenv install {versions[0]}` gets it."
    )


def candidates(version: str) -> "list[Path]":
    """Where an interpreter of that version may be, best first."""
    found = []
    on_path = shutil.which(f"python{version}")
    if on_path:
        found.append(Path(on_path))
    if sys.version_info[:2] == tuple(int(part) for part in version.split(".")):
        found.append(Path(sys.executable))
    pyenv = Path(os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv"))) / "versions"
    found += sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)
    if shutil.which("uv"):
        answer = subprocess.run(
            ["uv", "python", "find", version], capture_output=True, text=True, check=False
        )
        if answer.returncode == 0:
            found.append(Path(answer.stdout.strip()))
    return found


def works(python: Path, version: str) -> bool:
    """True when it starts, has that version and can make environments (pyenv's shims may not)."""
    try:
        answer = subprocess.run(
            [str(python), "-c", VERSION_PROBE],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return False
    return answer.returncode == 0 and answer.stdout.strip() == version


def fresh_environment(python: Path, folder: Path) -> None:
    """An empty virtual environment with a current pip."""
    shutil.rmtree(folder, ignore_errors=True)
    step(f"making {folder.name} with {python}", [str(python), "-m", "venv", str(folder)])
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "-U"]
    step(f"updating pip of {folder.name}", [*pip, "pip", "setuptools<81", "wheel"])


def digest(inputs: "list[Path] | tuple[Path, ...]") -> str:
    """Hash of files and of folders' sources."""
    total = hashlib.sha256()
    for path in inputs:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        files = [file for file in files if not is_made(file)]
        for file in files:
            if file.is_file() and file.suffix in (".py", ".toml", ".txt", ".cfg", ".json"):
                total.update(str(file.relative_to(ROOT)).encode())
                total.update(file.read_bytes())
    return total.hexdigest()


def is_made(file: Path) -> bool:
    """True for what an installation leaves beside the sources: it must not cause the next one."""
    parts = file.relative_to(ROOT).parts
    return any(part == "build" or part.endswith(".egg-info") for part in parts)


def up_to_date(stamp: Path, wanted: str) -> bool:
    """True when the environment was made from the same inputs."""
    return stamp.exists() and stamp.read_text(encoding="utf-8") == wanted


def step(
    title: str,
    command: "list[str]",
    environment: "dict[str, str] | None" = None,
    *,
    show: bool = False,
) -> None:
    """Run a command with its time printed; its output goes to the log unless shown."""
    say(title + (" ..." if not show else ""))
    began = time.monotonic()
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"\n$ {' '.join(command)}\n")
        log.flush()
        output = None if show else log
        outcome = subprocess.run(
            command, stdout=output, stderr=output, env=environment, cwd=str(ROOT), check=False
        )
    if outcome.returncode != 0:
        tail = LOG.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
        if not show:
            print("\n".join("    " + line for line in tail), file=sys.stderr)
        raise SetupError(f"{title} failed (exit {outcome.returncode}); the whole log is {LOG}")
    if not show:
        say(f"    done in {time.monotonic() - began:.0f} s")


def say(text: str) -> None:
    """One line of progress."""
    print(f"- {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
