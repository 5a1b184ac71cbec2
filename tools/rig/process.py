"""A real process of this project, started, watched and killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.rig.errors import RigError
from tools.rig.patience import PATIENCE

__all__ = ["Child"]

ROOT = Path(__file__).resolve().parents[2]
STOP_S = 5.0 * PATIENCE
READY_S = 20.0 * PATIENCE
LOG_TAIL_LINES = 12


class Child:
    """One run of ``countertop COMMAND …``; its standard error goes to a log file."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self._arguments = tuple(arguments)
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self.module: tuple[str, ...] = ("tools",)
        """What Python runs: the command, or a module that changes something and then is the command."""
        self.under: tuple[str, ...] = ()
        """What runs Python, such as a tracer with its options."""

    @property
    def pid(self) -> int:
        """Process id. Raises RigError when it does not run."""
        if self._process is None or self._process.returncode is not None:
            raise RigError(f"The {self.name} does not run.", self._tail())
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the process."""
        assert not self.running, f"the {self.name} runs already"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.under,
                sys.executable,
                "-m",
                *self.module,
                *self._arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=environment,
            )

    async def line(self) -> str:
        """The next line of standard output. Raises RigError when the process ends or says nothing."""
        assert self._process is not None, f"the {self.name} has not been started"
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(READY_S):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise RigError(f"The {self.name} said nothing for {READY_S:.0f} s.", self._tail()) from None
        if not line:
            raise RigError(f"The {self.name} ended before it was ready.", self._tail())
        return line.decode("utf-8", "replace").strip()

    async def kill(self) -> None:
        """SIGKILL: for the process, a power cut."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """SIGTERM, and SIGKILL when that is not obeyed; the exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        process = self._process
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(number)
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        assert process.returncode is not None
        return process.returncode

    def _tail(self) -> str:
        """The end of the log: what a person needs to see first."""
        lines = self._log.read_text("utf-8", "replace").splitlines() if self._log.exists() else []
        return f"The end of {self._log.name}:\n" + "\n".join(lines[-LOG_TAIL_LINES:])
