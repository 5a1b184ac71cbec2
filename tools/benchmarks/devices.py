"""``countertop benchmark devices``: what the device layer costs, over socket pairs with the kernel's own event format.

- swipe to event, scan to event: from the last key of a pass or code (Enter) to the event the flow gets;
- loop stall: the longest time the loop did not look at its devices while a reader and a scanner type at 1 ms a key,
  raster slips are drawn and printed, and TLS exchanges run one after the other, all at once;
- memory: what the device layer adds to a Python that has only asyncio.

``make hardware-bench`` measures the same through the kernel's input core, in an emulated machine many times slower.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from drivers.device import Emit
from drivers.evdev_device import EvdevDevice
from drivers.events import DriverEvent, MisScan, MisSwipe, Scan, Swipe
from drivers.msr import MagneticStripeReader
from drivers.printer import Printer
from drivers.scanner import Scanner
from terminal.slips.escpos import escpos_bytes
from terminal.slips.layout import Line, Style
from terminal.slips.profile import PrinterProfile
from tools.benchmarks.far_end import HOST, FarEnd, exchange
from tools.hardware_bench.pace import Typist
from tools.hardware_bench.uinput import reports

__all__ = ["main"]

KEY_S = 0.001
CODE = "62012345678901234567"
TRACK2 = "6200000000000005=49121010000000{:06d}"
EVENT_S = 10.0
AIM_EVENT_MS, AIM_STALL_MS = 3.0, 15.0
SLIP = [Line("示范商店 Corner Shop", style=Style.TITLE), *[Line("消费 Sale", "RMB 128.50")] * 20]
_LAYERS = {
    "asyncio alone": "import asyncio",
    "keypad, reader, scanner": "import asyncio, drivers.keypad, drivers.msr, drivers.scanner",
    "and a printer on the network": "import asyncio, drivers.keypad, drivers.msr, drivers.scanner, drivers.printer",
    "and USB and serial lines": "import asyncio, drivers.keypad, drivers.msr, drivers.scanner, drivers.printer, "
    "drivers.usb_port, usb.core, usb.backend.libusb1, serial",
}


def main(argv: list[str]) -> int:
    """Measure and print one row a figure; 0 when all could be measured, whatever they are."""
    parser = argparse.ArgumentParser(
        prog="countertop benchmark devices",
        description="From the last key to the event, stalls of the loop under load, memory of the device layer.",
        epilog="examples:\n  countertop benchmark devices\n  countertop benchmark devices --times 500",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--times", type=int, default=100, help="swipes and scans (default 100)")
    arguments = parser.parse_args(argv)
    times = max(1, arguments.times)
    for kind in ("swipe", "scan"):
        _row(f"last key of a {kind} to its event", asyncio.run(_latency_ms(kind, times)), "ms", AIM_EVENT_MS)
    turns = _Turns()
    with (
        tempfile.TemporaryDirectory() as folder,
        FarEnd(Path(folder)) as end,
        asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(turns)) as runner,
    ):
        runner.run(_load(2, end))  # loads what slips are drawn with
        turns.clear()
        got, lost, done_s = runner.run(_load(times, end))
    print(f"  under load: {got} swipes and scans at 1 ms a key in {done_s:.1f} s, {lost} of them lost")
    _row("turn of the loop under load", turns.wall_ms, "ms", AIM_STALL_MS)
    _row("  of which its own work", turns.work_ms, "ms", AIM_STALL_MS)
    before = 0.0
    for name, imports in _LAYERS.items():
        now = _resident_mib(imports)
        print(f"  memory, {name:<32}{now:6.1f} MiB{f'  (+{now - before:.1f})' if before else ''}")
        before = before or now
    return 0


class _Turns(selectors.DefaultSelector):
    """How long each turn of the loop took: by the clock, and by the processor's time that the loop itself used.

    The first is what a reader's keys have to wait; on a machine that others use too, it is also theirs.
    """

    def __init__(self) -> None:
        super().__init__()
        self.wall_ms: list[float] = []
        self.work_ms: list[float] = []
        self._since = (time.perf_counter(), time.thread_time())

    def clear(self) -> None:
        """Forget what was."""
        self.wall_ms.clear()
        self.work_ms.clear()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        """Wait for file descriptors."""
        self.wall_ms.append((time.perf_counter() - self._since[0]) * 1000)
        self.work_ms.append((time.thread_time() - self._since[1]) * 1000)
        ready = super().select(timeout)
        self._since = (time.perf_counter(), time.thread_time())
        return ready


class _Typed:
    """A driver at one end of a socket pair."""

    def __init__(self, kind: str) -> None:
        ours, theirs = socket.socketpair()
        self.end = ours
        address = f"fd:{theirs.fileno()}"
        self.driver: EvdevDevice = (
            MagneticStripeReader("msr", address) if kind == "swipe" else Scanner("scanner", address)
        )
        self._theirs = theirs
        self.events: asyncio.Queue[tuple[DriverEvent, float]] = asyncio.Queue()
        self.text: Callable[[int], str] = lambda number: (
            f";{TRACK2.format(number)}?" if kind == "swipe" else f"{CODE}{number:06d}"
        )

    def start(self) -> None:
        emit: Emit = self._emit
        self.driver.start(emit)

    def _emit(self, event: DriverEvent) -> None:
        if isinstance(event, Swipe | Scan | MisSwipe | MisScan):
            self.events.put_nowait((event, time.perf_counter()))

    async def close(self) -> None:
        await self.driver.close()
        self.end.close()
        self._theirs.close()


async def _latency_ms(kind: str, times: int) -> list[float]:
    typed = _Typed(kind)
    typed.start()
    took = []
    for number in range(times):
        *most, down, up = reports(typed.text(number))
        for report in most:
            typed.end.send(report)
            await asyncio.sleep(KEY_S)
        began = time.perf_counter()
        typed.end.send(down)
        async with asyncio.timeout(EVENT_S):
            event, at = await typed.events.get()
        assert isinstance(event, Swipe | Scan), "a whole pass gives a whole event"
        took.append((at - began) * 1000)
        typed.end.send(up)
    await typed.close()
    return took


async def _load(times: int, end: FarEnd) -> tuple[int, int, float]:
    """Reader and scanner type, slips are printed, exchanges run; events, how many of them torn, seconds."""
    began = time.monotonic()
    printer = Printer("printer", f"tcp:{HOST}:{end.printer_port}", "epson")
    printer.start(lambda event: None)
    others = [asyncio.create_task(_print(printer)), asyncio.create_task(_exchange(end))]
    results = await asyncio.gather(*(_typing(kind, times) for kind in ("swipe", "scan")))
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await printer.close()
    return sum(got for got, _ in results), sum(lost for _, lost in results), time.monotonic() - began


async def _typing(kind: str, times: int) -> tuple[int, int]:
    typed = _Typed(kind)
    typed.start()
    typist = Typist(typed.end.fileno())
    got = lost = 0
    for number in range(times):
        typist.type(reports(typed.text(number)), KEY_S)
        async with asyncio.timeout(EVENT_S):
            event, _ = await typed.events.get()
        await asyncio.to_thread(typist.typed)
        whole = isinstance(event, Swipe | Scan)
        got, lost = got + whole, lost + (not whole)
    typist.end()
    await typed.close()
    return got, lost


async def _print(printer: Printer) -> None:
    while True:
        data = await asyncio.to_thread(escpos_bytes, SLIP, PrinterProfile())
        await printer.write(data, lambda sent: None)


async def _exchange(end: FarEnd) -> None:
    while True:
        await exchange(end)


def _resident_mib(imports: str) -> float:
    script = f"{imports}\nprint(open('/proc/self/statm').read().split()[1])"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60, env=environment
    )
    return int(done.stdout) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def _row(name: str, values: Sequence[float], unit: str, aim: float) -> None:
    ordered = sorted(values)
    late = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    spread = f"median {statistics.median(values):7.2f}   99 % {late:7.2f}   max {ordered[-1]:7.2f} {unit}"
    print(f"  {name:<34}{spread:<62}aim < {aim:g} {unit}")
