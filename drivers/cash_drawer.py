"""The cash drawer behind a printer (UnifiedPOS CashDrawer): a pulse opens it, a switch says whether it is open.

Most drawers are opened with the slip itself; this is for opening one without. The level of the switch for "open"
differs from drawer to drawer, so it is a setting, and without one "open" stays unknown.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

from drivers.device import Emit
from drivers.events import DeviceState
from drivers.health import Health, HealthLevel, Verdict
from drivers.printer import Printer, PrinterTrouble

__all__ = ["KICKS", "CashDrawer"]

KICKS = {2: b"\x1bp\x00\x19\xfa", 5: b"\x1bp\x01\x19\xfa"}
"""ESC p by the connector's pin: 50 ms on, 500 ms off."""


class CashDrawer:
    """Opened through its printer, whose life it shares."""

    def __init__(
        self, name: str, printer: Printer, pin: Literal[2, 5] = 2, open_level: Literal["high", "low"] | None = None
    ) -> None:
        self.name = name
        self.statistics: Counter[str] = Counter()
        self._printer = printer
        self._pin: Literal[2, 5] = pin
        self._open_level = open_level

    @property
    def state(self) -> DeviceState:
        """That of the printer it hangs on."""
        return self._printer.state

    def start(self, emit: Emit) -> None:
        """Nothing to do: the printer looks for itself and tells of itself."""

    async def close(self) -> None:
        """Nothing to let go."""

    def look_again(self) -> None:
        """The printer does."""

    async def opened(self) -> bool | None:
        """Whether it stands open; None where that cannot be known. Raises PrinterTrouble."""
        level = (await self._printer.status()).drawer_high
        if self._open_level is None or level is None:
            return None
        return level is (self._open_level == "high")

    async def open(self) -> bool | None:
        """Open it; whether it is open now, as far as that can be known. Raises PrinterTrouble."""
        try:
            await self._printer.write(KICKS[self._pin], lambda sent: None)
            opened = await self.opened()
        except PrinterTrouble:
            self.statistics["DrawerFailedOpenCount"] += 1
            raise
        self.statistics["DrawerFailedOpenCount" if opened is False else "DrawerGoodOpenCount"] += 1
        return opened

    async def check_health(self, level: HealthLevel) -> Health:
        """Internal: ask the switch. External and interactive: open it."""
        try:
            opened = await (self.opened() if level is HealthLevel.INTERNAL else self.open())
        except PrinterTrouble as trouble:
            return Health(level, Verdict.BAD, str(trouble), trouble.remedy)
        if opened is None:
            return Health(level, Verdict.UNKNOWN, f"{self.name} does not tell whether it is open: look at it.")
        if level is not HealthLevel.INTERNAL and not opened:
            return Health(
                level,
                Verdict.BAD,
                f"{self.name} did not open.",
                "Check its cable, its lock, and its pin.",
            )
        return Health(level, Verdict.GOOD, f"{self.name} is {'open' if opened else 'closed'}.")
