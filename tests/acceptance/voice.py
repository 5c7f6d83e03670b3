"""Sentences that nobody has recorded, as a telephone line delivers them: int16, 8 kHz."""

from ivr.audio.resample import to_pcm
from ivr.audio.wav import decode_samples
from ivr.config import VoiceSettings
from ivr.speech.shaping import levelled, trimmed
from ivr.speech.synthesis import choose_synthesizer


async def spoken(text: str) -> bytes:
    """A text in Festival's voice."""
    voice = choose_synthesizer(VoiceSettings(synthesizer="festival"))
    speech = decode_samples(await voice.synthesize(text), text)
    return to_pcm(levelled(trimmed(speech)))


def silence(length_s: float) -> bytes:
    """Nothing said."""
    return bytes(2 * round(length_s * 8000))
