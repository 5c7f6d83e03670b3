"""What every table of the configuration file is."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the configuration file: frozen, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")
