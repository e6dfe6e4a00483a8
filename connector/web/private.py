"""The private listener: /healthz, /readyz and /metrics, for the house's own monitoring.

Nothing in them is a secret, a person's name or an address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from connector.errors import ConnectorError
from connector.jobs import readiness
from connector.web.metrics import ServiceCollector

if TYPE_CHECKING:
    from connector.jobs.service import Service

SILENT = 60.0
"""Seconds after which a clock that does not tick counts as dead."""


def create_app(service: Service) -> FastAPI:
    """The application of the private listener."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ServiceCollector(service))

    @app.get("/healthz")
    def healthz() -> Response:
        silence = service.silence()
        return _said({"alive": silence < SILENT, "clock_silent_seconds": round(silence, 1)}, silence < SILENT)

    @app.get("/readyz")
    def readyz() -> Response:
        reasons = readiness.reasons(service.runtime, service.entries, service.started_at)
        return _said({"ready": not reasons, "reasons": reasons}, not reasons)

    @app.get("/metrics")
    def metrics() -> Response:
        try:
            return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
        except ConnectorError as trouble:  # no figures is a failed scrape, which monitoring notices
            return _said({"why": str(trouble)}, well=False)

    return app


def _said(found: dict[str, Any], well: bool) -> Response:
    return JSONResponse(found, status_code=200 if well else 503, headers={"cache-control": "no-store"})
