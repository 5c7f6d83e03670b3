"""The caller hangs up at each point of a transfer: operators are let go within a second.

Measured from the caller's BYE to the CANCEL or BYE at the operator's phone, over real SIP through
Kamailio. A phone that was not rung yet is not rung any more.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from ivr.testing.raw_phone import Message
from tests.integration.handoff.conftest import WITHIN_S, Line

pytestmark = pytest.mark.integration

Point = Callable[[Line], Awaitable[Message | None]]
"""Brings the line to a point; the operator's INVITE, None where there was none."""


# ---- REFER, then a bridge


async def before_the_refer(line: Line) -> None:
    line.begin(refer_timeout_s=5.0)


async def refer_unanswered(line: Line) -> None:
    line.begin(refer_timeout_s=5.0)
    await line.refer()


async def after_202(line: Line) -> None:
    line.begin(refer_timeout_s=5.0)
    line.caller.respond(await line.refer(), 202, "Accepted")
    await line.until_status(202)


async def callers_phone_rings_the_operator(line: Line) -> None:
    await after_202(line)
    line.notify(180, final=False)
    await line.until_status(180)


async def dialled_after_a_refused_refer(line: Line) -> Message:
    line.begin(dial_timeout_s=5.0)
    line.caller.respond(await line.refer(), 603, "Decline")
    return await line.operator.request("INVITE")


async def dialled_without_a_response(line: Line) -> Message:
    line.begin(refer=False, dial_timeout_s=5.0)
    return await line.operator.request("INVITE")


async def ringing(line: Line) -> Message:
    line.begin(refer=False, dial_timeout_s=5.0)
    return await line.rings()


async def early_media(line: Line) -> Message:
    line.begin(refer=False, dial_timeout_s=5.0)
    return await line.rings(183)


async def at_the_answer(line: Line) -> Message:
    invite = await ringing(line)
    line.operator.respond(invite, 200, "OK", body=line.operator.sdp())
    return invite


async def just_after_the_bridge(line: Line) -> Message:
    line.begin(refer=False, dial_timeout_s=5.0)
    invite = await line.picks_up()
    await asyncio.wait_for(line.joined.wait(), 5.0)
    return invite


async def in_the_talk(line: Line) -> Message:
    invite = await just_after_the_bridge(line)
    await asyncio.sleep(0.5)
    return invite


async def on_the_operators_hold(line: Line) -> Message:
    invite = await just_after_the_bridge(line)
    line.operator.in_dialog("INVITE", invite, 1, body=line.operator.sdp("sendonly"))
    await line.operator.final("INVITE")
    line.operator.in_dialog("ACK", invite, 1)
    await asyncio.sleep(0.1)
    return invite


async def while_the_operator_goes_on_hold(line: Line) -> Message:
    invite = await just_after_the_bridge(line)
    line.operator.in_dialog("INVITE", invite, 1, body=line.operator.sdp("sendonly"))
    return invite


# ---- attended


async def consultation_rings(line: Line) -> Message:
    line.begin(attended=True, dial_timeout_s=5.0)
    return await line.rings()


async def consultation_is_answered(line: Line) -> Message:
    invite = await consultation_rings(line)
    line.operator.respond(invite, 200, "OK", body=line.operator.sdp())
    return invite


async def summary_is_told(line: Line) -> Message:
    line.begin(attended=True, dial_timeout_s=5.0)
    invite = await line.picks_up()
    await asyncio.sleep(0.1)
    return invite


async def refer_with_replaces_unanswered(line: Line) -> Message:
    line.begin(attended=True, dial_timeout_s=5.0, refer_timeout_s=5.0)
    invite = await line.picks_up()
    await line.refer()
    return invite


async def refer_with_replaces_accepted(line: Line) -> Message:
    invite = await refer_with_replaces_unanswered(line)
    line.caller.respond(await line.refer(), 202, "Accepted")
    await line.until_status(202)
    return invite


async def bridged_after_the_consultation(line: Line) -> Message:
    invite = await refer_with_replaces_unanswered(line)
    line.caller.respond(await line.refer(), 603, "Decline")
    await asyncio.wait_for(line.joined.wait(), 5.0)
    return invite


UNRUNG = (before_the_refer, refer_unanswered, after_202, callers_phone_rings_the_operator)
UNDER_WAY = (
    dialled_after_a_refused_refer,
    dialled_without_a_response,
    ringing,
    early_media,
    at_the_answer,
    just_after_the_bridge,
    in_the_talk,
    on_the_operators_hold,
    while_the_operator_goes_on_hold,
    consultation_rings,
    consultation_is_answered,
    summary_is_told,
    refer_with_replaces_unanswered,
    refer_with_replaces_accepted,
    bridged_after_the_consultation,
)


def named(points: tuple[Point, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("point", points, ids=[point.__name__ for point in points])


@named(UNDER_WAY)
async def test_the_operators_phone_is_let_go_within_a_second(line: Line, point: Point) -> None:
    invite = await point(line)
    assert invite is not None
    since = line.hang_up()
    if point is dialled_without_a_response or point is dialled_after_a_refused_refer:
        # Before any response there is nothing to cancel (RFC 3261 section 9.1) and nothing rings.
        await asyncio.sleep(0.1)
        since = time.monotonic()
        line.operator.respond(invite, 180, "Ringing")
    passed_s = await line.released(invite, since)
    print(f"{point.__name__}: {passed_s * 1000:.0f} ms")
    assert passed_s < WITHIN_S
    await nothing_is_left(line)


@named(UNRUNG)
async def test_an_operator_who_was_not_rung_yet_is_not_rung_any_more(
    line: Line, point: Point
) -> None:
    await point(line)
    line.hang_up()
    await nothing_is_left(line)
    await asyncio.sleep(0.3)
    assert line.operator.received == []


async def nothing_is_left(line: Line) -> None:
    async with asyncio.timeout(WITHIN_S):
        while line.service.pool.live_legs:
            await asyncio.sleep(0.01)
    assert line.service.pool.free_places == 2
    assert line.service.pool.status().restarts == 0
