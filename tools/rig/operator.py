"""An operator who does not give up: looks at the screen and does what it asks for, whatever was lost on the way there.

A key that did not come through is pressed again, an amount that is not the one wanted is typed again, a card is
swiped again. So a sale comes to its end with any cable pulled at any moment; if it does not, the terminal hangs.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from tools.rig.errors import RigError
from tools.rig.monitor import Monitor
from tools.rig.patience import PATIENCE

__all__ = ["Hands", "Operator", "slips_on"]

SALE_S = 90.0 * PATIENCE
"""A sale that has not come to its end by then hangs."""
LOOK_S = 1.5
"""How long a person waits for the screen to change before doing the same again."""
_DONE = "outcome."
_NONE = ""
"""Before the first screen."""
_BUSY = frozenset({"processing", "outcome.undoing", "starting", _NONE})
_VOUCHER = re.compile(rb"VOUCHER NO\D*(\d{6})")
_BEGIN, _END = b"\x1b@", b"\x1dV"


class Hands(Protocol):
    """How the operator touches things; into the void when a device is out."""

    async def press(self, *keys: str) -> None: ...
    async def present(self) -> None: ...


class Operator:
    """Sells, through a terminal's screen and somebody's hands."""

    def __init__(self, monitor: Callable[[], Monitor], hands: Hands) -> None:
        self._monitor = monitor
        self._hands = hands
        self.outcomes: Counter[str] = Counter()
        """How often a sale ended on which screen."""

    async def sell(self, amount_minor: int) -> str:
        """One sale from the idle screen to its outcome and back; the name of the outcome's screen."""
        async with asyncio.timeout(SALE_S):
            while not (name := await self._settled()).startswith(_DONE):
                await self._act(name, amount_minor)
                await self._changed()
            self.outcomes[name] += 1
            while await self._settled() == name:
                await self._hands.press("enter")
                await self._changed()
        return name

    async def until_asked_for_a_card(self, amount_minor: int) -> None:
        """As far as the screen that asks for one."""
        async with asyncio.timeout(SALE_S):
            while (name := await self._settled()) != "sale.present":
                await self._act(name, amount_minor)
                await self._changed()

    async def until_printed(self) -> None:
        """Wait until both copies of every payment that was approved are on paper."""
        story = self._monitor().story

        def printed() -> int:
            return sum(line["type"] == "print" for line in story.told)

        while printed() < 2 * self.outcomes["outcome.approved"]:
            await story.until(lambda line: line["type"] == "print", SALE_S, after=len(story.told), what="a slip")

    async def replug(
        self, name: str, unplug: Callable[[], Awaitable[Any]], plug: Callable[[], Awaitable[Any]], out_s: float
    ) -> float:
        """Pull a device out and put it back after a while; seconds from there until the terminal has it again."""
        loop, monitor = asyncio.get_running_loop(), self._monitor()
        after = monitor.position
        await unplug()
        await asyncio.sleep(out_s)
        began = loop.time()
        await plug()
        lost = await self._device(name, "lost", after)
        await self._device(name, "open", monitor.story.told.index(lost, after))
        return loop.time() - began

    async def _device(self, name: str, state: str, after: int) -> dict[str, Any]:
        return await self._monitor().story.until(
            lambda line: line["type"] == "device" and line["device"] == name and line["state"] == state,
            SALE_S,
            after=after,
            what=f"{name} {state}",
        )

    async def until_open(self, *names: str) -> None:
        """Wait until the terminal has all these devices."""
        for name in names:
            await self._device(name, "open", 0)

    async def _act(self, name: str, amount_minor: int) -> None:
        match name:
            case "idle":
                await self._hands.press("1")
            case "sale.amount":
                await self._type(str(amount_minor))
            case "sale.present":
                await self._hands.present()
            case "menu.main":  # a green key came to the idle screen
                await self._hands.press("cancel")
            case _:
                await self._hands.press("enter")

    async def _type(self, digits: str) -> None:
        """An amount, looked at before the green key; another one is typed again at the next try."""
        monitor = self._monitor()
        if (shown := _digits(monitor.screen)) != digits:
            after = monitor.position
            await self._hands.press(*["clear"] * len(shown), *digits)
            with suppress(RigError):
                await monitor.story.until(lambda line: _digits(line) == digits, LOOK_S, after=after, what="the amount")
        if _digits(monitor.screen) == digits:
            await self._hands.press("enter")

    async def _settled(self) -> str:
        """The screen that waits for somebody."""
        if self._monitor().screen.get("name", _NONE) in _BUSY:
            await self._next(lambda name: name not in _BUSY, SALE_S)
        return str(self._monitor().screen.get("name"))

    async def _changed(self) -> None:
        """Wait for another screen, not for ever."""
        before = self._monitor().screen.get("name")
        with suppress(RigError):
            await self._next(lambda name: name != before, LOOK_S)

    async def _next(self, wanted: Callable[[str], bool], timeout_s: float) -> None:
        monitor = self._monitor()
        await monitor.story.until(
            lambda line: line["type"] == "screen" and wanted(line["name"]),
            timeout_s,
            after=monitor.position,
            what="another screen",
        )


def _digits(screen: Mapping[str, Any]) -> str:
    return re.sub(r"\D", "", str(screen.get("amount", ""))).lstrip("0")


def slips_on(paper: bytes) -> Counter[tuple[str, bool, bool]]:
    """Whole slips on a paper of text: voucher, whether it is the merchant's copy, whether it says DUPLICATE.

    A slip that was cut off ends where the next begins, and is none.
    """
    found: Counter[tuple[str, bool, bool]] = Counter()
    for piece in paper.split(_BEGIN)[1:]:
        slip, cut, _ = piece.partition(_END)
        if cut and (voucher := _VOUCHER.search(slip)) is not None:
            found[voucher[1].decode("ascii"), b"MERCHANT COPY" in slip, b"DUPLICATE" in slip] += 1
    return found
