"""A listener: one uvicorn server in a thread of its own, started before it is relied on, stopped in seconds."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from connector.config.service import host_and_port
from connector.errors import ConfigError

if TYPE_CHECKING:
    from fastapi import FastAPI

STOPS_IN = 3  # seconds; requests still open are cut off then
BACKLOG = 128
REQUEST_IN = 10.0
"""Seconds in which a request must be there, body and all; a caller that dribbles would keep a place for ever."""


class Listener:
    """`with Listener("private", "127.0.0.1:9464", app):` serves until the block is left. Port 0 takes a free one."""

    def __init__(self, name: str, address: str, app: FastAPI) -> None:
        self.name = name
        self._socket = _bind(name, address)
        host, port = self._socket.getsockname()[:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        config = uvicorn.Config(
            app,
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="none",
            http=_Impatient,
            loop="asyncio",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=STOPS_IN,
            limit_concurrency=100,
            h11_max_incomplete_event_size=32 * 1024,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name=f"listen-{name}", daemon=True)

    def __enter__(self) -> Listener:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Take no more requests, finish the open ones within STOPS_IN seconds."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(STOPS_IN + 2)
        self._socket.close()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])


class _Impatient(H11Protocol):
    """uvicorn's own, which waits without an end for a first request and for each that was begun."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._patience = self.loop.call_later(REQUEST_IN, transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._at_ease()
        elif self._patience is None:
            self._patience = self.loop.call_later(REQUEST_IN, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._at_ease()
        super().connection_lost(exc)

    def _at_ease(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def _bind(name: str, address: str) -> socket.socket:
    """Raises ConfigError where the address is not ours or is taken."""
    host, port = host_and_port(address)
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigError(
            f"listen.{name}: {address}: {error.strerror or error}; write an address of this machine"
        ) from error
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        remedy = "another service listens there already; choose another port" if port else "choose another"
        raise ConfigError(f"listen.{name}: {address}: {error.strerror or error}; {remedy}") from error
    return bound
