"""Transactions that another one got in the way of are done again. Event loop only."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from ivr.errors import StoreError

T = TypeVar("T")

TRIES: Final = 4
"""Of one transaction."""
PAUSE_S: Final = 0.02
"""Before the next try, at most; doubled with each."""
AGAIN: Final = frozenset({"locked", "conflict"})


async def undisturbed(transaction: Callable[[], Awaitable[T]]) -> T:
    """What the transaction gives. A commit whose answer was lost is not done again: whether it
    happened is unknown, and `StoreError` says so."""
    pause_s = PAUSE_S
    for _ in range(TRIES - 1):
        try:
            return await transaction()
        except StoreError as fault:
            if fault.code not in AGAIN:
                raise
        await asyncio.sleep(random.uniform(0, pause_s))
        pause_s *= 2
    return await transaction()
