"""A running service deletes what is older than it is to keep."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from ivr.analytics.cdr import Cdr
from ivr.events import CallId
from ivr.storage.sql import SqlStore
from ivr.testing.service import ServiceProcess


async def test_old_calls_are_gone_soon_after_the_start(tmp_path: Path):
    records = await SqlStore.open(f"sqlite:///{tmp_path}/ivr.db")
    now = datetime.now().astimezone()
    for name, days in (("old", 12), ("lately", 8)):
        file = tmp_path / f"{name}.wav"
        file.write_bytes(b"RIFF")
        at = now - timedelta(days=days)
        await records.save_call(
            Cdr(
                call_id=CallId(name),
                offered_at=at,
                ended_at=at,
                ani="9030000001",
                dnis="0611",
                sip_call_id=name,
                recording=str(file),
            )
        )
    service = ServiceProcess(
        tmp_path, IVR_RECORDS__KEEP_DAYS=10, IVR_SIP__KAMAILIO="off", IVR_MEDIA__WORKERS=1
    )
    async with service:
        async with asyncio.timeout(60):
            while await records.call("old") is not None:
                await asyncio.sleep(0.2)
        assert await records.call("lately") is not None
    await records.aclose()
    assert not (tmp_path / "old.wav").exists()
    assert (tmp_path / "lately.wav").exists()
