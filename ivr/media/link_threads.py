"""The worker's end of the local link: a reader and a writer thread around one socket."""

import logging
import os
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from ivr.errors import SipError
from ivr.media import wire
from ivr.media.port_pool import LegAudio

READ_BYTES: Final = 65536
EXIT_S: Final = 2.0
"""The worker may take this long to hang up after the link has closed."""


class WorkerLink:
    """Control messages and audio between socket and worker.

    Control is never dropped; audio waits in each leg's FrameRing, which drops its oldest.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._frames = self._read_frames()
        self._outgoing: deque[wire.FromWorker] = deque()
        self._audios: dict[int, LegAudio] = {}
        self._wake = threading.Event()
        self._flushed = threading.Event()
        self._closing = False

    def read_start(self) -> wire.Start:
        """Before the threads run: the first message, which must be `Start` of our version."""
        for kind, body in self._frames:
            message = wire.decode_to_worker(body) if kind == wire.KIND_CONTROL else None
            if isinstance(message, wire.Start) and message.version == wire.VERSION:
                return message
            break
        raise SipError("wire", "the call core speaks another version of the link")

    def report_failure(self, text: str) -> None:
        """Before the threads run: why there will be no worker."""
        self._socket.sendall(wire.encode_control(wire.Log(logging.ERROR, text)))

    def start(
        self,
        on_message: Callable[[wire.Request | wire.Pulse], None],
        on_close: Callable[[], None],
    ) -> None:
        """Serve the link: `on_message` on the reader thread, `on_close` once it has ended."""
        threading.Thread(target=self._write, name="link-writer", daemon=True).start()
        threading.Thread(
            target=self._read, args=(on_message, on_close), name="link-reader", daemon=True
        ).start()

    def wake(self) -> None:
        """Any thread: there is something to write."""
        self._wake.set()

    def send(self, message: wire.FromWorker) -> None:
        """Any thread."""
        self._outgoing.append(message)
        self._wake.set()

    def attach(self, audio: LegAudio) -> None:
        """pj thread: a leg's rings are served from now on."""
        self._audios = {**self._audios, audio.leg: audio}

    def detach(self, leg: int) -> None:
        """pj thread: a leg is gone."""
        self._audios = {number: audio for number, audio in self._audios.items() if number != leg}

    def close_after_flush(self) -> None:
        """pj thread: write what is queued, for half a second at most."""
        self._closing = True
        self._wake.set()
        self._flushed.wait(0.5)

    def _read_frames(self) -> Iterator[tuple[int, bytes]]:
        splitter = wire.Splitter()
        while data := self._receive():
            yield from splitter.feed(data)

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(READ_BYTES)
        except OSError:
            return b""

    def _read(
        self,
        on_message: Callable[[wire.Request | wire.Pulse], None],
        on_close: Callable[[], None],
    ) -> None:
        try:
            for kind, body in self._frames:
                self._take(kind, body, on_message)
        finally:
            on_close()
            exit_anyway = threading.Timer(EXIT_S, os._exit, (1,))
            exit_anyway.daemon = True
            exit_anyway.start()

    def _take(
        self, kind: int, body: bytes, on_message: Callable[[wire.Request | wire.Pulse], None]
    ) -> None:
        if kind == wire.KIND_PLAYBACK:
            leg, samples = wire.decode_playback(body)
            if leg in self._audios:
                self._audios[leg].playback.write(samples)
            return
        message = wire.decode_to_worker(body)
        if isinstance(message, wire.Request | wire.Pulse):
            on_message(message)
        elif isinstance(message, wire.StopPlayback) and message.leg in self._audios:
            self._audios[message.leg].playback.stop()
        elif isinstance(message, wire.SetGain) and message.leg in self._audios:
            self._audios[message.leg].playback.set_gain(message.gain)

    def _write(self) -> None:
        while not (self._closing and not self._outgoing):
            self._wake.wait()
            self._wake.clear()
            data = b"".join((*self._control(), *self._audio()))
            try:
                self._socket.sendall(data)
            except OSError:  # the reader sees the end as well and stops the worker
                break
        self._flushed.set()

    def _control(self) -> Iterator[bytes]:
        while self._outgoing:
            yield wire.encode_control(self._outgoing.popleft())

    def _audio(self) -> Iterator[bytes]:
        for leg, audio in self._audios.items():
            while (frame := audio.received.pop()) is not None:
                yield wire.encode_received(leg, frame)
            while audio.finished:
                played, flushed = audio.finished.popleft()
                yield wire.encode_control(wire.LegPlaybackFinished(leg, played, flushed))
