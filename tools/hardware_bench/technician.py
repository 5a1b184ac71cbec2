"""A technician who loads the master key from a device at the line: looks at the screen and does what it asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from keys import Secret
from tools.key_loader import Line, load
from tools.rig.errors import RigError
from tools.rig.monitor import Monitor
from tools.rig.operator import Hands
from tools.rig.patience import PATIENCE

__all__ = ["Technician", "deliver"]

LOAD_S = 30.0 * PATIENCE
"""A loading that has not come to its end by then hangs."""
AGAIN_S = 2.5 * PATIENCE
"""After so long without another screen keys were lost. Not sooner: a password takes its time to prove."""
_ENDS = ("ceremony.stored", "ceremony.cancelled", "ceremony.expired", "ceremony.refused", "ceremony.locked", "refused")
_FIRST, _SECOND = ("11", "40917263"), ("22", "58203714")
_WAITS = frozenset({"", "starting", "processing", "ceremony.connect", "ceremony.delivery", "ceremony.storing"})
_MENUS = {"idle": "9", "menu.technician": "4", "menu.keys": "3"}


class Technician:
    """Both custodians, too: they are enrolled at the first loading."""

    def __init__(self, monitor: Callable[[], Monitor], hands: Hands) -> None:
        self._monitor = monitor
        self._hands = hands
        self._custodian = _FIRST
        self._enrolled = 0

    async def begin(self) -> None:
        """As far as the screen that waits for the device."""
        await self._until("ceremony.connect")

    async def finish(self) -> tuple[str, str]:
        """From there to an end and back to the idle screen: the end's screen, and everything it says.

        A key that was on its way may have wiped it off at once. Empty when there was none: nobody came.
        """
        after = self._monitor().position
        await self._until(*_ENDS, "idle")
        await self._until("idle", leaving=True)
        told = [
            line for line in self._monitor().story.told[after:] if line["type"] == "screen" and line["name"] in _ENDS
        ]
        return (str(told[0]["name"]), str(told[0])) if told else ("", "")

    async def _until(self, *names: str, leaving: bool = False) -> None:
        tried, deadline = "", asyncio.get_running_loop().time() + LOAD_S
        while (name := self._screen) not in names:
            if asyncio.get_running_loop().time() > deadline:
                raise RigError(
                    f"The terminal hangs on the way to {' or '.join(names)}; it shows: {self._monitor().screen}"
                )
            if name not in _WAITS:
                await self._act(name, again=name == tried, leaving=leaving)
            tried = name
            await self._changed(name)

    @property
    def _screen(self) -> str:
        return str(self._monitor().screen.get("name", ""))

    async def _act(self, name: str, *, again: bool, leaving: bool) -> None:
        if name.startswith("menu.") and (leaving or name not in _MENUS):  # a green key may come when idle is back
            await self._hands.press("cancel")
            return
        if name in _MENUS:
            await self._hands.press(_MENUS[name])
            return
        # What was typed without coming through whole is typed again.
        await self._hands.press(*["clear"] * (2 if again else 0), *self._digits(name), "enter")

    def _digits(self, name: str) -> str:
        match name:
            case "custodian.saved":
                self._enrolled = 1
            case "ceremony.first-custodian":
                self._custodian = _FIRST
            case "ceremony.second-custodian":
                self._custodian = _SECOND
            case "custodian.number":
                self._custodian = (_FIRST, _SECOND)[self._enrolled]
            case "custodian.new" | "custodian.again" | "ceremony.password":
                return self._custodian[1]
            case _:
                return ""
        return self._custodian[0] if name != "custodian.saved" else ""

    async def _changed(self, before: str) -> None:
        """Wait for another screen, not for ever."""
        monitor = self._monitor()
        if self._screen == before:
            with suppress(RigError):
                await monitor.story.until(
                    lambda line: line["type"] == "screen" and line["name"] != before,
                    AGAIN_S,
                    after=monitor.position,
                    what="another screen",
                )


def deliver(port: str, key: bytes, check_value: str) -> bool:
    """The device's part: whether the terminal has told it that the key is stored. Raises OSError and KeysError."""
    plan = {"slot": "tmk", "components": 1, "expected_kcv": check_value}
    with Line(port) as line, Secret(bytearray(key)) as secret:
        return load(line, [secret], plan, lambda number: True, lambda text: None) == 0
