"""A session with faults at a real counter, recorded: what the replay is proven with.

Real processes, sockets, host and devices (``tools.rig``): sales with a PIN, by a typed number and by code, a pass that
cannot be read, a diagnosis, a printer pulled out, an answer that is lost and the reversal that follows, a kill between
request and answer; events are logged and numbers fetched meanwhile.

    python -m tools.replay.session recorder/     records it into a folder for ``countertop replay``
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import socket
import sys
from pathlib import Path

from terminal.recording.ring import FOLDER
from tools.rig import ACCOUNTS, Rig, TerminalOptions
from tools.rig.patience import PATIENCE

__all__ = ["CARDS", "CODE", "Session", "main", "record"]

SCREEN_S = 60.0 * PATIENCE
CARDS = ("good", "second")
"""In turn: a reader leaves out the same card twice within two seconds."""
CODE = "6212345678901234567"
RESPONSE_S = 3.0
_HTTP = {"transport": "http", "path": "/pay", "connection": "persistent"}
_MISREAD = ";62123400000000A0012=35121200000?"
"""A letter where a digit belongs."""


class Session:
    """The counter of one recording; ``await play()`` and the files are in ``recorder``."""

    def __init__(self, size_mib: int = 8, *, http: bool = False) -> None:
        """``http``: over HTTP on a connection that is kept, instead of a connection for each message."""
        overrides: dict[str, str | float | bool | list[str]] = {"response_s": RESPONSE_S, "pin": "always"}
        overrides |= {"manual_entry": True, "manual_entry_role": "cashier"}
        self._numbers = _free_port()
        watched: dict[str, dict[str, object]] = {
            "log": {"file": "events.log"},
            "metrics": {"address": f"tcp:127.0.0.1:{self._numbers}"},
        }
        options = TerminalOptions(
            more={"recorder": {"size_mib": size_mib}, **watched}, overrides=overrides, host=_HTTP if http else {}
        )
        spoken = ("--http", _HTTP["path"]) if http else ()
        self._fault = "http-error" if http else "no-answer"
        self.rig = Rig(options, "--quiet", "--no-amount-faults", *spoken)

    @property
    def recorder(self) -> Path:
        """Where the terminal's recordings are."""
        return self.rig.terminal.state / FOLDER

    async def play(self) -> None:
        """Everything that the module's first lines tell, in two lives."""
        rig = self.rig
        await self._switch_on()
        await self._sale("1250", CARDS[0])
        await self._ended("outcome.approved")
        await self._look_at_the_numbers()
        await self._diagnosis()
        await self._sale("3300", CARDS[1], misread=True)
        await self._ended("outcome.approved")
        await self._typed("6300", CARDS[0])
        await self._ended("outcome.approved")
        await rig.printer.unplug()
        await self._sale("4700", CARDS[0])
        await self._ended("outcome.approved")
        await rig.printer.start()
        await rig.host.do("next-answer", fault=self._fault, mti="0200")
        await self._sale("5100", CARDS[1])
        await self._ended("outcome.not-charged")
        await self._code("2600")
        await rig.host.do("next-answer", fault="no-answer", mti="0200")
        sent = len(rig.host.events.told)
        await self._sale("7700", CARDS[0])
        await rig.host.event("withheld", SCREEN_S, after=sent)
        await rig.terminal.kill()
        await self._switch_on()
        await self._ended("outcome.not-charged")
        await self._sale("8800", CARDS[1])
        await self._ended("outcome.approved")
        await rig.terminal.stop()

    async def _look_at_the_numbers(self) -> None:
        """Whoever watches the terminal meanwhile changes nothing of what is lived again."""
        async with asyncio.timeout(SCREEN_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._numbers)
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
        if b" 200 " not in answer:
            raise RuntimeError("the terminal does not tell its numbers")

    async def _switch_on(self) -> None:
        await self.rig.terminal.start()
        await self.rig.until_input_devices()

    async def _sale(self, digits: str, account: str, *, misread: bool = False) -> None:
        rig = self.rig
        await rig.until("idle", SCREEN_S)
        await rig.press("1")
        await rig.until("sale.amount", SCREEN_S)
        await rig.type(digits)
        await rig.until("sale.present", SCREEN_S)
        if misread:
            told = rig.terminal.monitor.position
            rig.reader.type(_MISREAD)
            await rig.terminal.monitor.until_screen("sale.present", SCREEN_S, after=told)
        rig.swipe(account)
        await rig.until("sale.pin", SCREEN_S)
        await rig.type(ACCOUNTS[account].pin)

    async def _typed(self, digits: str, account: str) -> None:
        """A sale whose card number is typed."""
        rig, card = self.rig, ACCOUNTS[account]
        await rig.until("idle", SCREEN_S)
        await rig.press("1")
        await rig.until("sale.amount", SCREEN_S)
        await rig.type(digits)
        await rig.until("sale.present", SCREEN_S)
        await rig.type(card.pan)
        await rig.until("ask.expiry", SCREEN_S)
        await rig.type(f"{card.expiry[2:]}{card.expiry[:2]}")
        await rig.until("sale.pin", SCREEN_S)
        await rig.type(card.pin)

    async def _code(self, digits: str) -> None:
        rig = self.rig
        await rig.until("idle", SCREEN_S)
        await rig.press("1")
        await rig.until("sale.amount", SCREEN_S)
        await rig.type(digits)
        await rig.until("sale.present", SCREEN_S)
        rig.scan(CODE)
        await self._ended("outcome.")  # whatever the host says to this code

    async def _diagnosis(self) -> None:
        await self.rig.until("idle", SCREEN_S)
        await self.rig.press("7")
        await self.rig.until("menu.manage", SCREEN_S)
        await self.rig.press("9")
        await self._ended("diagnosis.done")

    async def _ended(self, name: str) -> None:
        """The outcome is there, and read."""
        await self.rig.until(name, SCREEN_S)
        await self.rig.press("enter")
        await self.rig.until("idle", SCREEN_S)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def record(folder: Path) -> None:
    """Play the session and copy its recordings into a folder that is not there yet."""
    session = Session()
    async with session.rig:
        try:
            await session.play()
        finally:
            await session.rig.terminal.kill()
            shutil.copytree(session.recorder, folder)  # of a session that failed, too: it shows why


def main(argv: list[str]) -> int:
    """Record into the folder of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.replay.session", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder that is not there yet")
    arguments = parser.parse_args(argv)
    if arguments.folder.exists():
        parser.error(f"{arguments.folder} is there already")
    asyncio.run(record(arguments.folder))
    print(f"Recorded. Now: countertop replay {arguments.folder} --check --times 100")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
