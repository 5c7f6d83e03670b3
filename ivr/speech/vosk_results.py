"""What Vosk says of an utterance -> hypothesis: hesitations and lone noises left out. Pure."""

from typing import Any, Final

import numpy as np

from ivr.speech.asr import Hypothesis, HypothesisWord

HESITATIONS: Final = frozenset({"э", "ээ", "эээ", "эм", "м", "мм", "ммм", "хм", "[unk]", "<unk>"})
"""Sounds without meaning, removed at both ends of an utterance."""
LONE_WORD_CONFIDENCE: Final = 0.5
"""Silence and noise come out of the bundled model as one short word of 0.25-0.47; one-word fixtures
that were understood had 0.6 and more, at any line noise tried."""
SOUNDLESS_PEAK: Final = 16
"""Audio without a sample above it holds no word: the smallest values that G.711 has. Kaldi's own
dither is all that is left there, and comes out as «да» of 0.5 and more in 6 of 1000 runs."""


def joined(results: list[dict[str, Any]], began_s: float) -> Hypothesis:
    """Vosk results of one utterance -> final hypothesis, word times counted from `began_s`."""
    words = [
        HypothesisWord(
            word["word"],
            max(0.0, word["start"] - began_s),
            max(0.0, word["end"] - began_s),
            min(1.0, word["conf"]),
        )
        for result in results
        for word in result.get("result", ())
    ]
    kept_texts = strip_hesitations([word.text for word in words])
    first = _leading_hesitations([word.text for word in words])
    kept = tuple(words[first : first + len(kept_texts)])
    confidence = sum(word.confidence for word in kept) / len(kept) if kept else 0.0
    if len(kept) == 1 and confidence < LONE_WORD_CONFIDENCE:
        return Hypothesis("", is_final=True)
    return Hypothesis(" ".join(kept_texts), is_final=True, confidence=confidence, words=kept)


def has_sound(samples: bytes) -> bool:
    """Whether int16 audio has a sample that a caller could have made."""
    values = np.frombuffer(samples, dtype=np.int16)
    return bool(len(values)) and max(int(values.max()), -int(values.min())) > SOUNDLESS_PEAK


def strip_hesitations(words: list[str]) -> list[str]:
    """Words without the meaningless sounds at both ends."""
    first = _leading_hesitations(words)
    last = len(words)
    while last > first and words[last - 1] in HESITATIONS:
        last -= 1
    return words[first:last]


def _leading_hesitations(words: list[str]) -> int:
    return next((i for i, word in enumerate(words) if word not in HESITATIONS), len(words))
