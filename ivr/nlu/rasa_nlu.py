"""The only place that knows Rasa's JSON: text -> POST /model/parse -> `NluResult`."""

import asyncio
import logging
import re
from collections.abc import Callable
from datetime import date
from typing import Annotated

import httpx
import msgspec

from ivr.clock import Clock, SystemClock
from ivr.errors import NluError
from ivr.nlu.circuit import Circuit
from ivr.nlu.entities import find_entities
from ivr.nlu.schema import NluResult, ScoredIntent

log = logging.getLogger(__name__)

MAX_CHARACTERS = 500
"""Fifteen seconds of fast speech are about 300; Rasa itself would accept megabytes."""

OUT_OF_SCOPE = "out_of_scope"
WORD = re.compile(r"[^\W_]")


class _Scored(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    confidence: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class _Parsed(msgspec.Struct):
    intent_ranking: Annotated[list[_Scored], msgspec.Meta(min_length=1)]


def clean(text: str) -> str:
    """What is sent: no control characters, capped, and no '/', which Rasa reads as an intent."""
    printable = "".join(char if char.isprintable() else " " for char in text[:MAX_CHARACTERS])
    return printable.lstrip("/ ").rstrip()


class RasaNlu:
    """`NluClient` over a Rasa HTTP server. Loop side; close with `aclose`."""

    def __init__(
        self,
        url: str,
        token: str,
        timeout_s: float,
        *,
        today: Callable[[], date],
        clock: Clock | None = None,
    ) -> None:
        """`timeout_s` bounds the whole request; `today` gives dates like 'вчера' their meaning."""
        self._timeout_s = timeout_s
        self._today = today
        self._clock = clock or SystemClock()
        self._circuit = Circuit()
        self._client = httpx.AsyncClient(
            base_url=url,
            params={"token": token} if token else None,
            timeout=timeout_s,
            trust_env=False,  # a proxy of the environment must not see what callers say
            limits=httpx.Limits(max_keepalive_connections=8, keepalive_expiry=60.0),
        )

    async def parse(self, text: str) -> NluResult:
        sent = clean(text)
        entities = find_entities(text[:MAX_CHARACTERS], today=self._today())
        if not WORD.search(sent):
            return NluResult(text, (ScoredIntent(OUT_OF_SCOPE, 0.0),), entities)
        return NluResult(text, await self._rank(sent), entities)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _rank(self, sent: str) -> tuple[ScoredIntent, ...]:
        if not self._circuit.lets_through(self._clock.monotonic()):
            raise NluError("circuit_open", "intent recognition failed just now; not asked again")
        try:
            ranking = await self._request(sent)
        except NluError as error:
            self._circuit = self._circuit.on_failure(self._clock.monotonic())
            log.warning("x %s", error.message, extra={"action": "nlu_failed", "code": error.code})
            raise
        self._circuit = self._circuit.on_success()
        return ranking

    async def _request(self, sent: str) -> tuple[ScoredIntent, ...]:
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._client.post("/model/parse", json={"text": sent})
        except (TimeoutError, httpx.TimeoutException) as error:
            message = f"intent recognition took longer than {self._timeout_s} s"
            raise NluError("timeout", message) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NluError("unreachable", f"no answer from Rasa: {error!r}") from error
        if response.status_code != httpx.codes.OK:
            raise NluError("status", f"Rasa answered with HTTP {response.status_code}")
        try:
            parsed = msgspec.json.decode(response.content, type=_Parsed)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NluError("shape", "Rasa answered with something unexpected") from error
        ranking = sorted(parsed.intent_ranking, key=lambda item: -item.confidence)
        return tuple(ScoredIntent(item.name, item.confidence) for item in ranking)
