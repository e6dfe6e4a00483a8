"""HTTP/1.1 on a socket, close enough to it to break connections on purpose; every stand-in listens by it."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

JSON = "application/json; charset=utf-8"


@dataclass(slots=True, kw_only=True)
class Request:
    """One HTTP request as the wire read it; query names are in lower case, since the vendor ignores case."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw_query: str = ""
    base_url: str = ""


@dataclass(slots=True, kw_only=True)
class Answer:
    """One HTTP answer. `broken` says how the connection ends instead: reset, drop or truncate."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    broken: str = ""
    delay: float = 0.0


class Refusal(Exception):  # noqa: N818 - it is an answer of the server, not a defect of the program
    """The request is answered with an error status and one of the vendor's bodies."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {body['message'] if isinstance(body, dict) and 'message' in body else body}")
        self.status, self.body = status, body
        self.answer = Answer(status=status, body=msgspec.json.encode(body), headers=headers or {})


Desk = Callable[[Request, float], Answer]


class Wire(ThreadingHTTPServer):
    """Listens on 127.0.0.1; once it serves, it hands each request to the desk, one thread a connection.

    Port 0 takes a free one. The desk and the clock, which the Date header tells, are set before it serves.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    desk: Desk

    def __init__(self, port: int) -> None:
        self.clock: Callable[[], float] = time.time
        super().__init__(("127.0.0.1", port), _Handler)
        self.port: int = self.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is not our trouble; a defect of ours is answered as a 500."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # TCP_NODELAY, and one segment for headers and body: else each small answer waits for an acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = 1 << 20
    server: Wire

    def do_GET(self) -> None:
        arrived = time.monotonic()
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(int(length) if length.isdecimal() else 0)
        split = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=split.path,
            query={name.lower(): text for name, text in parse_qsl(split.query, keep_blank_values=True)},
            headers={name.lower(): text for name, text in self.headers.items()},
            body=body,
            raw_query=split.query,
            base_url=f"http://{self.headers.get('Host', 'localhost')}",
        )
        answer = self.server.desk(request, arrived)
        wait = arrived + answer.delay - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        if answer.broken in ("reset", "drop"):
            self._break(hard=answer.broken == "reset")
        else:
            self._send(answer)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names are http.server's

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, text in answer.headers.items():
            self.send_header(name, text)
        if answer.status != 204:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.broken == "truncate":
            self.wfile.write(answer.body[: len(answer.body) // 2])
            self.wfile.flush()
            self._break(hard=False)
            return
        self.wfile.write(answer.body)
        self.wfile.flush()

    def _break(self, *, hard: bool) -> None:
        """Close the connection; hard means that the client sees a reset instead of an end."""
        self.close_connection = True
        if hard:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(self.server.clock() if timestamp is None else timestamp)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing; /control/log tells."""
