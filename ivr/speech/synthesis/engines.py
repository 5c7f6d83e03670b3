"""Synthesizers that are command-line programs.

Text goes in on standard input and never into an argument or a shell; audio comes out of a
file in a private temporary folder.
"""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.errors import SynthesisError
from ivr.speech.synthesis.spelling import speakable

TIMEOUT_S: Final = 20.0
_OUTPUT: Final = "{output}"
_DIAGNOSTIC_CHARACTERS: Final = 300


@dataclass(frozen=True, slots=True)
class CommandSynthesizer:
    """One engine with one voice; a child process per text."""

    voice_id: str
    command: tuple[str, ...]
    """Program and arguments; '{output}' stands for the audio file to write."""
    timeout_s: float = TIMEOUT_S

    async def synthesize(self, text: str) -> bytes:
        line = speakable(text) + "\n"
        with tempfile.TemporaryDirectory(prefix="ivr-speech-") as folder:
            output = Path(folder) / "speech.wav"
            command = [str(output) if word == _OUTPUT else word for word in self.command]
            await self._run(command, line.encode())
            return self._result(output)

    def _result(self, output: Path) -> bytes:
        try:
            audio = output.read_bytes()
        except OSError as exc:
            raise SynthesisError("no_output", f"{self.voice_id} wrote no audio") from exc
        if not audio:
            raise SynthesisError("no_output", f"{self.voice_id} wrote an empty file")
        return audio

    async def _run(self, command: Sequence[str], standard_input: bytes) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as exc:
            raise SynthesisError(
                "cannot_start", f"{command[0]} cannot be started: {exc.strerror}"
            ) from exc
        try:
            async with asyncio.timeout(self.timeout_s):
                _, diagnostics = await process.communicate(standard_input)
        except TimeoutError as exc:
            raise SynthesisError(
                "timeout", f"{self.voice_id} took longer than {self.timeout_s:g} s"
            ) from exc
        finally:
            await _end(process)
        if process.returncode:
            said = diagnostics.decode(errors="replace").strip()[-_DIAGNOSTIC_CHARACTERS:]
            raise SynthesisError(
                "engine_failed", f"{self.voice_id} ended with {process.returncode}: {said}"
            )


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill a child that still runs after a timeout or cancellation, and reap it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


_RHVOICE_FOLDERS: Final = tuple(
    Path(prefix) / "share/RHVoice/voices/elena" for prefix in ("/usr", "/usr/local", "/opt/rhvoice")
)
_FESTIVAL_VOICES: Final = tuple(
    Path(folder) / "msu_ru_nsh_clunits"
    for folder in ("/usr/share/festival/voices/russian", "/usr/lib/festival/voices/russian")
)


def find_rhvoice() -> CommandSynthesizer | None:
    """RHVoice with Elena, the voice of the recordings."""
    program = shutil.which("RHVoice-test")
    if program is None or not any(folder.is_dir() for folder in _RHVOICE_FOLDERS):
        return None
    return CommandSynthesizer("rhvoice-elena", (program, "-p", "elena", "-o", _OUTPUT))


def find_piper(model: str) -> CommandSynthesizer | None:
    """Piper with the model file of the configuration."""
    program = shutil.which("piper")
    path = Path(model)
    if program is None or not model or not path.is_file():
        return None
    return CommandSynthesizer(f"piper-{path.stem}", (program, "-m", str(path), "-f", _OUTPUT))


def find_festival() -> CommandSynthesizer | None:
    """Festival with the Moscow State University voice (Debian: festvox-ru), UTF-8 input."""
    program = shutil.which("text2wave")
    if program is None or not any(folder.is_dir() for folder in _FESTIVAL_VOICES):
        return None
    voice = "(voice_msu_ru_nsh_clunits)"
    return CommandSynthesizer("festival-msu-ru", (program, "-eval", voice, "-o", _OUTPUT))


def find_espeak() -> CommandSynthesizer | None:
    """espeak-ng, intelligible but mechanical: the last resort."""
    program = shutil.which("espeak-ng")
    if program is None:
        return None
    command = (program, "-v", "ru", "-s", "150", "--stdin", "-w", _OUTPUT)
    return CommandSynthesizer("espeak-ru", command)
