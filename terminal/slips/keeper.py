"""Slips of a terminal without a printer: kept as text files, each exactly once, to be read or printed elsewhere.

A job is done when its file is durable; a power cut in between writes the same file again under the same name.
"""

from __future__ import annotations

import asyncio
import os
import unicodedata
from collections.abc import Awaitable, Callable
from pathlib import Path

from terminal.journal import PrintJob, Writer
from terminal.slips.layout import Line, Style
from terminal.slips.spooler import PrintJobs

__all__ = ["SlipKeeper", "slip_text"]

COLUMNS = 40
FOLDER = "slips"


class SlipKeeper:
    """Stands where the spooler stands."""

    def __init__(
        self,
        folder: Path,
        jobs: PrintJobs,
        lines: Callable[[PrintJob, bool], Awaitable[list[Line]]],
        writer: Writer,
        kept: Callable[[PrintJob], None],
    ) -> None:
        self._folder = folder / FOLDER
        self._jobs = jobs
        self._lines = lines
        self._writer = writer
        self._kept = kept
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """A slip may be waiting."""
        self._wake.set()

    async def run(self) -> None:
        """Keep for ever what the journal owes."""
        while True:
            self._wake.clear()
            while (job := await self._jobs.next_job()) is not None:
                await self._keep(job)
            await self._wake.wait()

    async def _keep(self, job: PrintJob) -> None:
        text = slip_text(await self._lines(job, job.reprint))
        stan = job.record.stan if job.record is not None else 0
        path = self._folder / f"{job.batch:06d}-{stan:06d}-{job.what}-{job.id}.txt"
        await self._writer.run(lambda: _write(path, text))
        await self._jobs.done(job.id)
        self._kept(job)


def slip_text(lines: list[Line]) -> str:
    """The slip as plain text, 40 columns wide; Chinese characters count as two."""
    out = []
    for line in lines:
        if line.style is Style.RULE:
            out.append("-" * COLUMNS)
        elif line.style is Style.LOGO:
            continue
        elif line.style in (Style.TITLE, Style.MARK):
            out.append(" " * max((COLUMNS - _width(line.left)) // 2, 0) + line.left)
        else:
            gap = COLUMNS - _width(line.left) - _width(line.right)
            out.append(f"{line.left}{' ' * max(gap, 1)}{line.right}".rstrip() if line.right else line.left)
    return "\n".join(out) + "\n"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _write(path: Path, text: str) -> None:
    """A whole file or none: written aside, made durable, then named."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    aside = path.with_suffix(".new")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
