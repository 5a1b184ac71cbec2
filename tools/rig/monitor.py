"""What the terminal shows and does, seen through its monitor socket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from terminal.screens.screen import MenuItem, Screen, Status, Tone
from tools.rig.lines import Line, Lines, connect
from tools.rig.waiting import Story

__all__ = ["Monitor", "screen_of"]


class Monitor:
    """Connection to one run of the terminal."""

    def __init__(self) -> None:
        self.story: Story[Line] = Story("terminal")
        self._lines: Lines | None = None
        self.screen: Line = {}
        """The screen that is up, all its fields; empty before the first."""

    async def connect(self, path: Path, alive: Callable[[], bool]) -> None:
        """Connect as soon as the terminal listens. Raises RigError."""
        self._lines = await connect(path, self._take, alive)

    async def close(self) -> None:
        """Hang up."""
        if self._lines is not None:
            await self._lines.close()
            self._lines = None

    def ask_loop(self) -> None:
        """Ask for the longest stall since the last asking; it comes as a line of type ``loop``."""
        assert self._lines is not None, "not connected"
        self._lines.send({"ask": "loop"})

    @property
    def position(self) -> int:
        """How much has been told so far: a place to wait from."""
        return len(self.story.told)

    async def line(self, type: str, timeout_s: float, *, after: int = 0, what: str = "") -> Line:
        """The first line of a type from a position on."""
        return await self.story.until(lambda line: line["type"] == type, timeout_s, after=after, what=what or type)

    async def until_screen(self, name: str, timeout_s: float, *, after: int | None = None) -> Line:
        """The screen of a name: the one that is up, or the next one. With ``after``, one told from there on.

        A name that ends with ``.`` matches every screen below it.
        """

        def wanted(line: Line) -> bool:
            shown = str(line.get("name"))
            return line["type"] == "screen" and (shown.startswith(name) if name.endswith(".") else shown == name)

        if after is None:
            if self.screen and wanted(self.screen):
                return self.screen
            after = self.position
        return await self.story.until(wanted, timeout_s, after=after, what=f"screen {name}")

    def _take(self, line: Line) -> None:
        if line["type"] == "screen":
            self.screen = line
        self.story.tell(line)


def screen_of(line: Line) -> Screen:
    """The screen that a line of type ``screen`` tells of, to be drawn here."""
    values = {name: value for name, value in line.items() if name != "type"}
    values |= {
        "lines": tuple(values["lines"]),
        "menu": tuple(MenuItem(**item) for item in values["menu"]),
        "hints": tuple(values["hints"]),
        "tone": Tone(values["tone"]),
        "status": Status(**{**values["status"], "alerts": tuple(values["status"]["alerts"])}),
    }
    return Screen(**values)
