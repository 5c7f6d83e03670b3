"""What the acceptance tests share: quick settings and the service's own records."""

import asyncio
from typing import Any

import httpx

from ivr.testing.service import ServiceProcess

FAST = {
    "IVR_DIALOGUE__NO_INPUT_S": 2,
    "IVR_HANDOFF__REFER_TIMEOUT_S": 4,
    "IVR_HANDOFF__DIAL_TIMEOUT_S": 6,
    "IVR_MEDIA__RTP_TIMEOUT_S": 4,
    "IVR_DIALOGUE__ANNOUNCE_RECORDING": "false",
}


class Records:
    """What the service stored, through its HTTP API."""

    def __init__(self, service: ServiceProcess) -> None:
        self._service = service

    async def get(self, path: str) -> Any:
        return (await self._answer(path)).json()

    async def text(self, path: str) -> str:
        return (await self._answer(path)).text

    async def _answer(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{self._service.http}{path}")
        answer.raise_for_status()
        return answer

    async def last_call(self, caller: str, timeout_s: float = 10.0) -> dict[str, Any]:
        """The newest ended call of a caller, with its turns; waits until it is written."""
        for _ in range(round(timeout_s / 0.1)):
            calls = await self.get(f"/calls?limit=20&ani={caller}")
            if calls and calls[0].get("ended_at"):
                details: dict[str, Any] = await self.get(f"/calls/{calls[0]['call_id']}")
                return details
            await asyncio.sleep(0.1)
        raise AssertionError(f"no finished call of {caller} in the records")
