"""The service as a process: signals in, listeners up, everything parked when it is asked to leave."""

from __future__ import annotations

import os
import queue
import signal
import sys
from contextlib import ExitStack
from dataclasses import replace
from types import FrameType

import structlog

from connector import config
from connector.cli import common, failures, steps
from connector.cli.output import complain, say
from connector.cli.progress import Progress
from connector.errors import ConfigError
from connector.jobs.once import Step
from connector.jobs.runner import mode_line
from connector.jobs.runtime import open_runtime
from connector.jobs.service import Service
from connector.web import private, public
from connector.web.listening import Listener
from connector.web.public import Doors

_ASKED = (signal.SIGTERM, signal.SIGINT)
log = structlog.get_logger()


class Signals:
    """What the process is told from outside, one at a time. The second word to leave is obeyed at once."""

    def __init__(self) -> None:
        self._told: queue.SimpleQueue[int] = queue.SimpleQueue()  # its put may interrupt itself, as a signal does
        self._leaving = False
        for number in (*_ASKED, signal.SIGHUP):
            signal.signal(number, self._hear)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        if number in _ASKED:
            if self._leaving:
                os._exit(failures.INTERRUPTED)
            self._leaving = True
        self._told.put(number)

    def next(self) -> int:
        return self._told.get()


def serve() -> int:
    """Run until SIGTERM (0) or SIGINT (130). Raises ConfigError before anything has begun."""
    signals = Signals()
    loaded = common.configuration()
    progress = Progress(live=False)
    runtime = replace(open_runtime(loaded), told=progress)

    def told(step: Step) -> None:
        progress.end(step.story, step.connection)
        _told(step)

    service = Service(runtime, watch=told)
    doors = Doors(runtime=lambda: service.runtime, wake=service.wake)
    with ExitStack() as open_things:
        open_things.callback(runtime.store.close)
        listeners = []
        if loaded.listen.private:
            listeners.append(Listener("private", loaded.listen.private, private.create_app(service)))
        if loaded.listen.public:
            listeners.append(Listener("public", loaded.listen.public, public.create_app(doors)))
        for listener in listeners:
            open_things.enter_context(listener)
        say(mode_line(loaded.mode))
        for listener in listeners:
            say(f"{listener.name}: http://{listener.address}")
        say(f"{len(service.entries)} stories are on the clock; Ctrl-C or SIGTERM stops")
        log.info("started", config=loaded.fingerprint, mode=loaded.mode, stories=len(service.entries),
                 **{listener.name: listener.address for listener in listeners})  # fmt: skip
        service.start()
        while (number := signals.next()) == signal.SIGHUP:
            _reload(service)
        log.info("parking", signal=signal.Signals(number).name, at_work=service.busy())
        left = service.park()
        log.info("parked", left=left)
        if left:  # their threads still wait for an answer; nothing they do counts any more
            sys.stdout.flush()
            os._exit(0 if number == signal.SIGTERM else failures.INTERRUPTED)
    return 0 if number == signal.SIGTERM else failures.INTERRUPTED


def _reload(service: Service) -> None:
    """Take the configuration anew if it is valid; else say why not, and go on with the old one."""
    try:
        fresh = config.load(common.config_path(), os.environ)
    except ConfigError as error:
        for problem in error.problems:
            log.error("configuration_refused", problem=str(problem), remedy="the old one stays; correct it, SIGHUP")
        return
    restart = service.reload(fresh)
    log.info("configuration_reloaded", config=fresh.fingerprint, mode=fresh.mode, stories=len(service.entries))
    for name in restart:
        log.warning("needs_a_restart", setting=name, remedy="this change takes effect at the next start")


def _told(step: Step) -> None:
    log.info("step", story=step.story, connection=step.connection, outcome=step.outcome, seconds=steps.seconds(step),
             calls=step.attempt.calls if step.attempt else 0)  # fmt: skip
    for why in steps.whys(step):
        complain(f"{step.story} {step.connection}: {why}") if sys.stderr.isatty() else log.warning("kept", why=why)
