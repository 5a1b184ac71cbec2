"""What can be wrong with a message: typed, placed, and silent about values."""

from __future__ import annotations

__all__ = ["DecodeError", "EncodeError", "FramingError", "Iso8583Error"]


class Iso8583Error(Exception):
    """A message that cannot be read or written.

    ``element`` is its number (0 for the MTI, None where none is concerned), ``offset`` the byte from the
    start of the body or frame (None when encoding). The text never holds a value.
    """

    def __init__(self, text: str, element: int | None = None, offset: int | None = None) -> None:
        where = "" if element is None else f"Element {element}"
        if offset is not None:
            where += f"{' at ' if where else 'At '}byte {offset}"
        super().__init__(f"{where}: {text}." if where else f"{text}.")
        self.element = element
        self.offset = offset


class DecodeError(Iso8583Error):
    """Bytes that are no message of the dialect."""


class EncodeError(Iso8583Error):
    """Elements that the dialect cannot write."""


class FramingError(Iso8583Error):
    """Bytes that are no frame of the transport."""
