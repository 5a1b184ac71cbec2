"""Numbers of a running terminal for whoever watches many: Prometheus' text format, on the loopback only.

Counters begin at 0 with the process; what is open now is asked when somebody looks. Nothing in it is card data, and no
label has more values than the terminal has kinds of transactions or devices.
"""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from terminal import VERSION
from terminal.domain.record import FINAL_STATES
from terminal.screens.screen import Status
from terminal.service.stall import MeteredSelector

__all__ = ["FAMILIES", "Family", "Metrics", "serve_metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
REQUEST_BYTES_MAX, REQUEST_S, WATCHERS_MAX = 8192, 5.0, 8
_LINKS = {"up": 1, "backup": 1, "down": 0}
_BACKUP = {"up": 0, "backup": 1}
_Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """One name, with what it means and the names of its labels."""

    name: str
    kind: str
    """``counter`` or ``gauge``."""
    help: str
    labels: _Labels = ()


FAMILIES = {
    family.name: family
    for family in (
        Family("countertop_info", "gauge", "Always 1; which terminal this is.", ("version", "terminal", "environment")),
        Family("countertop_in_service", "gauge", "1 while payments can be taken."),
        Family("countertop_transactions_total", "counter", "Transactions that came to an end.", ("kind", "result")),
        Family("countertop_reversals_open", "gauge", "Payments being undone that the host has yet to confirm."),
        Family("countertop_offline_waiting", "gauge", "Transactions that wait to be told to the host."),
        Family("countertop_signed_on", "gauge", "1 with the working keys of a sign-on."),
        Family("countertop_sign_ons_total", "counter", "Sign-ons tried at the start.", ("result",)),
        Family("countertop_link_up", "gauge", "1 when the last connection to the host succeeded; absent before it."),
        Family("countertop_link_backup", "gauge", "1 when that was a backup host; absent while the link is not up."),
        Family("countertop_link_changes_total", "counter", "Changes of the way to the host.", ("way",)),
        Family("countertop_device_up", "gauge", "1 while a device is open.", ("device",)),
        Family("countertop_device_reconnects_total", "counter", "How often a lost device came back.", ("device",)),
        Family("countertop_printer_trouble", "gauge", "1 while the printer does not print.", ("trouble",)),
        Family("countertop_printer_paper_low", "gauge", "1 when the roll is nearly at its end."),
        Family("countertop_slips_printed_total", "counter", "Slips that came out whole."),
        Family("countertop_loop_stalls_total", "counter", "Times that the loop was busy for more than 15 ms."),
        Family("countertop_loop_longest_stall_seconds", "gauge", "The longest of them since the start."),
        Family("countertop_self_tests_total", "counter", "Self-tests of the cryptography.", ("result",)),
        Family("countertop_self_test_timestamp_seconds", "gauge", "When the last one passed."),
        Family("countertop_troubles_total", "counter", "Times that the terminal went out of service."),
        Family("process_resident_memory_bytes", "gauge", "Memory that is held."),
        Family("process_cpu_seconds_total", "counter", "Processor time used."),
        Family("process_start_time_seconds", "gauge", "When the process began."),
    )
}
"""Everything that is ever told, in the order of the text."""


class Metrics:
    """Hears what happens and says it in numbers."""

    def __init__(
        self,
        identity: tuple[str, str],
        selector: MeteredSelector,
        status: Callable[[], Status | None],
        now: Callable[[], float] = time.time,
    ) -> None:
        """``identity``: terminal number and environment; ``status``: of the present life, None between two."""
        self._values: defaultdict[str, dict[_Labels, float]] = defaultdict(dict)
        self._selector = selector
        self._status = status
        self._now = now
        self._lost: set[str] = set()
        self._set("countertop_info", 1, VERSION, *identity)
        self._set("countertop_in_service", 0)
        self._set("process_start_time_seconds", now())
        for family in FAMILIES.values():
            if family.kind == "counter" and not family.labels:
                self._set(family.name, 0)

    def hear(self, event: str, values: Mapping[str, Any]) -> None:
        """Something has happened (``Monitor.tell``)."""
        take = _HEARD.get(event)
        if take is not None:
            take(self, values)

    def text(self) -> str:
        """All numbers as they stand now."""
        self._look()
        return "".join(line for family in FAMILIES.values() for line in self._lines(family))

    def _look(self) -> None:
        status = self._status()
        if status is not None:
            self._set("countertop_reversals_open", status.reversals)
            self._set("countertop_offline_waiting", status.offline)
            self._set("countertop_signed_on", status.signed_on)
            for name, values in (("countertop_link_up", _LINKS), ("countertop_link_backup", _BACKUP)):
                self._values[name] = {(): values[status.link]} if status.link in values else {}
        self._set("countertop_loop_stalls_total", self._selector.count)
        self._set("countertop_loop_longest_stall_seconds", self._selector.longest_s)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        self._set("process_cpu_seconds_total", usage.ru_utime + usage.ru_stime)
        with suppress(OSError), open("/proc/self/statm", encoding="ascii") as file:
            self._set("process_resident_memory_bytes", int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))

    def _lines(self, family: Family) -> Iterator[str]:
        samples = self._values[family.name]
        if samples:
            yield f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.kind}\n"
        for labels, value in sorted(samples.items()):
            pairs = ",".join(f'{name}="{_escaped(text)}"' for name, text in zip(family.labels, labels, strict=True))
            yield f"{family.name}{{{pairs}}} {float(value)!r}\n" if pairs else f"{family.name} {float(value)!r}\n"

    def _set(self, name: str, value: float, *labels: str) -> None:
        self._values[name][labels] = value

    def _add(self, name: str, *labels: str) -> None:
        samples = self._values[name]
        samples[labels] = samples.get(labels, 0) + 1

    # --- what is heard ---------------------------------------------------------------------

    def _transaction(self, values: Mapping[str, Any]) -> None:
        if values["state"] in FINAL_STATES:
            self._add("countertop_transactions_total", str(values["kind"]), str(values["state"]))

    def _device(self, values: Mapping[str, Any]) -> None:
        device, state = str(values["device"]), str(values["state"])
        self._set("countertop_device_up", state == "open", device)
        if state == "lost":
            self._lost.add(device)
        elif state == "open" and device in self._lost:
            self._lost.discard(device)
            self._add("countertop_device_reconnects_total", device)

    def _printer(self, values: Mapping[str, Any]) -> None:
        trouble = values["trouble"]
        self._values["countertop_printer_trouble"] = {(str(trouble),): 1} if trouble else {}
        self._set("countertop_printer_paper_low", bool(values["paper_low"]))

    def _self_test(self, values: Mapping[str, Any]) -> None:
        self._add("countertop_self_tests_total", "passed" if values["passed"] else "failed")
        if values["passed"]:
            self._set("countertop_self_test_timestamp_seconds", self._now())

    def _sign_on(self, values: Mapping[str, Any]) -> None:
        self._add("countertop_sign_ons_total", "done" if values["done"] else "failed")

    def _link(self, values: Mapping[str, Any]) -> None:
        way = "backup" if values["backup"] else "primary"
        self._add("countertop_link_changes_total", way if values["up"] else "down")

    def _print(self, values: Mapping[str, Any]) -> None:
        self._add("countertop_slips_printed_total")

    def _life(self, values: Mapping[str, Any]) -> None:
        self._set("countertop_in_service", bool(values["in_service"]))
        if not values["in_service"]:
            self._add("countertop_troubles_total")


_HEARD: Mapping[str, Callable[[Metrics, Mapping[str, Any]], None]] = {
    "transaction": Metrics._transaction,
    "device": Metrics._device,
    "printer": Metrics._printer,
    "self-test": Metrics._self_test,
    "sign-on": Metrics._sign_on,
    "link": Metrics._link,
    "print": Metrics._print,
    "service": Metrics._life,
}


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


async def serve_metrics(host: str, port: int, text: Callable[[], str]) -> asyncio.Server:
    """Answer ``GET /metrics`` on a loopback address. Raises OSError when the port is taken.

    Whoever asks for anything else, too much or too slowly is sent away; the terminal has other things to do.
    """
    watchers: set[asyncio.StreamWriter] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(watchers) >= WATCHERS_MAX:
            writer.close()
            return
        watchers.add(writer)
        try:
            async with asyncio.timeout(REQUEST_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(_response(head, text))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            watchers.discard(writer)
            writer.close()

    return await asyncio.start_server(answer, host, port, limit=REQUEST_BYTES_MAX)


def _response(head: bytes, text: Callable[[], str]) -> bytes:
    method, _, rest = head.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0]
    if method not in (b"GET", b"HEAD"):
        status, body = "405 Method Not Allowed", "Only GET.\n"
    elif path != b"/metrics":
        status, body = "404 Not Found", "See /metrics\n"
    else:
        status, body = "200 OK", text()
    content = body.encode("utf-8")
    lines = (
        f"HTTP/1.1 {status}",
        f"Content-Type: {CONTENT_TYPE}",
        f"Content-Length: {len(content)}",
        "Connection: close",
    )
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + (content if method != b"HEAD" else b"")
