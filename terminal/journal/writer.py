"""Where journal work runs: a thread of its own on a device, inline in a simulation.

An fsync on eMMC can take 30 ms, which would lose keys and track data on the loop
(facts/product.md §0). One thread, so that work is done in the order it was asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

__all__ = ["InlineWriter", "ThreadWriter", "Writer"]

T = TypeVar("T")


class Writer(Protocol):
    """Runs blocking work in order and returns what it returned."""

    async def run(self, work: Callable[[], T]) -> T:
        """Do ``work`` and hand back its result or exception."""

    def close(self) -> None:
        """Wait for what was begun; take nothing more."""


class ThreadWriter:
    """One worker thread: what is asked first is durable first."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")

    async def run(self, work: Callable[[], T]) -> T:
        """Do ``work`` in the thread. Shielded: a cancelled caller never leaves half-known work behind."""
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._pool, work))

    def close(self) -> None:
        """Wait for what was begun."""
        self._pool.shutdown(wait=True)


class InlineWriter:
    """Does the work at once, so that a seed decides everything."""

    async def run(self, work: Callable[[], T]) -> T:
        """Do ``work`` here and now."""
        return work()

    def close(self) -> None:
        """Nothing to wait for."""
