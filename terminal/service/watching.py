"""The watchers of one process: what devices have done and, as configured, the log of events and the numbers."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from config import Settings
from terminal import VERSION
from terminal.service.device_record import keep_record
from terminal.service.monitor import Monitor
from terminal.service.stall import MeteredSelector

if TYPE_CHECKING:
    from config.watching import Log
    from terminal.service.event_log import EventLog

__all__ = ["told_self_test", "watched"]

_LOG = logging.getLogger("countertop")
JOURNAL = "JOURNAL_STREAM"
"""Set by the service manager where standard error is the system's journal."""


@asynccontextmanager
async def watched(settings: Settings, monitor: Monitor, selector: MeteredSelector) -> AsyncIterator[None]:
    """Log and numbers while the process lives. Neither keeps a terminal from taking payments: a fault is a warning."""
    terminal, events, server = settings.terminal, _event_log(settings.log), None
    if events is not None:
        events.open()
        monitor.listeners.append(events.hear)
    if settings.metrics is not None:
        from terminal.service.metrics import Metrics, serve_metrics

        metrics = Metrics((terminal.id, terminal.environment), selector, monitor.status)
        monitor.listeners.append(metrics.hear)
        try:
            server = await serve_metrics(*settings.metrics.endpoint, metrics.text)
        except OSError as error:
            address = settings.metrics.address
            _LOG.warning("No numbers are told: %s cannot be listened on (%s).", address, error.strerror)
    told = lambda: monitor.ask_devices()  # noqa: E731, PLW0108 -- another life of the terminal has other devices
    recording = asyncio.ensure_future(keep_record(Path(terminal.state_dir), told, date.today))
    monitor.tell("start", version=VERSION, terminal=terminal.id, environment=terminal.environment)
    try:
        yield
    finally:
        recording.cancel()
        with suppress(asyncio.CancelledError):
            await recording
        if server is not None:
            server.close()
        monitor.listeners.clear()
        if events is not None:
            events.close()


def _event_log(log: Log | None) -> EventLog | None:
    if log is None and JOURNAL not in os.environ:
        return None
    from terminal.service.event_log import EventLog  # not before: logging's handlers bring a good deal with them

    try:
        return EventLog.of(Path(log.file), log.size_kib, log.keep) if log else EventLog.of(None, 0, 0)
    except OSError as error:
        _LOG.warning("No events are written: the log cannot be opened (%s). Check its folder.", error.strerror)
        return None


def told_self_test(test: Callable[[], None], monitor: Monitor) -> Callable[[], None]:
    """A self-test whose result is told, from whichever thread it runs in."""
    loop = asyncio.get_running_loop()

    def tell(passed: bool) -> None:
        loop.call_soon_threadsafe(lambda: monitor.tell("self-test", passed=passed))

    def told() -> None:
        try:
            test()
        except BaseException:
            tell(False)
            raise
        tell(True)

    return told
