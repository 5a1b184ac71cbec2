"""A virtual year at one counter: trade, settlement, power cuts and quiet nights, with memory watched (L7)."""

from __future__ import annotations

import asyncio
import gc
import resource
from pathlib import Path

from tools.simulation.campaign import working_folder
from tools.simulation.clerk import Reference
from tools.simulation.faults import Fault
from tools.simulation.scenario import Operation, Scenario
from tools.simulation.world import World

__all__ = ["Year", "run"]

SALES_A_DAY = 3
DAY_S = 86_400.0
WARM_DAYS = 20
GROWTH_MAX_BYTES = 32 << 20
"""What the host's book and the trace of a year may take; a leak in the terminal takes more."""
_PAGE_BYTES = resource.getpagesize()


class Year(World):
    """Day after day: three sales, now and then a fault, each tenth day a power cut, each night a settlement."""

    def __init__(self, folder: Path, days: int) -> None:
        overrides = {"pin": '"never"', "response_s": "20.0"}
        super().__init__(Scenario(365, overrides, ()), folder)
        self._days = days
        self.memory: list[int] = []
        """Resident bytes at the end of each day."""

    async def whole(self) -> None:
        """The year."""
        self.machine.switch_on()
        for day in range(self._days):
            await self._day(day)
            if day % 10 == 9:
                gc.collect()
            self.memory.append(_resident())
        await self.rest()

    async def _day(self, day: int) -> None:
        began = self.loop.time()
        for sale in range(SALES_A_DAY):
            if (day + sale) % 5 == 0:
                self.network.script = [Fault.ANSWER_LOST]
            amount = 100 + day * SALES_A_DAY + sale
            await self.clerk.perform(Operation("sale", amount), Reference())
            await asyncio.sleep(60.0)
        if day % 10 == 5:
            await self.machine.switched_off("random")
            self.watcher.dark()
            self.clerk.gone()
            self.result.cuts += 1
            self.machine.switch_on()
        self.network.script.clear()
        await self.clerk.perform(Operation("settle_flow"), Reference())
        await asyncio.sleep(max(DAY_S - (self.loop.time() - began), 0.0))


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE_BYTES


def run(days: int) -> int:
    """Live through so many days; 0 when nothing diverged and memory did not grow."""
    with working_folder() as folder:
        year = Year(folder, days)
        result = year.run(year.whole)
    settled = year.memory[min(WARM_DAYS, len(year.memory) - 1)]
    growth = year.memory[-1] - settled
    print(
        f"{result.virtual_s / DAY_S:.1f} virtual days, {result.transactions} transactions, {result.cuts} power cuts, "
        f"{result.messages} messages; resident memory {settled >> 20} MiB after {WARM_DAYS} days, "
        f"{year.memory[-1] >> 20} MiB at the end."
    )
    for finding in result.findings:
        print(f"  {finding.invariant} {finding.text}")
    return int(bool(result.findings) or growth > GROWTH_MAX_BYTES)
