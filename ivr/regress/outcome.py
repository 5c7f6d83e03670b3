"""What a case asks for and what came of it: values that travel between processes and into files."""

from dataclasses import dataclass, field
from pathlib import Path

from ivr.audio.pcm import LINE_RATE_HZ
from ivr.nlu.schema import Entity

CLEAN = ""
"""The condition of a recording as it is."""
OVER_SIP = "sip"
"""Begins the condition of what went over a real line: compared with its own kind only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One recording under one condition, with what is known of it."""

    file: str
    """Path below the folder of the run; names the case."""
    path: Path
    condition: str = CLEAN
    """As written, e.g. 'noise=20', 'noise=20+gsm', 'sip', 'sip+noise=20'."""
    text: str | None = None
    """The words said; None where nobody has told."""
    intent: str = ""
    slots: str = ""
    voice: str = ""
    part: str = ""

    @property
    def name(self) -> str:
        return f"{self.file} [{self.condition}]" if self.condition else self.file

    @property
    def augmentation(self) -> str:
        """What is done to the audio: the condition without the way it travels."""
        return self.condition.removeprefix(OVER_SIP).removeprefix("+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something on the timeline. Times are seconds since the recording's first sample."""

    kind: str
    """'speech', 'partial', 'reply' or 'handoff'."""
    at_s: float
    end_s: float | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one replayed call did. Fields up to `response_ms` are the same in every run."""

    file: str
    condition: str = CLEAN
    error: str = ""
    """Why nothing could be replayed; the rest is empty then."""
    channels: int = 1
    """Of the file; several were mixed."""
    rate_hz: int = LINE_RATE_HZ
    """Of the file; another than the line's was converted."""
    transcript: str = ""
    intent: str = ""
    slots: str = ""
    """`kind=value` joined by ';', sorted."""
    actions: str = ""
    """What the dialogue did, e.g. 'call balance; ask open'."""
    prompts: str = ""
    """Ids of what was said; slots by their kind, e.g. '<money>'."""
    reply: str = ""
    """The same as the caller hears it."""
    response_ms: int | None = None
    """End of speech -> first sample of the first reply, in audio time."""
    turns: int = 0
    confidence: float = 0.0
    """Of the intent."""
    seconds: float = 0.0
    """Length of the recording."""
    call_s: float = 0.0
    """Audio time of the whole call."""
    wall_s: float = 0.0
    """Real time it took."""
    asr_s: float = 0.0
    """Real seconds of decoding."""
    nlu_ms: float = 0.0
    """Real milliseconds of the first intent look-up."""
    marks: tuple[Mark, ...] = ()
    peaks: tuple[int, ...] = field(default=())
    """Waveform: the loudest sample of equal stretches, percent of full scale."""
    audio: str = ""
    """File that was played where it is not the recording itself."""

    @property
    def key(self) -> tuple[str, str]:
        return (self.file, self.condition)


def written_slots(entities: tuple[Entity, ...]) -> str:
    """Entities in the manifest's notation."""
    return ";".join(sorted({f"{entity.kind.value}={entity.value}" for entity in entities}))
