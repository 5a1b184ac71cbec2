"""Waiting for something that has been told, with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from tools.rig.errors import RigError

__all__ = ["Story"]

T = TypeVar("T")
KEPT_MAX = 100_000


class Story(Generic[T]):
    """Everything that was told, in order, and a way to wait for what is still to come."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.told: list[T] = []
        self._changed = asyncio.Event()

    def tell(self, item: T) -> None:
        """Add an item and wake whoever waits."""
        assert len(self.told) < KEPT_MAX, "a rig's story is bounded"
        self.told.append(item)
        self._changed.set()

    async def until(self, wanted: Callable[[T], bool], timeout_s: float, *, after: int = 0, what: str = "") -> T:
        """The first item from position ``after`` on that is wanted. Raises RigError at the deadline."""
        position = after
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    while position < len(self.told):
                        if wanted(self.told[position]):
                            return self.told[position]
                        position += 1
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise RigError(f"{self.name}: waited {timeout_s:.0f} s in vain for {what or 'an event'}.") from None
