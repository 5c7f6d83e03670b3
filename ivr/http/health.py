"""Readiness as a value: what each part says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartHealth:
    """One part of the service: media workers, recognizer, intent engine, database, ..."""

    ok: bool
    detail: str = ""
    required: bool = True
    """False: calls are served without it, in a lesser way."""


@dataclass(frozen=True, slots=True)
class Health:
    """The service as a whole."""

    parts: Mapping[str, PartHealth]
    draining: bool = False

    @property
    def ready(self) -> bool:
        """True when new calls are welcome."""
        return not self.draining and all(part.ok for part in self.parts.values() if part.required)
