"""Single keys from a terminal, on the event loop: no thread waits for a key at the end."""

import asyncio
import codecs
import os
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from ivr.errors import SetupError

UP: Final = "\x1b[A"
DOWN: Final = "\x1b[B"
ENTER: Final = "\n"
ERASE: Final = frozenset({"\x7f", "\b"})
END_OF_INPUT: Final = "\x04"
LONGEST_CHUNK: Final = 64


class Keys(Protocol):
    """Where keys come from."""

    async def key(self) -> str:
        """A character, an arrow as its escape sequence, or `END_OF_INPUT`."""
        ...


class TerminalKeys:
    """Keys of the terminal behind standard input. Made by `terminal_keys`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pressed: asyncio.Queue[str] = asyncio.Queue()

    async def key(self) -> str:
        return await self._pressed.get()

    def end(self) -> None:
        """No more keys: Ctrl-C."""
        self._pressed.put_nowait(END_OF_INPUT)

    def read(self) -> None:
        """Take what has come; called by the event loop."""
        chunk = os.read(self._descriptor, LONGEST_CHUNK)
        if not chunk:
            self.end()
            return
        text = self._decoder.decode(chunk)
        if text.startswith("\x1b"):
            self._pressed.put_nowait(text)
            return
        for character in text:
            self._pressed.put_nowait(character.replace("\r", ENTER))


@contextmanager
def terminal_keys() -> Iterator[TerminalKeys]:
    """The terminal without echo and line editing within the block; `SetupError` without one."""
    descriptor = sys.stdin.fileno()
    if not os.isatty(descriptor):
        raise SetupError("terminal", "--terminal needs a terminal as standard input")
    before = termios.tcgetattr(descriptor)
    keys = TerminalKeys(descriptor)
    loop = asyncio.get_running_loop()
    tty.setcbreak(descriptor)
    loop.add_reader(descriptor, keys.read)
    # As an exception Ctrl-C would come between a decision and its writing.
    loop.add_signal_handler(signal.SIGINT, keys.end)
    try:
        yield keys
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


async def edit_line(keys: Keys, prompt: str, text: str = "") -> str | None:
    """A line, begun with `text`; Backspace takes back, Enter ends, Escape gives None."""
    while True:
        sys.stdout.write(f"\r\x1b[2K{prompt}{text}")
        sys.stdout.flush()
        key = await keys.key()
        if key in {ENTER, END_OF_INPUT} or key.startswith("\x1b"):
            sys.stdout.write("\n")
            return text.strip() if key == ENTER else None
        if key in ERASE:
            text = text[:-1]
        elif key == "\x17":  # Ctrl-W
            text = text.rstrip().rpartition(" ")[0]
        elif key.isprintable():
            text += key
