"""The clock forgets and takes entries while it runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.date import DateTrigger

from connector.jobs.clock import Clock


def test_what_goes_off_while_the_entries_are_renewed_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(lambda entry, *, asked=False: None, lambda: None)
    clock.start([])
    going_off = clock.scheduler.add_job(lambda: None, DateTrigger(datetime.now(UTC) + timedelta(hours=1)))
    going_off.remove()
    monkeypatch.setattr(clock.scheduler, "get_jobs", lambda: [going_off])
    clock.rebuild([])
    clock.stop()
