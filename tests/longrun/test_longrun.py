"""The long run in small: its judging judges, and twenty seconds of it are well. For half an hour: -m tests.longrun."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from tests.longrun.__main__ import Life, Run, _judge, run
from tests.longrun.proc import Sample, sample, slope


def test_twenty_seconds_with_a_kill_and_a_stop_are_well() -> None:
    told = run(1 / 3, lives=2)
    assert told.wrong == []
    assert [life.ended_by for life in told.lives] == ["SIGKILL", "SIGTERM"]
    assert all(len(life.samples) >= 5 for life in told.lives)
    assert told.answers > 0


@pytest.mark.parametrize(
    ("grows", "wrong"), [({"rss_mb": 0.1}, "rss_mb"), ({"threads": 0.02}, "threads"), ({"files": 0.02}, "files")]
)
def test_what_grows_is_found(grows: dict[str, float], wrong: str) -> None:
    life = Life("SIGTERM")
    for second in range(900):
        by = {name: rate * second for name, rate in grows.items()}
        life.samples.append(
            Sample(at=second, rss_mb=100 + by.get("rss_mb", 0), threads=int(12 + by.get("threads", 0)),
                   files=int(30 + by.get("files", 0)))
        )  # fmt: skip
    told = Run(lives=[life])
    _judge(told, [], 0)
    assert [line.split()[2] for line in told.wrong] == [wrong]


def test_what_is_doubled_or_lost_is_found() -> None:
    told = Run(answers=3)
    _judge(told, ["nps-a", "nps-b", "nps-a"], 2)
    assert told.wrong == ["1 tickets were opened twice", "3 answers were given and 2 are in the store"]


def test_a_thread_and_a_process_that_is_gone_are_seen() -> None:
    import os

    before = sample(os.getpid(), 0.0)
    hold = threading.Event()
    thread = threading.Thread(target=hold.wait)
    thread.start()
    after = sample(os.getpid(), 1.0)
    hold.set()
    thread.join()
    assert before is not None
    assert after is not None
    assert after.threads == before.threads + 1
    assert before.rss_mb > 10
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert sample(ended.pid, 0.0) is None


def test_the_slope_is_that_of_the_line() -> None:
    assert slope([(x, 3 * x + 1) for x in range(10)]) == pytest.approx(3)
    assert slope([(1, 1), (2, 2)]) == 0
