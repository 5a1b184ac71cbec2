"""A line display for customers: two lines of twenty characters, ESC/POS (EPSON DM-D command set).

Nobody waits for it: what cannot be written at once is left out, and the next text is whole again.
"""

from __future__ import annotations

import asyncio
import os
import socket
import termios
from collections import Counter
from contextlib import suppress

from drivers.display_framebuffer import DisplayTrouble
from drivers.health import Health, HealthLevel, Verdict
from drivers.serial_line import open_serial

__all__ = ["COLUMNS", "ROWS", "LineDisplay", "text_bytes"]

COLUMNS, ROWS = 20, 2
_INITIALISE, _CLEAR = b"\x1b@", b"\x0c"
AGAIN_S = 1.0
READ_BYTES = 64
_WIDE_TEXT = "gb18030"


class LineDisplay:
    """Behind ``serial:/dev/…?baud=9600``, ``unix:PATH`` or ``file:PATH``; back by itself after its cable was out."""

    def __init__(self, address: str) -> None:
        """Open it. Raises DisplayTrouble."""
        self.statistics: Counter[str] = Counter()
        self._address = address
        self._descriptor: int | None = None
        self._wanted: tuple[str, ...] = ()
        self._shown: tuple[str, ...] = ()
        self._retry: asyncio.TimerHandle | None = None
        self._open()

    def show(self, rows: tuple[str, ...]) -> None:
        """Put up two rows; what is too long for the display is cut by whoever writes it."""
        self._wanted = rows
        if rows != self._shown and self._retry is None:
            self._put()

    def close(self) -> None:
        """Let the display go."""
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        self._release()

    async def check_health(self, level: HealthLevel) -> Health:
        """Internal: whether it is open. External and interactive: put up a text for somebody to look at."""
        if level is not HealthLevel.INTERNAL:
            self.show(("Countertop", "display test"))
        if self._descriptor is None or self._retry is not None:
            return Health(level, Verdict.BAD, "The line display is not there.", "Check its cable and its address.")
        if level is HealthLevel.INTERNAL:
            return Health(level, Verdict.GOOD, "The line display is open.")
        return Health(level, Verdict.UNKNOWN, "Two rows were sent: look whether they are on the display.")

    def _put(self) -> None:
        self._retry = None
        try:
            if self._descriptor is None:
                self._open()
            assert self._descriptor is not None
            data = text_bytes(self._wanted)
            whole = os.write(self._descriptor, data) == len(data)
            self._shown = self._wanted if whole else ()
        except BlockingIOError:
            whole = False
        except (OSError, DisplayTrouble):
            self._lose()
            return
        if not whole:
            self._again()

    def _lose(self) -> None:
        if self._descriptor is not None:
            self.statistics["CommunicationErrorCount"] += 1
        self._release()
        self._again()

    def _again(self) -> None:
        """Later, if there is a later: the text that is wanted then is put up whole."""
        with suppress(RuntimeError):
            if self._retry is None:
                self._retry = asyncio.get_running_loop().call_later(AGAIN_S, self._put)

    def _watch(self) -> None:
        """Notice a pulled cable although nothing is written."""
        descriptor = self._descriptor
        assert descriptor is not None

        def readable() -> None:
            with suppress(BlockingIOError):
                try:
                    if os.read(descriptor, READ_BYTES):
                        return  # some displays answer; nobody asks them
                except BlockingIOError:
                    raise
                except OSError:
                    pass
                self._lose()

        # Outside a loop there is nobody to notice; and a file is never away.
        with suppress(RuntimeError, PermissionError):
            asyncio.get_running_loop().add_reader(descriptor, readable)

    def _release(self) -> None:
        if self._descriptor is not None:
            with suppress(RuntimeError):
                asyncio.get_running_loop().remove_reader(self._descriptor)
            with suppress(OSError, termios.error):
                termios.tcflush(self._descriptor, termios.TCOFLUSH)
            with suppress(OSError):
                os.close(self._descriptor)
        self._descriptor, self._shown = None, ()

    def _open(self) -> None:
        kind, _, rest = self._address.partition(":")
        path = rest.partition("?")[0]
        try:
            match kind:
                case "unix":
                    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
                    peer.setblocking(False)
                    try:
                        peer.connect(path)
                    except OSError:
                        peer.close()
                        raise
                    self._descriptor = peer.detach()
                case "serial":
                    self._descriptor = open_serial(rest)
                case _:
                    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC
                    self._descriptor = os.open(path, flags, 0o600)
            os.write(self._descriptor, _INITIALISE)
            self._watch()
            self.statistics["OnlineTransitionCount"] += 1
        except OSError as error:
            self._release()
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise DisplayTrouble(
                f"The line display at {self._address} cannot be opened: {reason}.",
                "Write serial:/dev/serial/by-id/…?baud=9600; the terminal's user must be in the group dialout.",
            ) from None


def text_bytes(rows: tuple[str, ...]) -> bytes:
    """Clear, and the rows one after the other: the display goes on in the next line by itself."""
    padded = (row + " " * (COLUMNS - len(row.encode(_WIDE_TEXT, "replace"))) for row in rows[:ROWS])
    return _CLEAR + "".join(padded).encode(_WIDE_TEXT, "replace")
