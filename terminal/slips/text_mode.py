"""A slip as characters, for a slow serial line: forty times fewer bytes than a picture.

A line that the printer's character table does not have, and every logo and code, goes as a small picture
between the text. Commands are those of the EPSON ESC/POS reference, and of Chinese printers ``FS &``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from terminal.screens.console import rows_of, width_of
from terminal.slips.layout import Line, Style
from terminal.slips.profile import CODE_PAGES, PrinterProfile

__all__ = ["text_bytes"]

_INITIALISE = b"\x1b@"
_CHINESE, _PLAIN = b"\x1c&", b"\x1c."
_LEFT, _CENTRE = b"\x1ba\x00", b"\x1ba\x01"
_NORMAL, _TALL, _DOUBLE = b"\x1d!\x00", b"\x1d!\x01", b"\x1d!\x11"
_BLACK, _INVERSE = b"\x1dB\x00", b"\x1dB\x01"
_NEWLINE = b"\n"
_PICTURES = frozenset({Style.LOGO, Style.QR, Style.BARCODE})
_TWO_BYTES = "gbk"
"""What every printer with a GB 18030 table has for certain: its two-byte part."""


def text_bytes(lines: list[Line], profile: PrinterProfile, picture: Callable[[Line], bytes]) -> bytes:
    """The slip up to its last line; ``picture`` gives the raster command of a line that has to be drawn."""
    chinese = profile.text == "gb18030"
    start = _INITIALISE + (_CHINESE if chinese else _PLAIN + b"\x1bt" + bytes([CODE_PAGES[profile.text]]))
    encoding = _TWO_BYTES if chinese else profile.text
    return start + b"".join(
        _set(line, profile.columns, encoding) if _can_say(line, encoding) else picture(line) for line in lines
    )


def _can_say(line: Line, encoding: str) -> bool:
    if line.style in _PICTURES:
        return False
    try:
        (line.left + line.right).encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _set(line: Line, columns: int, encoding: str) -> bytes:
    if line.style is Style.RULE:
        return b"-" * columns + _NEWLINE
    if line.style in (Style.TITLE, Style.MARK):
        double = 2 * width_of(line.left) <= columns
        size = (_DOUBLE if double else _TALL) if line.style is Style.TITLE else _NORMAL
        colour, back = (_INVERSE, _BLACK) if line.style is Style.MARK else (b"", b"")
        width = columns // 2 if size == _DOUBLE else columns
        rows = [row.encode(encoding) for row in rows_of(f" {line.left} " if colour else line.left, width)]
        return _CENTRE + size + colour + b"".join(row + _NEWLINE for row in rows) + back + _NORMAL + _LEFT
    tall = (_TALL, _NORMAL) if line.style is Style.AMOUNT else (b"", b"")
    return tall[0] + b"".join(row.encode(encoding) + _NEWLINE for row in _pair(line, columns)) + tall[1]


def _pair(line: Line, columns: int) -> Iterator[str]:
    """Left and right in one row where there is room for both."""
    room = columns - width_of(line.left) - width_of(line.right)
    if not line.right:
        yield from rows_of(line.left, columns) or [""]
    elif room >= 1:
        yield line.left + " " * room + line.right
    else:
        yield from rows_of(line.left, columns)
        yield line.right.rjust(columns)
