"""``countertop benchmark terminal``: what a person at the counter waits for, on real processes.

- cold start: from the start of the process to the idle screen, journal recovered and vault open;
- resident memory: of the terminal process at rest, and after the sales;
- swipe to first byte: from the last input event of a swipe to the first byte of the request at the host: the card
  is read, the intent is durable, the message is sealed, the connection is up.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drivers.once import SAME_S
from tools.rig.rig import Rig
from tools.rig.terminal import TerminalOptions

__all__ = ["main", "resident_bytes"]

_NO_PIN = TerminalOptions(overrides={"pin": "never"})
_AMOUNT_MINOR = 1200
_EVENT_S = 15.0
_AIMS = {"cold start": "< 1.0 s", "memory": "< 64 MiB", "swipe": "< 5 ms"}
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class _Figures:
    starts_s: Sequence[float]
    idle_bytes: Sequence[int]
    swipes_s: Sequence[float]
    after_bytes: int
    commits_s: Sequence[float]


def main(argv: list[str]) -> int:
    """Measure and print one row a figure; 0 when all could be measured, whatever they are."""
    parser = argparse.ArgumentParser(
        prog="countertop benchmark terminal",
        description="Start, memory, and from the swipe to the first byte, on real processes.",
        epilog="examples:\n  countertop benchmark terminal\n  countertop benchmark terminal --starts 20 --swipes 100",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--starts", type=int, default=5, help="cold starts to measure (default 5)")
    parser.add_argument("--swipes", type=int, default=20, help="sales to measure (default 20)")
    arguments = parser.parse_args(argv)
    figures = asyncio.run(_measure(max(1, arguments.starts), max(1, arguments.swipes)))
    for row in _rows(figures):
        print(row)
    return 0


async def _measure(starts: int, swipes: int) -> _Figures:
    starts_s, idle_bytes = [], []
    async with Rig(_NO_PIN) as rig:
        for _ in range(starts):
            began = time.monotonic()
            await rig.terminal.start()
            await rig.until("idle")
            starts_s.append(time.monotonic() - began)
            await rig.until_input_devices()
            idle_bytes.append(resident_bytes(rig.terminal.pid))
            if len(starts_s) < starts:
                await rig.terminal.stop()
        swipes_s = [await _swipe(rig) for _ in range(swipes)]
        after_bytes = resident_bytes(rig.terminal.pid)
    return _Figures(starts_s, idle_bytes, swipes_s, after_bytes, _commits_s(swipes))


async def _swipe(rig: Rig) -> float:
    """One approved sale without PIN; seconds from the last event of the swipe to the first byte at the host."""
    await rig.until("idle")
    await rig.until_card_wanted(_AMOUNT_MINOR)
    position = len(rig.host.events.told)
    rig.swipe("signature")
    swiped_ns = time.monotonic_ns()
    arrived = await rig.host.event("first-byte", _EVENT_S, after=position)
    await rig.until("outcome.approved")
    await rig.press("enter")
    await asyncio.sleep(SAME_S)  # the same card sooner is a double swipe
    return float(arrived["at_ns"] - swiped_ns) / 1e9


def resident_bytes(process: int) -> int:
    """Memory of a process that is in use."""
    pages = int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _commits_s(times: int) -> list[float]:
    """What one durable write costs on this disk: the floor under a journal-first terminal."""
    figures = []
    with tempfile.TemporaryFile() as file:
        for _ in range(times):
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            figures.append(time.perf_counter() - began)
    return figures


def _rows(figures: _Figures) -> list[str]:
    def row(name: str, values: Sequence[float], unit: str, aim: str = "") -> str:
        spread = f"median {statistics.median(values):8.2f}   min {min(values):8.2f}   max {max(values):8.2f} {unit}"
        return f"  {name:<34}{spread:<62}{aim and f'aim {aim}'}"

    def milli(values: Sequence[float]) -> list[float]:
        return [value * 1000 for value in values]

    def mebi(values: Sequence[int]) -> list[float]:
        return [value / _MIB for value in values]

    count, after = len(figures.swipes_s), [figures.after_bytes]
    return [
        row("cold start to the idle screen", figures.starts_s, "s", _AIMS["cold start"]),
        row("resident memory, idle", mebi(figures.idle_bytes), "MiB", _AIMS["memory"]),
        row(f"resident memory, {count} sales later", mebi(after), "MiB", _AIMS["memory"]),
        row("last swipe event to first byte", milli(figures.swipes_s), "ms", _AIMS["swipe"]),
        row("one durable write of this disk", milli(figures.commits_s), "ms"),
    ]
