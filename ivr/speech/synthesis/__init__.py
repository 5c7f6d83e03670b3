"""Text to speech: the seam, and adapters for the engines found on a machine."""

from ivr.speech.synthesis.choice import choose_synthesizer
from ivr.speech.synthesis.port import Synthesizer

__all__ = ["Synthesizer", "choose_synthesizer"]
