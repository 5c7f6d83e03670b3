"""A running service follows models/rasa/current: loads the new model beside the old one, switches.

Loading into the running server would block its requests (0.45 s with the sentence vectors); a
second server costs 590 MB for the seconds until the first has ended, and no turn.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from ivr.errors import IvrError
from ivr.nlu.model_choice import Choice
from ivr.nlu.model_folder import ModelFolder
from ivr.nlu.rasa_nlu import RasaNlu
from ivr.nlu.rasa_server import RasaServer
from ivr.nlu.switching import SwitchingNlu

log = logging.getLogger(__name__)

POLL_S: Final = 0.5
DRAIN_S: Final = 15.0
"""The old server's requests end within `nlu.timeout_s`, which is 10 s at most."""

Stamp = tuple[int, bytes] | None
"""Modification time and content of the file `current`; None: it is not there.

The time alone is too coarse for two changes within 4 ms; the content alone does not show that the
same model was promoted once more.
"""


@dataclass(frozen=True, slots=True)
class Serving:
    """A server of our own with the client to it and the model it has."""

    server: RasaServer
    client: RasaNlu
    choice: Choice

    async def aclose(self) -> None:
        await self.client.aclose()
        await self.server.aclose()


class ModelFollower:
    """Keeps the promoted model in service. Event loop of the main thread only."""

    def __init__(
        self,
        folder: ModelFolder,
        serving: Serving,
        start: Callable[[Choice], Awaitable[Serving]],
        seen: Stamp,
    ) -> None:
        """`start` gives a server that has parsed a text; `seen`: `stamp` from before the choice."""
        self.client = SwitchingNlu(serving.client)
        self.serving = serving
        self.fault = ""
        """Why the promoted model is not the one in service; '' when it is."""
        self._folder = folder
        self._start = start
        self._seen = seen
        self._open = {id(serving): serving}
        self._task = asyncio.create_task(self._follow(), name="follow-model")

    async def aclose(self) -> None:
        """Stop following and end every server."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        for serving in self._open.values():
            await serving.aclose()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            found = stamp(self._folder)
            if found == self._seen:
                continue
            # Remembered before trying: what cannot be loaded is tried again when the file changes.
            self._seen = found
            try:
                await self._obey()
            except (IvrError, OSError) as error:
                self.fault = f"the promoted model is not in service: {error}"
                log.error("- %s", self.fault, extra={"action": "model_not_loaded"})

    async def _obey(self) -> None:
        """Put the promoted model into service, unless another one is promoted meanwhile."""
        current = self._folder.current()
        self.fault = ""
        if current is None or current.model == self.serving.choice.version:
            return
        archive = self._folder.archive(current.model)
        log.info("- loading model %s", current.model, extra={"action": "model_loading"})
        fresh = await self._start(Choice(archive, f"promoted {current.since:%Y-%m-%d %H:%M}"))
        self._open[id(fresh)] = fresh
        if stamp(self._folder) != self._seen:
            await self._end(fresh)
            return
        await self._switch(fresh)

    async def _switch(self, fresh: Serving) -> None:
        old, self.serving = self.serving, fresh
        try:
            await self.client.switch(fresh.client, limit_s=DRAIN_S)
        except TimeoutError:
            log.error("- old model's requests do not end", extra={"action": "model_not_drained"})
        log.info(
            "- model %s serves instead of %s",
            fresh.choice.version,
            old.choice.version,
            extra={"action": "model_switched"},
        )
        await self._end(old)

    async def _end(self, serving: Serving) -> None:
        await serving.aclose()
        del self._open[id(serving)]


def stamp(folder: ModelFolder) -> Stamp:
    """Changes with every promotion and roll-back."""
    try:
        with folder.current_file.open("rb") as file:
            return os.fstat(file.fileno()).st_mtime_ns, file.read()
    except FileNotFoundError:
        return None
    except OSError as error:  # told when the file is read for its meaning
        return 0, str(error).encode()
