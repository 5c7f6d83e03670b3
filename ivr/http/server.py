"""Serves an ASGI application within the running event loop."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI

from ivr.errors import SetupError

log = logging.getLogger(__name__)

SHUTDOWN_S: Final = 1
"""Requests under way get this long when the server closes."""


class _LoopServer(uvicorn.Server):
    """Leaves the process's signals alone: they belong to the service."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """One listening socket and its server task."""

    def __init__(self, server: uvicorn.Server, listener: socket.socket) -> None:
        self._server = server
        self._listener = listener
        self._task = asyncio.create_task(server.serve(sockets=[listener]), name="http")

    @classmethod
    async def start(cls, app: FastAPI, address: str, port: int) -> "HttpServer":
        """Listen on `address`; port 0 takes a free one. `SetupError` where that is impossible."""
        listener = _listening(address, port)
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
        server = cls(_LoopServer(config), listener)
        await server._until_started()
        log.info("- HTTP API at %s", server.url)
        return server

    @property
    def port(self) -> int:
        """The port that is really listened on."""
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        """'http://127.0.0.1:8061'."""
        host = str(self._listener.getsockname()[0])
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    async def aclose(self) -> None:
        """Stop listening and end what is under way within a second. Idempotent."""
        self._server.should_exit = True
        await asyncio.gather(self._task, return_exceptions=True)
        self._listener.close()

    async def _until_started(self) -> None:
        while not self._server.started:
            if self._task.done():
                await self._task
                raise SetupError("http", "the HTTP server ended while starting")
            await asyncio.sleep(0.01)


def _listening(address: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((address, port), family=family, backlog=128)
    except OSError as exc:
        raise SetupError("http", f"cannot listen on {address} port {port}: {exc}") from exc
    listener.setblocking(False)
    return listener
