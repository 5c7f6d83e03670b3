"""Operators and callers' phones that fail: the caller goes on, and nothing is left ringing.

Through Kamailio with Record-Route, as live calls go. Ghosts are looked for on the operator's phone.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from ivr.handoff.transfer import TransferOutcome
from tests.integration.handoff.conftest import WITHIN_S, Line

pytestmark = pytest.mark.integration

Behaviour = Callable[[Line], Awaitable[None]]


# ---- what the caller's phone does with a REFER


async def refused(line: Line) -> None:
    line.caller.respond(await line.refer(), 603, "Decline")


async def unanswered(line: Line) -> None:
    await line.refer()


async def accepted_and_forgotten(line: Line) -> None:
    line.caller.respond(await line.refer(), 202, "Accepted")


async def accepted_then_503(line: Line) -> None:
    line.caller.respond(await line.refer(), 202, "Accepted")
    line.notify(100, final=False)
    line.notify(503, final=True)


async def accepted_then_busy(line: Line) -> None:
    line.caller.respond(await line.refer(), 202, "Accepted")
    line.notify(180, final=False)
    await line.until_status(180)
    line.notify(486, final=True)


REFERS = (refused, unanswered, accepted_and_forgotten, accepted_then_503, accepted_then_busy)


def named(behaviours: tuple[Behaviour, ...]) -> pytest.MarkDecorator:
    names = [behaviour.__name__ for behaviour in behaviours]
    return pytest.mark.parametrize("behaves", behaviours, ids=names)


@named(REFERS)
async def test_whatever_a_refer_comes_to_the_operator_is_dialled_and_a_busy_one_told(
    line: Line, behaves: Behaviour
) -> None:
    line.begin()
    await behaves(line)
    invite = await line.operator.request("INVITE")
    line.operator.respond(invite, 486, "Busy Here")
    assert await line.outcome() is TransferOutcome.BUSY
    await line.only_the_caller_is_left()


# ---- what the operator's phone does


async def rings_for_ever(line: Line) -> None:
    invite = await line.rings()
    assert await line.released(invite, time.monotonic()) < 1.0 + WITHIN_S


async def never_responds(line: Line) -> None:
    await line.operator.request("INVITE")


async def answers_and_hangs_up_at_once(line: Line) -> None:
    invite = await line.picks_up()
    line.operator.in_dialog("BYE", invite, 1)


async def answers_and_hangs_up_a_moment_after_the_bridge(line: Line) -> None:
    invite = await line.picks_up()
    await asyncio.wait_for(line.joined.wait(), 5.0)
    await asyncio.sleep(0.3)
    line.operator.in_dialog("BYE", invite, 1)


async def declines(line: Line) -> None:
    line.operator.respond(await line.rings(), 480, "Temporarily Unavailable")


OPERATORS = (
    rings_for_ever,
    never_responds,
    answers_and_hangs_up_at_once,
    answers_and_hangs_up_a_moment_after_the_bridge,
    declines,
)


@named(OPERATORS)
async def test_an_operator_who_does_not_take_the_call_leaves_the_caller_to_the_bot(
    line: Line, behaves: Behaviour
) -> None:
    line.begin(refer=False)
    await behaves(line)
    assert await line.outcome() is TransferOutcome.NO_ANSWER
    await line.only_the_caller_is_left()


async def test_a_phone_that_responds_only_after_it_was_given_up_is_cancelled(line: Line) -> None:
    line.begin(refer=False)
    invite = await line.operator.request("INVITE")
    assert invite.header("Expires") == "6"
    assert await line.outcome() is TransferOutcome.NO_ANSWER
    late = time.monotonic()
    line.operator.respond(invite, 180, "Ringing")
    assert await line.released(invite, late) < WITHIN_S


# ---- attended


async def hangs_up_during_the_summary(line: Line) -> None:
    invite = await line.picks_up()
    await asyncio.sleep(0.15)
    line.operator.in_dialog("BYE", invite, 1)


async def hangs_up_after_the_refer(line: Line) -> None:
    invite = await line.picks_up()
    line.caller.respond(await line.refer(), 202, "Accepted")
    line.operator.in_dialog("BYE", invite, 1)


@named((rings_for_ever, declines, hangs_up_during_the_summary, hangs_up_after_the_refer))
async def test_an_operator_who_was_asked_and_does_not_want_leaves_the_caller_to_the_bot(
    line: Line, behaves: Behaviour
) -> None:
    line.begin(attended=True)
    await behaves(line)
    assert await line.outcome() is TransferOutcome.NO_ANSWER
    await line.only_the_caller_is_left()


@named((refused, unanswered, accepted_and_forgotten, accepted_then_503))
async def test_a_phone_that_does_not_replace_us_is_bridged_with_the_operator(
    line: Line, behaves: Behaviour
) -> None:
    line.begin(attended=True)
    invite = await line.picks_up()
    refer = await line.refer()
    assert "Replaces=" in refer.header("Refer-To")
    assert invite.header("Call-ID").split("@")[0] in refer.header("Refer-To")
    await behaves(line)
    await asyncio.wait_for(line.joined.wait(), 5.0)
    await asyncio.sleep(1.6)
    line.operator.in_dialog("BYE", invite, 1)
    assert await line.outcome() is TransferOutcome.CONNECTED
    await line.only_the_caller_is_left()


async def test_a_caller_on_the_operators_hold_is_not_taken_for_gone(line: Line) -> None:
    line.begin(refer=False)
    invite = await line.picks_up()
    await asyncio.wait_for(line.joined.wait(), 5.0)
    line.operator.in_dialog("INVITE", invite, 1, body=line.operator.sdp("sendonly"))
    held = await line.operator.final("INVITE")
    assert "a=recvonly" in held.body
    line.operator.in_dialog("ACK", invite, 1)
    await asyncio.sleep(0.3)
    assert line.leg.queued_samples > 0  # music
    resumed_at = time.monotonic()
    line.operator.in_dialog("INVITE", invite, 2, body=line.operator.sdp())
    await line.operator.final("INVITE", after=resumed_at)
    line.operator.in_dialog("ACK", invite, 2)
    await asyncio.sleep(0.3)
    assert line.leg.queued_samples == 0
    await asyncio.sleep(1.0)
    line.operator.in_dialog("BYE", invite, 3)
    assert await line.outcome() is TransferOutcome.CONNECTED
