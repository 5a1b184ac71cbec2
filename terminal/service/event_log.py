"""What happens at a terminal, a line of JSON each: to a file of bounded size, or to the system's journal.

Every line has ``at`` (local time with its offset), ``level`` and ``event``, and then the fields that ``EVENTS`` lists
for the event and no others. Written by a thread of its own behind a bounded queue: neither a slow disk nor a full one
holds a payment. Numbers as long as a card's are cut to six and four digits wherever they stand.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import queue
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

__all__ = ["EVENTS", "EventLog"]

_LOG = logging.getLogger("countertop")
QUEUE_MAX = 2000
"""Lines that may wait for the disk; what comes beyond is counted and left out."""
EVENTS: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "start": (logging.INFO, ("version", "terminal", "environment")),
    "service": (logging.INFO, ("in_service", "reason")),
    "transaction": (
        logging.INFO,
        (
            "kind", "state", "batch", "stan", "amount_minor", "currency", "account", "operator", "undo_cause",
            "response_code", "rrn", "reversal_tries",
        ),
    ),
    "sign-on": (logging.INFO, ("done", "reason")),
    "link": (logging.INFO, ("up", "host", "backup")),
    "device": (logging.INFO, ("device", "state", "detail", "remedy")),
    "printer": (logging.INFO, ("trouble", "paper_low")),
    "print": (logging.INFO, ("what", "voucher")),
    "till": (logging.INFO, ("till", "category", "result", "condition", "reason")),
    "network": (logging.INFO, ("using", "interface", "links", "trouble")),
    "network-order": (logging.INFO, ("trouble",)),
    "self-test": (logging.INFO, ("passed",)),
    "stall": (logging.WARNING, ("ms",)),
    "message": (logging.WARNING, ("text",)),
}  # fmt: skip
"""Level and fields by event; what is not here is not logged. ``message`` is what the program says in words."""
_CARD_LIKE = re.compile(r"(?<![0-9])([0-9]{6})[0-9]{3,9}([0-9]{4})(?![0-9])")
"""13 to 19 digits; references and amounts are shorter."""
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
"""Of the system's journal (sd-daemon(3))."""


class EventLog:
    """The log of this process, from its opening to its end."""

    def __init__(self, out: logging.Handler, *, prefixed: bool = False) -> None:
        """``prefixed``: each line begins with its priority, as the system's journal reads it."""
        out.setFormatter(_Lines(prefixed))
        self._lines = _BoundedQueue()
        self._listener = logging.handlers.QueueListener(self._lines.lines, out)
        self._former = _LOG.level

    @classmethod
    def of(cls, file: Path | None, size_kib: int, keep: int, stderr: TextIO = sys.stderr) -> EventLog | None:
        """To a file; without one to the system's journal, if that is where standard error goes; else None.

        Raises OSError when the file cannot be opened.
        """
        if file is not None:
            return cls(_PrivateFile(file, size_kib * 1024, keep))
        if _is_journal(stderr):
            return cls(logging.StreamHandler(stderr), prefixed=True)
        return None

    def open(self) -> None:
        """Begin to write."""
        _LOG.addHandler(self._lines)
        _LOG.setLevel(logging.INFO)
        _LOG.propagate = False
        self._listener.start()

    def close(self) -> None:
        """Write what waits, and end."""
        _LOG.removeHandler(self._lines)
        _LOG.setLevel(self._former)
        _LOG.propagate = True
        self._listener.stop()
        for handler in self._listener.handlers:
            handler.close()

    @staticmethod
    def hear(event: str, values: Mapping[str, Any]) -> None:
        """Something has happened (``Monitor.tell``)."""
        if event in EVENTS:
            level, fields = EVENTS[event]
            told = {name: values[name] for name in fields if values.get(name) is not None}
            _LOG.log(level, event, extra={"event": event, "fields": told})


class _Lines(logging.Formatter):
    def __init__(self, prefixed: bool) -> None:
        super().__init__()
        self._prefixed = prefixed

    def format(self, record: logging.LogRecord) -> str:
        event = getattr(record, "event", None)
        fields = {"text": record.getMessage()} if event is None else getattr(record, "fields", {})
        line = json.dumps(
            {
                "at": datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds"),
                "level": record.levelname.lower(),
                "event": event or "message",
                **{name: _cut(value) for name, value in fields.items()},
            },
            ensure_ascii=False,
            default=str,
        )
        return f"<{_PRIORITIES.get(record.levelno, 6)}>{line}" if self._prefixed else line


def _cut(value: object) -> object:
    return _CARD_LIKE.sub(r"\1***\2", value) if isinstance(value, str) else value


class _BoundedQueue(logging.handlers.QueueHandler):
    def __init__(self) -> None:
        self.lines: queue.Queue[logging.LogRecord] = queue.Queue(QUEUE_MAX)
        self.left_out = 0
        super().__init__(self.lines)

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        record.exc_info = record.exc_text = record.stack_info = None  # a traceback may show what a frame holds
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.lines.put_nowait(record)
        except queue.Full:
            self.left_out += 1
            return
        if self.left_out and not self.lines.full():
            missing, self.left_out = self.left_out, 0
            self.handle(_LOG.makeRecord(_LOG.name, logging.WARNING, "", 0, f"{missing} lines were left out.", (), None))


class _PrivateFile(logging.handlers.RotatingFileHandler):
    """A file that only this user reads; full ones are kept as ``.1``, ``.2`` … up to ``keep``."""

    def __init__(self, file: Path, size_bytes: int, keep: int) -> None:
        super().__init__(file, maxBytes=size_bytes, backupCount=keep, encoding="utf-8")

    def _open(self) -> Any:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - of logging
        """A disk that is full or gone costs the line, never a payment; the next line tries again."""
        stream, self.stream = self.stream, None
        if stream is not None:
            with suppress(OSError):
                stream.close()


def _is_journal(stderr: TextIO) -> bool:
    """Whether standard error is the socket that the service manager made (JOURNAL_STREAM)."""
    try:
        status = os.fstat(stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
