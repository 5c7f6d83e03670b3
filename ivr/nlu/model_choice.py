"""Which model a service uses, and why."""

from dataclasses import dataclass
from pathlib import Path

from ivr.config import NluSettings
from ivr.nlu.model_folder import ModelFolder
from ivr.nlu.model_records import version_of
from ivr.nlu.training import expected_model


@dataclass(frozen=True, slots=True)
class Choice:
    """An archive that may or may not exist, and the reason in a few words."""

    archive: Path
    why: str

    @property
    def version(self) -> str:
        return version_of(self.archive)


def choose_model(settings: NluSettings) -> Choice:
    """The configured model, else the promoted one, else the one of the present data.

    Raises `NluError` when models/rasa/current is damaged, `OSError` when the data is unreadable.
    """
    if settings.model:
        return Choice(Path(settings.model), "nlu.model")
    folder = ModelFolder(Path(settings.models))
    expected = expected_model(Path(settings.data), folder.path)
    current = folder.current()
    if current is None:
        return Choice(expected, f"of the present {settings.data}, none was promoted")
    promoted = folder.archive(current.model)
    if promoted.is_file():
        return Choice(promoted, f"promoted {current.since:%Y-%m-%d %H:%M}")
    return Choice(expected, f"of the present {settings.data}; promoted {current.model} is gone")


def spare_model(settings: NluSettings, failed: Choice) -> Choice | None:
    """What to start with where the promoted model does not load, for example in a newer Rasa.

    None where nothing else may be taken: a configured model, or no other one is there.
    """
    spare = expected_model(Path(settings.data), Path(settings.models))
    if settings.model or spare == failed.archive or not spare.is_file():
        return None
    return Choice(spare, f"of the present {settings.data}; {failed.version} does not load")
