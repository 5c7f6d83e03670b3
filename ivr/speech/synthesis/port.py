"""The seam to text to speech: Russian text in, an audio file's content out."""

from typing import Protocol

from ivr.errors import SynthesisError


class Synthesizer(Protocol):
    """Speaks Russian text. Called from the event loop; engines run as child processes."""

    @property
    def voice_id(self) -> str:
        """Engine and voice; part of the cache key, so it changes when the sound changes."""
        ...

    async def synthesize(self, text: str) -> bytes:
        """The content of an audio file (WAV, any rate). `SynthesisError` when it cannot speak."""
        ...


class NoSynthesizer:
    """Stands in where no engine is installed or wanted."""

    voice_id = "none"

    async def synthesize(self, text: str) -> bytes:
        raise SynthesisError("no_synthesizer", "no speech synthesizer is installed or chosen")
