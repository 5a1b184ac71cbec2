"""What can be wrong with a message: typed, placed, and silent about values."""

from __future__ import annotations

__all__ = [
    "BitmapError",
    "ContentError",
    "DialectError",
    "FramingError",
    "Iso8583Error",
    "LengthError",
    "TrailingBytesError",
    "TruncatedError",
    "UndefinedElementError",
]


class Iso8583Error(Exception):
    """A message that cannot be read or written.

    ``element`` is its number (0 for the MTI, None where none is concerned), ``offset`` the byte
    from the start of the body or frame (None when writing). The text names what was expected and what
    was found by its kind; it never holds a value.
    """

    remedy = "Compare the dialect with the other side's specification, element by element."

    def __init__(self, text: str, element: int | None = None, offset: int | None = None) -> None:
        place = "MTI" if element == 0 else f"Element {element}" if element is not None else ""
        if offset is not None:
            place += f"{' at' if place else 'At'} byte {offset}"
        super().__init__(f"{place}: {text}." if place else f"{text[:1].upper()}{text[1:]}.")
        self.element = element
        self.offset = offset


class TruncatedError(Iso8583Error):
    """The bytes end before the element does."""


class TrailingBytesError(Iso8583Error):
    """Bytes are left after the last element."""


class LengthError(Iso8583Error):
    """A length that is not written as the dialect writes lengths, or is outside its bounds."""


class ContentError(Iso8583Error):
    """Characters, digits or a type that the element's format does not allow."""


class UndefinedElementError(Iso8583Error):
    """An element that the dialect does not have."""


class BitmapError(Iso8583Error):
    """A bitmap that is not one: wrong characters, or a reserved bit set."""


class FramingError(Iso8583Error):
    """Bytes that are no frame of the transport."""


class DialectError(Iso8583Error):
    """A declaration that makes no dialect, or a name that none has."""

    remedy = "Names are listed by iso8583.dialect_names(); a declaration is described in docs/integrator/iso8583.md."
