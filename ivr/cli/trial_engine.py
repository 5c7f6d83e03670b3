"""The intent engine for commands that try texts: patient, and told about while it starts."""

from pathlib import Path
from typing import Final

from ivr.cli.context import console
from ivr.config import Settings
from ivr.nlu.engine import NluEngine, open_engine

PATIENCE_S: Final = 10.0
"""A busy machine must not turn a slow answer into a fault."""


async def open_trial_engine(settings: Settings) -> NluEngine:
    """The configured engine; raises `SetupError` where environment or model are missing."""
    patient = settings.nlu.model_copy(update={"timeout_s": PATIENCE_S})
    with console.status("starting Rasa") as status:
        runtime = Path(settings.service.runtime) / "nlu-trial"
        return await open_engine(patient, runtime, status.update)
