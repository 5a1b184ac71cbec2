"""The host simulator as a process, and its control socket."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tools.rig.errors import RigError
from tools.rig.lines import Line, Lines, connect
from tools.rig.patience import PATIENCE
from tools.rig.process import Child
from tools.rig.waiting import Story

__all__ = ["HostProcess"]

ANSWER_S = 10.0 * PATIENCE


class HostProcess:
    """``countertop host`` on a free port, with everything it tells."""

    def __init__(self, folder: Path, terminal: str, merchant: str, master_key: Path, *options: str) -> None:
        self.events: Story[Line] = Story("host")
        self._control = folder / "host.sock"
        self._child = Child(
            "host",
            (
                "host", "--state", str(folder / "host"), "--port", "0", "--control", str(self._control),
                "--terminal", f"{terminal}:{merchant}:{master_key}", *options,
            ),
            folder / "host.log",
        )  # fmt: skip
        self._lines: Lines | None = None
        self._answers: asyncio.Queue[Line] = asyncio.Queue()
        self._asking = asyncio.Lock()
        self.port = 0

    async def start(self) -> None:
        """Start, wait until it listens, watch its events. A restart keeps its port."""
        await self._child.start()
        words = (await self._child.line()).split()
        if words[:1] != ["ready"]:
            raise RigError("The host did not say that it is ready.")
        self.port = int(words[-1])
        self._lines = await connect(self._control, self._take, lambda: self._child.running)
        await self._ask({"do": "watch"})

    async def stop(self) -> None:
        """End the process."""
        if self._lines is not None:
            await self._lines.close()
            self._lines = None
        await self._child.stop()

    async def do(self, command: str, **values: Any) -> None:
        """Give a command: a fault for the next answer, a wish. Raises RigError when it is refused."""
        await self._ask({"do": command, **values})

    async def ask(self, report: str, **values: Any) -> list[dict[str, Any]]:
        """A report: ledger, arrivals, totals, accounts, check."""
        answer = await self._ask({"ask": report, **values})
        rows: list[dict[str, Any]] = answer[report]
        return rows

    async def event(self, name: str, timeout_s: float, *, after: int = 0, **values: Any) -> Line:
        """The first event of a name (and values) from position ``after`` on."""
        wanted = {"event": name, **values}
        return await self.events.until(
            lambda line: all(line.get(key) == value for key, value in wanted.items()),
            timeout_s,
            after=after,
            what=f"{name} {values}",
        )

    async def _ask(self, line: Line) -> Line:
        assert self._lines is not None, "the host has not been started"
        async with self._asking:
            self._lines.send(line)
            try:
                async with asyncio.timeout(ANSWER_S):
                    answer = await self._answers.get()
            except TimeoutError:
                raise RigError("The host's control socket does not answer.") from None
        if "error" in answer:
            raise RigError(f"The host refuses {line}: {answer['error']}", str(answer.get("remedy")))
        return answer

    def _take(self, line: Line) -> None:
        if "event" in line:
            self.events.tell(line)
        else:
            self._answers.put_nowait(line)
