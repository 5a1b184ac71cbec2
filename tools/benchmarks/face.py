"""``countertop benchmark face``: what a person waits for at the screen, on real processes.

- key to frame, browser: from the key's event in the page to the new picture decoded in the page, through the whole
  loop: WebSocket, keypad, terminal, framebuffer, WebSocket;
- key to frame, framebuffer: from the key's bytes at the keypad to the news that the panel's memory holds the screen;
- frame: drawing every screen of the gallery and putting it into the panel's memory, in processor time;
- stall: the longest time that the terminal's loop stood still while it printed a slip as a picture;
- cold start and memory, with the bench (a panel, watched) and without (no display).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from config.devices import Devices, Display
from terminal.screens.displays import displays_of
from tools.benchmarks.terminal import resident_bytes
from tools.counter.panel import Panel
from tools.gallery.scenes import scenes
from tools.rig import Rig, TerminalOptions

__all__ = ["main"]

_MIB = 1 << 20
_EVENT_S = 20.0
KEY_APART_S = 0.06
_PRESS = """new Promise(done => {
  const screen = document.querySelector("#screen");
  new MutationObserver(async (_, observer) => {
    observer.disconnect();
    await screen.decode();
    done(performance.now() - began);
  }).observe(screen, {attributeFilter: ["src"]});
  const began = performance.now();
  document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "%s", bubbles: true}));
})"""
Rows = list[tuple[str, Sequence[float], str, str]]


def main(argv: list[str]) -> int:
    """Measure and print one row a figure; 0 when all could be measured, whatever they are."""
    parser = argparse.ArgumentParser(
        prog="countertop benchmark face",
        description="From a key to the picture, drawing, stalls while printing, start and memory.",
        epilog="examples:\n  countertop benchmark face\n  countertop benchmark face --keys 400 --slips 20",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--keys", type=int, default=200, help="keys to press (default 200)")
    parser.add_argument("--slips", type=int, default=10, help="slips to print (default 10)")
    parser.add_argument("--starts", type=int, default=5, help="cold starts (default 5)")
    arguments = parser.parse_args(argv)
    rows = _frames()
    rows += asyncio.run(_panel(arguments.keys, arguments.slips, arguments.starts))
    rows += asyncio.run(_bare(arguments.starts))
    rows += asyncio.run(_browser(arguments.keys))
    for name, values, unit, aim in rows:
        print(_row(name, values, unit, aim))
    return 0


def _row(name: str, values: Sequence[float], unit: str, aim: str) -> str:
    if not values:
        return f"  {name:<46}not measured: {aim}"
    ordered = sorted(values)
    p99 = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    spread = f"median {statistics.median(values):7.2f}   p99 {p99:7.2f}   max {ordered[-1]:7.2f} {unit}"
    return f"  {name:<46}{spread:<58}{aim and f'aim {aim}'}"


def _frames() -> Rows:
    """Every screen, drawn and copied into a panel's memory, twice; the first time warms the fonts."""
    found: Rows = []
    for size, aim in (("320x240", "< 5 ms"), ("800x480", ""), ("128x64", "")):
        with tempfile.TemporaryDirectory() as folder:
            settings = Display("framebuffer", Panel(Path(folder), size).address)
            (show,) = displays_of(Devices(display=settings))
            screens = [screen for _, screen in scenes("zh")]
            times = []
            for warm in (False, True):
                for screen in screens:
                    began = time.thread_time()
                    show(screen)
                    times += [(time.thread_time() - began) * 1000] if warm else []
            found.append((f"frame drawn and copied, {size}", times, "ms", aim))
    return found


async def _panel(keys: int, slips: int, starts: int) -> Rows:
    """A terminal with a panel, watched as the bench watches it."""
    starts_s, busy_s, memory = [], [], []
    async with Rig() as rig:
        panel = Panel(rig.folder, "320x240")
        rig.terminal.options = TerminalOptions(display={"driver": "framebuffer", "address": panel.address})
        rig.terminal.reach_host_at(rig.host.port)
        for number in range(starts):
            began = time.monotonic()
            await rig.terminal.start()
            await rig.until("idle")
            starts_s.append(time.monotonic() - began)
            busy_s.append(_processor_s(rig.terminal.pid))
            if number < starts - 1:
                await rig.terminal.stop()
        await rig.until_input_devices()
        await rig.press("1")
        await rig.until("sale.amount")
        presses_ms = [await _press(rig, "clear" if number % 2 else "5") for number in range(keys)]
        await rig.type("1200")
        await rig.until("sale.present")
        rig.scan("6220001234567890018")
        await rig.until("outcome.approved")
        printed = _Slips(rig)
        for _ in range(2):
            await printed.next()
        await rig.press("enter")
        await rig.until("idle")
        stalls_ms = [await _reprint(rig, printed) for _ in range(slips)]
        memory.append(resident_bytes(rig.terminal.pid) / _MIB)
    return [
        ("key to frame, framebuffer", presses_ms, "ms", "< 30 ms"),
        ("longest stall while a slip is printed", stalls_ms, "ms", "< 15 ms"),
        ("cold start to idle, with a panel", starts_s, "s", "< 1.0 s"),
        ("its processor time", busy_s, "s", ""),
        ("memory with a panel, watched, slips printed", memory, "MiB", "< 80 MiB"),
    ]


def _processor_s(process: int) -> float:
    """Time that a process has really used: what a machine without other work would need."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class _Slips:
    """Waits for one slip after the other."""

    def __init__(self, rig: Rig) -> None:
        self._monitor = rig.terminal.monitor
        self._seen = 0

    async def next(self) -> None:
        line = await self._monitor.line("print", _EVENT_S, after=self._seen)
        self._seen = self._monitor.story.told.index(line, self._seen) + 1


async def _press(rig: Rig, key: str) -> float:
    monitor = rig.terminal.monitor
    position = monitor.position
    began = time.perf_counter()
    pressing = asyncio.create_task(rig.press(key))
    await monitor.line("screen", _EVENT_S, after=position)
    taken = (time.perf_counter() - began) * 1000
    await pressing
    await asyncio.sleep(KEY_APART_S)
    return taken


async def _stall(rig: Rig) -> float:
    """The longest stall since this was last asked."""
    monitor = rig.terminal.monitor
    position = monitor.position
    monitor.ask_loop()
    return float((await monitor.line("loop", _EVENT_S, after=position))["longest_ms"])


async def _reprint(rig: Rig, printed: _Slips) -> float:
    await rig.press("6")
    await rig.until("menu.print")
    await _stall(rig)
    await rig.press("1")
    await printed.next()
    stall_ms = await _stall(rig)
    await rig.press("enter")
    await rig.until("idle")
    return stall_ms


async def _bare(starts: int) -> Rows:
    """A terminal without a display of its own."""
    starts_s, memory = [], []
    async with Rig() as rig:
        for _ in range(starts):
            began = time.monotonic()
            await rig.terminal.start()
            await rig.until("idle")
            starts_s.append(time.monotonic() - began)
            await rig.until_input_devices()
            memory.append(resident_bytes(rig.terminal.pid) / _MIB)
            await rig.terminal.stop()
    return [
        ("cold start to idle, no display", starts_s, "s", "< 1.0 s"),
        ("memory at rest, no display", memory, "MiB", "< 64 MiB"),
    ]


async def _browser(keys: int) -> Rows:
    """The bench in Chromium."""
    name, aim = "key to frame, browser", "< 30 ms"
    if find_spec("aiohttp") is None:
        return [(name, [], "", "aiohttp is not installed")]
    from tools.bench.browser import CHROMIUM, open_browser
    from tools.bench.server import Bench
    from tools.counter.counter import Choices

    if CHROMIUM is None:
        return [(name, [], "", "Chromium is not installed")]
    times, memory = [], []
    bench = Bench(Choices(), 0)
    try:
        address = await bench.start()
        async with open_browser() as browser:
            page = await browser.page(address)
            await page.screen("idle")
            await bench.counter.ready("keypad")
            await bench.counter.seen.until_signed_on(_EVENT_S)
            await page.key("1")
            await page.screen("sale.amount")
            for number in range(keys):
                times.append(float(await page.run(_PRESS % ("Backspace" if number % 2 else "5"))))
                await asyncio.sleep(KEY_APART_S)
            memory.append(resident_bytes(bench.counter.terminal_pid) / _MIB)
    finally:
        await bench.close()
    return [(name, times, "ms", aim), ("memory of the terminal on the bench", memory, "MiB", "< 80 MiB")]
