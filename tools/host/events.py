"""What happens at the host, told to whoever watches and written to the log. Card data is masked in both."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, TextIO

from iso8583 import Message

__all__ = ["Events"]

WATCHERS_MAX = 16
_LOGGED = ("mti", "terminal", "batch", "stan", "amount_minor", "code", "fault", "detail")
_UNLOGGED = frozenset({"first-byte"})


class Events:
    """Spreads events. Without watchers and log it costs nothing."""

    def __init__(self, log: TextIO | None, now: Callable[[], datetime]) -> None:
        self._log = log
        self._now = now
        self._watchers: list[Callable[[bytes], None]] = []

    def watch(self, watcher: Callable[[bytes], None]) -> None:
        """Send every event from now on as a JSON line. Raises ValueError when too many watch."""
        if len(self._watchers) >= WATCHERS_MAX:
            raise ValueError(f"At most {WATCHERS_MAX} can watch; close one connection first.")
        self._watchers.append(watcher)

    def leave(self, watcher: Callable[[bytes], None]) -> None:
        """Stop sending to a watcher."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)

    def tell(self, event: str, message: Message | None = None, **values: Any) -> None:
        """Something has happened; ``message`` is shown masked, field by field."""
        if self._watchers:
            rows = {} if message is None else {"rows": [list(row) for row in message.rows()]}
            line = json.dumps({"event": event, **values, **rows}, ensure_ascii=False).encode() + b"\n"
            for watcher in tuple(self._watchers):
                watcher(line)
        if self._log is not None and event not in _UNLOGGED:
            shown = " ".join(f"{name}={values[name]}" for name in _LOGGED if values.get(name) not in (None, ""))
            print(f"{self._now():%H:%M:%S.%f} {event} {shown}", file=self._log, flush=True)
