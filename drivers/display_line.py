"""A line display for customers: two lines of twenty characters, ESC/POS (EPSON DM-D command set).

Nobody waits for it: what cannot be written at once is left out, and the next text is whole again.
"""

from __future__ import annotations

import os
import socket
import termios
import tty
from contextlib import suppress
from urllib.parse import parse_qs

from drivers.display_framebuffer import DisplayTrouble

__all__ = ["COLUMNS", "ROWS", "LineDisplay", "text_bytes"]

COLUMNS, ROWS = 20, 2
_INITIALISE, _CLEAR = b"\x1b@", b"\x0c"
_WIDE_TEXT = "gb18030"
_SPEEDS = {"9600": termios.B9600, "19200": termios.B19200, "38400": termios.B38400, "115200": termios.B115200}


class LineDisplay:
    """Behind ``serial:/dev/…?baud=9600``, ``unix:PATH`` or ``file:PATH``."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._descriptor: int | None = None
        self._shown: tuple[str, ...] = ()
        self._open()

    def show(self, rows: tuple[str, ...]) -> None:
        """Put up two rows; what is too long for the display is cut by whoever writes it."""
        if rows == self._shown:
            return
        if self._descriptor is None:
            with suppress(DisplayTrouble):
                self._open()
        if self._descriptor is None:
            return
        try:
            os.write(self._descriptor, text_bytes(rows))
            self._shown = rows
        except BlockingIOError:
            pass
        except OSError:
            self.close()

    def close(self) -> None:
        """Let the display go."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
        self._descriptor, self._shown = None, ()

    def _open(self) -> None:
        kind, _, rest = self._address.partition(":")
        path, _, query = rest.partition("?")
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
                    self._descriptor = _serial(path, parse_qs(query).get("baud", ["9600"])[0])
                case _:
                    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC
                    self._descriptor = os.open(path, flags, 0o600)
            os.write(self._descriptor, _INITIALISE)
        except (OSError, KeyError, termios.error) as error:
            self.close()
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise DisplayTrouble(
                f"The line display at {self._address} cannot be opened: {reason}.",
                "Write serial:/dev/serial/by-id/…?baud=9600; the terminal's user must be in the group dialout.",
            ) from None


def text_bytes(rows: tuple[str, ...]) -> bytes:
    """Clear, and the rows one after the other: the display goes on in the next line by itself."""
    padded = (row + " " * (COLUMNS - len(row.encode(_WIDE_TEXT, "replace"))) for row in rows[:ROWS])
    return _CLEAR + "".join(padded).encode(_WIDE_TEXT, "replace")


def _serial(path: str, baud: str) -> int:
    """A serial line with eight bits and no parity, as it came from the factory; raw, and never waited for."""
    speed = _SPEEDS[baud]
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        tty.setraw(descriptor, termios.TCSANOW)
        mode = termios.tcgetattr(descriptor)
        mode[4] = mode[5] = speed
        termios.tcsetattr(descriptor, termios.TCSANOW, mode)
    except (OSError, termios.error):
        os.close(descriptor)
        raise
    return descriptor
