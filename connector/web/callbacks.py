"""POST /callbacks/<connection>/<token>: a CRM says that a record changed. Proved, kept as a hint, answered at once."""

from __future__ import annotations

import hmac
import threading
from datetime import UTC, datetime
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from connector import registry
from connector.errors import RejectedError, UnavailableError
from connector.jobs.callbacks import token_of
from connector.jobs.runtime import Runtime
from connector.ports import Ear
from connector.store import hints
from connector.web.public import Doors

LARGEST = 256 * 1024
"""Bytes of a delivery; its summary of a record is a few thousand."""
log = structlog.get_logger()


def add_callbacks(app: FastAPI, doors: Doors) -> None:
    """Serve the callbacks of every connection that has them configured."""
    ears = _Ears()

    @app.post("/callbacks/{connection}/{token}")
    async def callback(connection: str, token: str, request: Request) -> Response:
        try:
            ear = await run_in_threadpool(_ear, doors, ears, connection, token)
            if ear is None:  # before anything of a stranger's body is read
                return Response(status_code=404)
            body = bytearray()
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST:
                    return Response(status_code=413)
            headers = {name.lower(): value for name, value in request.headers.items()}
            status = await run_in_threadpool(_take, doors, ear, connection, headers, bytes(body))
        except ClientDisconnect:
            return Response(status_code=400)
        except UnavailableError as trouble:  # the pull finds the change without the hint
            log.warning("callback_lost", connection=connection, why=str(trouble))
            return Response(status_code=503)
        return Response(status_code=status)


def _ear(doors: Doors, ears: _Ears, connection: str, token: str) -> Ear | None:
    """Who can prove a delivery; None for an unknown connection or a wrong token."""
    runtime = doors.runtime()
    ear = ears.of(runtime, connection)
    if ear is None:
        return None
    known = token_of(connection, runtime.store.installation())
    return ear if hmac.compare_digest(token.encode(), known.encode()) else None


def _take(doors: Doors, ear: Ear, connection: str, headers: dict[str, str], body: bytes) -> int:
    try:
        heard = ear.hear(headers, body)
    except RejectedError as error:
        log.warning("callback_refused", connection=connection, why=str(error))
        return 401
    if heard is not None:
        with doors.runtime().store.write(durable=False) as tx:
            kept = hints.put(tx, connection, heard.kind, heard.record_id, at=datetime.now(UTC))
        if kept:
            doors.wake("pull", connection)
    return 204


class _Ears:
    """The Ear of each connection, made anew when its settings changed."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[Any, Ear]] = {}
        self._lock = threading.Lock()

    def of(self, runtime: Runtime, connection: str) -> Ear | None:
        configured = runtime.config.connections.get(connection)
        if configured is None or not getattr(configured.settings, "callbacks", ""):
            return None
        spec = registry.spec(configured.kind)
        if spec.ear is None:
            return None
        with self._lock:
            known = self._made.get(connection)
            if known is None or known[0] != configured.settings:
                known = self._made[connection] = (configured.settings, spec.ear(configured.settings))
            return known[1]
