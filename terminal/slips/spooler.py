"""The spooler: slips from the journal to paper, each exactly once.

A job is durable before its first byte and after its last. What was interrupted in between is
printed again from its beginning and marked as a duplicate: the merchant may hold half of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from drivers.printer import PrinterStatus, PrinterTrouble
from terminal.journal import PrintJob

__all__ = ["PrintJobs", "SlipPrinter", "Spooler"]

RETRY_FIRST_S, RETRY_MAX_S = 1.0, 30.0


class PrintJobs(Protocol):
    """The journal's side: which slips are owed and how far they have come."""

    async def next_job(self) -> PrintJob | None: ...
    async def started(self, job: int, total: int) -> None: ...
    async def withdrawn(self, job: int) -> None: ...
    async def progress(self, job: int, bytes_done: int) -> None: ...
    async def done(self, job: int) -> None: ...


class SlipPrinter(Protocol):
    """The printer as the spooler needs it."""

    async def status(self) -> PrinterStatus: ...
    async def write(self, data: bytes, progress: Callable[[int], None]) -> None: ...


class Spooler:
    """Prints what the journal owes; never holds up a sale."""

    def __init__(
        self,
        printer: SlipPrinter | None,
        jobs: PrintJobs,
        draw: Callable[[PrintJob, bool], Awaitable[bytes]],
        trouble: Callable[[str | None], None],
        printed: Callable[[PrintJob], None],
    ) -> None:
        self._printer = printer
        self._jobs = jobs
        self._draw = draw
        self._trouble = trouble
        self._printed = printed
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """A slip may be waiting."""
        self._wake.set()

    async def run(self) -> None:
        """Print for ever; without a printer the slips stay owed."""
        if self._printer is None:
            return
        delay = RETRY_FIRST_S
        while True:
            self._wake.clear()
            try:
                while (job := await self._jobs.next_job()) is not None:
                    await self._print(self._printer, job)
                    self._trouble(None)
                    delay = RETRY_FIRST_S
            except PrinterTrouble as trouble:
                self._trouble(str(trouble.reason))
                with suppress(TimeoutError):
                    async with asyncio.timeout(delay):
                        await self._wake.wait()
                delay = min(delay * 2, RETRY_MAX_S)
                continue
            await self._wake.wait()

    async def _print(self, printer: SlipPrinter, job: PrintJob) -> None:
        _require(await printer.status())
        duplicate = job.reprint or job.started
        data = await self._draw(job, duplicate)
        await self._jobs.started(job.id, len(data))
        # A power cut from here on may leave part of a slip: the next try says DUPLICATE.
        sent = 0

        def progress(count: int) -> None:
            nonlocal sent
            sent = count

        try:
            await printer.write(data, progress)
            _require(await printer.status())
        except PrinterTrouble:
            # What an earlier try may have left on paper is still there when this one leaves nothing.
            untouched = not sent and not job.started
            await (self._jobs.withdrawn(job.id) if untouched else self._jobs.progress(job.id, sent))
            raise
        await self._jobs.done(job.id)
        self._printed(job)


def _require(status: PrinterStatus) -> None:
    if status.trouble is not None:
        raise PrinterTrouble(status.trouble)
