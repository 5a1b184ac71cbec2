"""A serial line as a file descriptor: raw, and never waited for."""

from __future__ import annotations

import errno
import os
from urllib.parse import parse_qs

__all__ = ["open_serial"]


def open_serial(address: str) -> int:
    """A descriptor of ``/dev/…?baud=9600``; ``parity`` is N, E or O, ``flow`` none, rtscts or xonxoff.

    No other process can open the line as long as this one has it. Raises OSError.
    """
    import serial

    path, _, query = address.partition("?")
    options = parse_qs(query)

    def option(name: str, default: str) -> str:
        return options.get(name, [default])[0]

    flow = option("flow", "none")
    try:
        line = serial.Serial(
            path,
            int(option("baud", "9600")),
            parity=option("parity", "N").upper(),
            rtscts=flow == "rtscts",
            xonxoff=flow == "xonxoff",
            timeout=0,
            write_timeout=0,
            exclusive=True,
        )
    except serial.SerialException as error:
        number = error.errno or errno.EBUSY
        raise OSError(number, os.strerror(number)) from None
    except ValueError:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL)) from None
    try:
        return os.dup(line.fileno())  # the lock on the line belongs to the open file, which the copy keeps open
    finally:
        line.close()
