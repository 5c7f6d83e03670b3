"""The pj thread of a worker: owns the Endpoint, pumps its events, runs every pj call.

Here it is the worker's main thread; link threads hand closures over through `submit`.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Final

import pjsua2 as pj

from ivr.audio.pcm import FRAME_MS, LINE_RATE_HZ
from ivr.media.options import WorkerOptions
from ivr.media.places import MAX_LEGS
from ivr.sip.identity import mask_numbers

POLL_MS: Final = 10
TICK_S: Final = 1.0
BEAT_S: Final = 0.04
LOG_LEVEL: Final = 2
"""pjproject's warnings and errors; its level 5 would log SRTP keys."""
PRIORITIES: Final = (255, 254, 253, 252)

Closure = Callable[[], None]


class _LogForwarder(pj.LogWriter):  # type: ignore[misc]
    """pjproject's own log -> our log; any thread."""

    def __init__(self, sink: Callable[[int, str], None]) -> None:
        super().__init__()
        self._sink = sink

    def write(self, entry: pj.LogEntry) -> None:
        try:
            level = logging.WARNING if entry.level <= 1 else logging.DEBUG
            self._sink(level, mask_numbers(entry.msg.strip()))
        except Exception:  # an exception that leaves a pjsua2 callback aborts the process
            pass


class PjThread:
    """Endpoint, event loop and closures. Constructed and run on one thread."""

    def __init__(self, options: WorkerOptions, sink: Callable[[int, str], None]) -> None:
        self._closures: deque[Closure] = deque()
        self._stopping = False
        self._sink = sink
        self._log_writer = _LogForwarder(sink)
        self.endpoint = pj.Endpoint()
        self.endpoint.libCreate()
        self.endpoint.libInit(_endpoint_config(self._log_writer))
        self.endpoint.audDevManager().setNullDev()
        _create_transports(self.endpoint, options)
        _set_codecs(self.endpoint, options.codecs)
        self.endpoint.libStart()

    def submit(self, closure: Closure) -> None:
        """Run `closure` on the pj thread, after the events at hand. Any thread."""
        self._closures.append(closure)

    def stop(self) -> None:
        """End `run`. Any thread."""
        self._stopping = True

    def run(self, on_tick: Closure, on_beat: Closure) -> None:
        """Pump events and closures until `stop`; `on_tick` is called once a second, `on_beat` 25
        times."""
        next_tick = next_beat = time.monotonic() + TICK_S
        while not self._stopping:
            self.pump()
            now = time.monotonic()
            if now >= next_beat:
                next_beat = now + BEAT_S
                self._guarded(on_beat)
            if now >= next_tick:
                next_tick += TICK_S
                self._guarded(on_tick)

    def pump(self) -> None:
        """One round: wait for events for at most `POLL_MS`, then the closures."""
        self.endpoint.libHandleEvents(POLL_MS)
        while self._closures:
            self._guarded(self._closures.popleft())

    def _guarded(self, closure: Closure) -> None:
        try:
            closure()
        except pj.Error as exc:
            self._sink(logging.WARNING, f"- pjsua2: {mask_numbers(exc.info())}")
        except Exception as exc:  # one leg's fault must not end the others
            self._sink(logging.ERROR, f"- fault on the pj thread: {mask_numbers(repr(exc))}")


def _endpoint_config(writer: pj.LogWriter) -> pj.EpConfig:
    config = pj.EpConfig()
    config.logConfig.level = LOG_LEVEL
    config.logConfig.consoleLevel = 0
    config.logConfig.msgLogging = 0
    config.logConfig.writer = writer
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = False
    config.uaConfig.maxCalls = MAX_LEGS
    config.uaConfig.userAgent = "ivr"
    media = config.medConfig
    media.clockRate = media.sndClockRate = LINE_RATE_HZ
    media.channelCount = 1
    media.audioFramePtime = media.ptime = FRAME_MS
    media.ecTailLen = 0
    media.noVad = True
    media.sndAutoCloseTime = -1
    return config


def _create_transports(endpoint: pj.Endpoint, options: WorkerOptions) -> None:
    config = pj.TransportConfig()
    config.boundAddress = options.bind_address
    if options.bind_address == "0.0.0.0":
        config.publicAddress = options.public_address
    config.port = options.sip_port
    endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, config)
    if options.tcp:
        endpoint.transportCreate(pj.PJSIP_TRANSPORT_TCP, config)


def _set_codecs(endpoint: pj.Endpoint, wanted: tuple[str, ...]) -> None:
    for codec in endpoint.codecEnum2():
        name = codec.codecId.split("/", 1)[0].upper()
        priority = PRIORITIES[wanted.index(name)] if name in wanted else 0
        endpoint.codecSetPriority(codec.codecId, priority)
