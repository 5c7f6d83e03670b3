"""Which synthesizer a machine gets: the best one installed, or exactly the one configured."""

import logging
from collections.abc import Callable
from typing import Final

from ivr.config import VoiceSettings
from ivr.errors import SetupError
from ivr.speech.synthesis.engines import (
    CommandSynthesizer,
    find_espeak,
    find_festival,
    find_piper,
    find_rhvoice,
)
from ivr.speech.synthesis.port import NoSynthesizer, Synthesizer

log = logging.getLogger(__name__)

_HOW_TO_INSTALL: Final = {
    "rhvoice": "install RHVoice with the voice Elena (https://rhvoice.org), so that RHVoice-test"
    " is on the PATH",
    "piper": "pip install piper-tts and set voice.piper_model to a Russian model file (.onnx)",
    "festival": "apt install festival festvox-ru",
    "espeak": "apt install espeak-ng",
}


def choose_synthesizer(settings: VoiceSettings) -> Synthesizer:
    """'auto': the best engine installed, best first; a name: that one, `SetupError` without it."""
    finders: dict[str, Callable[[], CommandSynthesizer | None]] = {
        "rhvoice": find_rhvoice,
        "piper": lambda: find_piper(settings.piper_model),
        "festival": find_festival,
        "espeak": find_espeak,
    }
    if settings.synthesizer == "none":
        return NoSynthesizer()
    if settings.synthesizer != "auto":
        return _named(settings.synthesizer, finders[settings.synthesizer])
    for find in finders.values():
        found = find()
        if found is not None:
            log.info("- synthesizer %s", found.voice_id, extra={"action": "synthesizer_chosen"})
            return found
    log.warning(
        "x no synthesizer installed; texts without a recording cannot be spoken (%s)",
        _HOW_TO_INSTALL["festival"],
        extra={"action": "no_synthesizer"},
    )
    return NoSynthesizer()


def _named(name: str, find: Callable[[], CommandSynthesizer | None]) -> CommandSynthesizer:
    found = find()
    if found is None:
        raise SetupError(
            "no_synthesizer", f"voice.synthesizer = {name}: not found; {_HOW_TO_INSTALL[name]}"
        )
    return found
