"""/metrics: what the store and this process say, read at each scrape. Every label is a word of ours or a connection's
name from the configuration, so their number is bounded and none names a person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from connector import __version__
from connector.jobs import readiness
from connector.jobs.collect import ANSWERS
from connector.jobs.runtime import LOG
from connector.store import figures

if TYPE_CHECKING:
    from connector.jobs.service import Service

GONE = "(not configured)"
"""Stands for every connection that is in the store and not in the configuration any more."""
_WORD = re.compile(r"[a-z][a-z_]{0,39}")


class ServiceCollector:
    """Collects at each scrape; raises UnavailableError where the store does not answer."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        runtime = self._service.runtime
        now = runtime.now()
        with runtime.store.read() as tx:
            found = figures.read(tx, now=now)
        yield _gauge("nps_info", "Version and mode; always 1.", ("version", "mode"), {(__version__, runtime.mode): 1})
        reasons = readiness.reasons(runtime, self._service.entries, self._service.started_at)
        yield _gauge("nps_ready", "1 where /readyz says ready.", (), {(): int(not reasons)})
        yield _gauge(
            "nps_clock_silent_seconds", "Seconds since the clock last ticked.", (), {(): self._service.silence()}
        )
        yield from self._of_the_process()
        yield from self._of_the_store(found, now)

    def _of_the_process(self) -> Iterator[Metric]:
        meter = self._service.runtime.meter
        yield self._counter("nps_api_calls", "Requests of this process.", ("connection",), _singles(meter.calls()))
        yield self._counter(
            "nps_throttled", "Answers of this process that said: too many requests.", ("connection",),
            _singles(meter.throttled()),
        )  # fmt: skip
        yield self._counter(
            "nps_waited_seconds", "Seconds this process waited for the pace or a retry.", ("connection",),
            _singles(meter.seconds_waited()),
        )  # fmt: skip
        yield self._counter(
            "nps_attempts", "Stories of this process that ended.", ("story", "connection", "outcome"),
            meter.attempts_ended(),
        )  # fmt: skip
        limits = {
            (name,): limit
            for name, connection in self._service.runtime.config.connections.items()
            if (limit := getattr(connection.settings, "max_calls_per_minute", None))
        }
        yield _gauge("nps_api_calls_limit_per_minute", "The pace that is configured.", ("connection",), limits)

    def _of_the_store(self, found: figures.Figures, now: Any) -> Iterator[Metric]:
        yield self._gauge(
            "nps_attempts_last_day", "Attempts begun within a day, of all processes on this store.",
            ("story", "connection", "outcome"), found.attempts,
        )  # fmt: skip
        yield self._gauge(
            "nps_api_calls_last_day", "Requests within a day, of all processes on this store.", ("connection",),
            _singles(found.calls),
        )  # fmt: skip
        ages = {key: (now - at).total_seconds() for key, at in found.succeeded_at.items()}
        yield self._gauge(
            "nps_last_success_age_seconds", "Since the story last came to its end.", ("story", "connection"), ages,
            smallest=True,
        )  # fmt: skip
        yield self._gauge("nps_write_backs", "Write-backs by state.", ("connection", "state"), found.write_backs)
        oldest = {key: (now - at).total_seconds() for key, at in found.oldest.items()}
        yield self._gauge(
            "nps_write_back_oldest_age_seconds", "Age of the oldest write-back that is not settled.",
            ("connection", "state"), oldest, largest=True,
        )  # fmt: skip
        yield _gauge("nps_holds", "What is set aside until a person acts.", ("kind", "cause"), found.holds)
        yield _gauge("nps_follow_ups", "Follow-ups of answers by state.", ("state",), _singles(found.follow_ups))
        yield self._gauge(
            "nps_reconcile_findings", "What the newest reconcile counted.", ("connection", "finding"),
            dict(_findings(found.reconciled)),
        )  # fmt: skip

    def _known(self, connection: str) -> str:
        config = self._service.runtime.config
        return connection if connection in config.connections or connection in (ANSWERS, LOG) else GONE

    def _merged(
        self, names: tuple[str, ...], values: Mapping[tuple[str, ...], float], *, smallest: bool, largest: bool
    ) -> dict[tuple[str, ...], float]:
        at = names.index("connection")
        merged: dict[tuple[str, ...], float] = {}
        for key, value in values.items():
            name = (*key[:at], self._known(key[at]), *key[at + 1 :])
            if name not in merged:
                merged[name] = value
            elif smallest or largest:
                merged[name] = (min if smallest else max)(merged[name], value)
            else:
                merged[name] += value
        return merged

    def _gauge(
        self,
        name: str,
        help_: str,
        names: tuple[str, ...],
        values: Mapping[Any, float],
        *,
        smallest: bool = False,
        largest: bool = False,
    ) -> Metric:
        return _gauge(name, help_, names, self._merged(names, values, smallest=smallest, largest=largest))

    def _counter(self, name: str, help_: str, names: tuple[str, ...], values: Mapping[Any, float]) -> Metric:
        family = CounterMetricFamily(name, help_, labels=names)
        for key, value in sorted(self._merged(names, values, smallest=False, largest=False).items()):
            family.add_metric([str(part) for part in key], value)
        return family


def _gauge(name: str, help_: str, names: tuple[str, ...], values: Mapping[Any, float]) -> Metric:
    family = GaugeMetricFamily(name, help_, labels=names)
    for key, value in sorted(values.items()):
        family.add_metric([str(part) for part in key], value)
    return family


def _singles(values: Mapping[str, float]) -> dict[tuple[str, ...], float]:
    return {(key,): value for key, value in values.items()}


def _findings(reconciled: Mapping[str, Mapping[str, Any]]) -> Iterable[tuple[tuple[str, str], float]]:
    for connection, counts in reconciled.items():
        for finding, value in counts.items():
            if isinstance(value, int) and not isinstance(value, bool) and _WORD.fullmatch(finding):
                yield (connection, finding), value
