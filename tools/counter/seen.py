"""What has been seen at the counter, and how a story waits for it: for events, never for time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from tools.rig import RigError

__all__ = ["Seen"]

SCREENS_KEPT = 500


class Seen:
    """Screens in their order, whole slips, the end of the roll, and what the bank has charged."""

    def __init__(self) -> None:
        self.slips = 0
        """Whole slips that have come out."""
        self.roll_ended = False
        self.charged_minor = 0
        self.signed_on = False
        self._screens: deque[str] = deque(maxlen=SCREENS_KEPT)
        self._passed = 0
        """How many screens there have been."""
        self._reached = 0
        """The screen that a story has waited for last."""
        self._changed = asyncio.Event()

    def screen(self, name: str, *, signed_on: bool) -> None:
        """A screen has come up; ``dark`` when there is none."""
        self._screens.append(name)
        self._passed += 1
        self.signed_on = signed_on
        self._changed.set()

    def changed(self) -> None:
        """One of the values is new."""
        self._changed.set()

    def from_here(self) -> None:
        """Forget what has been: only the present screen and those to come are waited for."""
        self._reached = max(self._passed - 1, 0)

    async def until_screen(self, name: str, timeout_s: float) -> None:
        """Wait for a screen, from the last one that was waited for on; a name ending with a dot: any below it.

        Also one that has already gone again is found. Raises RigError.
        """

        def found() -> bool:
            first = self._passed - len(self._screens)
            for place in range(max(self._reached, first), self._passed):
                shown = self._screens[place - first]
                if shown == name or (name.endswith(".") and shown.startswith(name)):
                    self._reached = place
                    return True
            return False

        await self._until(found, timeout_s, lambda: f"The terminal does not show {name}; it shows {self._last()}.")

    async def until_slips(self, count: int, timeout_s: float) -> None:
        """Wait until so many whole slips have come out since the counter opened. Raises RigError."""
        await self._until(lambda: self.slips >= count, timeout_s, lambda: f"Only {self.slips} of {count} slips came.")

    async def until_roll_ended(self, timeout_s: float) -> None:
        """Wait until there is no paper left. Raises RigError."""
        await self._until(lambda: self.roll_ended, timeout_s, lambda: "The roll has not ended.")

    async def until_charged(self, amount_minor: int, timeout_s: float) -> None:
        """Wait until the host has charged so much in all, and no more. Raises RigError."""
        await self._until(
            lambda: self.charged_minor == amount_minor,
            timeout_s,
            lambda: f"The bank has charged {self.charged_minor}, not {amount_minor}.",
        )

    async def until_signed_on(self, timeout_s: float) -> None:
        """Wait until the terminal has its keys of the day. Raises RigError."""
        await self._until(lambda: self.signed_on, timeout_s, lambda: "The terminal does not sign on.")

    def _last(self) -> str:
        return self._screens[-1] if self._screens else "nothing"

    async def _until(self, reached: Callable[[], bool], timeout_s: float, trouble: Callable[[], str]) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                while not reached():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise RigError(trouble(), "Take what is in its way, and try again.") from None
