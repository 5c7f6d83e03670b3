"""What a call is made of and set up with: settings of its own, parts that all calls share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ivr.call.conversation import Renderer, Understanding
from ivr.call.patience import PatienceSettings
from ivr.call.queue_desk import QueueDesk
from ivr.clock import Clock
from ivr.dialogue.policy import Policy
from ivr.events import Event
from ivr.handoff.operator import OperatorSettings
from ivr.services.port import BackOffice
from ivr.speech.asr import RecognizerFactory
from ivr.storage.ports import CallStore


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    """What a call needs to know of the configuration."""

    patience: PatienceSettings
    vad_aggressiveness: int
    operator: OperatorSettings
    max_call_s: float
    recordings: Path | None
    """Folder of two-channel WAVs; None switches recording off."""
    announce_recording: bool
    soft_gain: float = 0.0
    """Level of a prompt that somebody speaks over, 0..1; 0: it stops at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedParts:
    """What all calls share."""

    policy: Policy
    renderer: Renderer
    recognizers: RecognizerFactory
    understanding: Understanding
    back_office: BackOffice
    store: CallStore
    publish: Callable[[Event], None]
    clock: Clock
    queue: QueueDesk | None = None
    """None: there is no queue, callers are offered what `store` can promise."""
