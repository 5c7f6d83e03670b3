"""Understanding what a caller has said before it is certain that the caller has said it all.

Only the intent engine is asked ahead of time: it has no side effects. What the answer is used for
waits until the turn is over and the final text turned out to be the same.
"""

import asyncio
from collections import OrderedDict
from typing import Final

from ivr.nlu.normalise import words_of
from ivr.nlu.schema import NluClient, NluResult

KEPT: Final = 4
"""Texts of one utterance that are worth remembering; the oldest is forgotten and given up."""


class Speculation:
    """One call's `NluClient`: texts can be parsed ahead. Event loop only."""

    def __init__(self, client: NluClient) -> None:
        self._client = client
        self._tasks: OrderedDict[str, asyncio.Task[NluResult]] = OrderedDict()
        self.hits = 0
        """Times that a result was there, or under way, when it was asked for."""
        self.misses = 0

    def ahead(self, text: str) -> None:
        """Begin to parse a text that may turn out to be all that was said."""
        key = _key(text)
        if not key or self._usable(key):
            return
        self._tasks[key] = asyncio.create_task(self._client.parse(text), name="speculation")
        while len(self._tasks) > KEPT:
            _, oldest = self._tasks.popitem(last=False)
            _give_up(oldest)

    def result(self, text: str) -> NluResult | None:
        """What was made of that text ahead of time; None while it is not known."""
        task = self._tasks.get(_key(text))
        if task is None or not task.done() or task.cancelled() or task.exception() is not None:
            return None
        return task.result()

    async def parse(self, text: str) -> NluResult:
        """The final text: the same words parsed ahead are used, else they are parsed now."""
        key = _key(text)
        task = self._tasks.get(key)
        if task is None or not self._usable(key):
            self.misses += 1
            return await self._client.parse(text)
        self.hits += 1
        del self._tasks[key]  # somebody waits for it: later texts must not push it out
        return await task

    async def settled(self) -> None:
        """Until nothing is under way any more; for those who are not in a hurry."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def forget(self) -> None:
        """The utterance is over, or the call: what is still under way is given up."""
        for task in self._tasks.values():
            _give_up(task)
        self._tasks.clear()

    def _usable(self, key: str) -> bool:
        """Under way or answered; a failure is worth another try."""
        task = self._tasks.get(key)
        if task is None or task.cancelled():
            return False
        return not task.done() or task.exception() is None


def _give_up(task: "asyncio.Task[NluResult]") -> None:
    task.cancel()
    task.add_done_callback(lambda done: done.cancelled() or done.exception())


def _key(text: str) -> str:
    return " ".join(word.text for word in words_of(text))
