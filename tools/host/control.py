"""The control socket: faults to order, questions to ask, events to watch; one JSON line each way.

Anything a script can get wrong is answered with ``{"error": …, "remedy": …}``; the host goes on.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tools.host.book import Book
from tools.host.events import Events
from tools.host.faults import LATE_S, Fault, Faults, Order
from tools.host.reports import REPORTS
from tools.host.security import Security
from tools.host.server import HostServer
from tools.host.switch import Switch

__all__ = ["Control"]

BUFFER_BYTES_MAX = 8 << 20
"""A watcher that does not read is cut off before it costs memory."""

Answer = dict[str, Any]


class Control:
    """Serves scripts, the demonstration and the campaigns."""

    def __init__(
        self,
        book: Book,
        security: Security,
        switch: Switch,
        server: HostServer,
        faults: Faults,
        events: Events,
    ) -> None:
        self._book = book
        self._switch = switch
        self._security = security
        self._host = server
        self._faults = faults
        self._events = events
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._commands: dict[str, Callable[[Mapping[str, Any]], Answer]] = {
            "next-answer": self._next_answer,
            "clear-faults": self._clear_faults,
            "wish": self._wish,
            "reset-pins": self._reset_pins,
            "pay": self._pay,
        }

    async def listen(self, path: Path) -> None:
        """Listen on a Unix socket that only this user may open. Raises OSError."""
        with suppress(FileNotFoundError):
            os.unlink(path)
        self._server = await asyncio.start_unix_server(self._converse, path)
        os.chmod(path, 0o600)

    def close(self) -> None:
        """Stop listening and let the scripts go."""
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._writers):
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def send(line: bytes) -> None:
            if writer.transport.get_write_buffer_size() > BUFFER_BYTES_MAX:
                writer.transport.abort()
            elif not writer.is_closing():
                writer.write(line)

        self._writers.add(writer)
        try:
            while line := await reader.readline():
                send(json.dumps(self._answer(line, send), ensure_ascii=False).encode() + b"\n")
        except (OSError, ValueError):  # ValueError: a line beyond the reader's limit
            pass
        finally:
            self._writers.discard(writer)
            self._events.leave(send)
            writer.close()

    def _answer(self, line: bytes, send: Callable[[bytes], None]) -> Answer:
        try:
            asked = json.loads(line)
        except ValueError:
            return _refused("This is not a line of JSON.", 'Send for example {"ask": "ledger"}')
        if not isinstance(asked, dict):
            return _refused("This is not a JSON object.", 'Send for example {"ask": "ledger"}')
        try:
            if asked.get("do") == "watch":
                self._events.watch(send)
                return {"done": "watch"}
            if "do" in asked and asked["do"] in self._commands:
                return {"done": asked["do"], **self._commands[asked["do"]](asked)}
            if asked.get("ask") == "list-key":
                return {"list-key": self._switch.list_key}
            if asked.get("ask") == "check-values":
                return {"check-values": self._security.check_values()}
            if "ask" in asked and asked["ask"] in REPORTS:
                return {asked["ask"]: REPORTS[asked["ask"]](self._book, asked)}
        except (TypeError, ValueError, KeyError) as error:
            return _refused(str(error), "See docs/integrator/host-simulator.md for the values of each command.")
        known = ", ".join([*self._commands, "watch"])
        return _refused(
            "Neither a command nor a question of this host.",
            f'Use {{"do": one of {known}}} or {{"ask": one of {", ".join(REPORTS)}, check-values, list-key}}',
        )

    def _next_answer(self, asked: Mapping[str, Any]) -> Answer:
        order = Order(
            fault=Fault(asked["fault"]),
            mti=str(asked.get("mti", "")),
            code=str(asked.get("code", "")),
            seconds=float(asked.get("seconds", LATE_S)),
        )
        self._faults.order(order, int(asked.get("count", 1)))
        return {}

    def _clear_faults(self, asked: Mapping[str, Any]) -> Answer:
        self._faults.clear()
        return {}

    def _wish(self, asked: Mapping[str, Any]) -> Answer:
        digit = str(asked["digit"])
        if len(digit) != 1 or not digit.isdecimal():
            raise ValueError("A wish is one digit; 0 asks for nothing.")
        self._host.wish = digit
        return {}

    def _pay(self, asked: Mapping[str, Any]) -> Answer:
        """A customer scans the code on a terminal's screen: its reference, and whose telephone it is."""
        with self._book.transaction():
            order = self._book.open_order(str(asked["rrn"]))
            account = next((a for a in self._book.accounts() if a.name == str(asked.get("account", "good"))), None)
            if order is None or account is None:
                raise ValueError("No open order has this reference, or no customer this name.")
            return {"code": self._switch.confirm(order, account)}

    def _reset_pins(self, asked: Mapping[str, Any]) -> Answer:
        with self._book.transaction():
            for account in self._book.accounts():
                self._book.wrong_pins(account.id, 0)
        return {}


def _refused(error: str, remedy: str) -> Answer:
    return {"error": error, "remedy": remedy}
