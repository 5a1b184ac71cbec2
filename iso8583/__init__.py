"""ISO 8583 messages and bytes. Pure: no I/O, no clock, no logging.

>>> import iso8583
>>> pos = iso8583.dialect("unionpay-pos")
>>> pos.encode(iso8583.Message("0820", {11: "000001", 41: "10000001"})).hex()
'082000200000008000000000013130303030303031'
"""

from __future__ import annotations

from importlib import import_module

from iso8583.dialect import Dialect
from iso8583.errors import (
    BitmapError,
    ContentError,
    DialectError,
    FramingError,
    Iso8583Error,
    LengthError,
    TrailingBytesError,
    TruncatedError,
    UndefinedElementError,
)
from iso8583.message import Message
from iso8583.names import CODECS

__all__ = [
    "BitmapError",
    "ContentError",
    "Declaration",
    "Dialect",
    "DialectError",
    "FramingError",
    "Iso8583Error",
    "LengthError",
    "Message",
    "TrailingBytesError",
    "TruncatedError",
    "UndefinedElementError",
    "derived_dialect",
    "dialect",
    "dialect_names",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from iso8583.declaration import Declaration

_loaded: dict[str, Dialect] = {}


def dialect(name: str) -> Dialect:
    """The dialect of that name, with its generated codec. Raises DialectError."""
    known = _loaded.get(name)
    if known is None:
        module = CODECS.get(name)
        if module is None:
            raise DialectError(f"no dialect has this name; there are {', '.join(CODECS)}")
        known = _loaded[name] = Dialect(name, import_module(f"iso8583.codecs.{module}"))
    return known


def dialect_names() -> list[str]:
    """Names that ``dialect`` takes."""
    return list(CODECS)


def derived_dialect(name: str, base: str, changes: Mapping[str, str]) -> Dialect:
    """A dialect that differs from another by a few lines; see ``iso8583.derive``. Raises DialectError."""
    derived: Dialect = import_module("iso8583.derive").derived_dialect(name, base, changes)
    return derived


def __getattr__(name: str) -> object:
    """Declarations need dataclasses, which a starting device does not."""
    if name == "Declaration":
        return import_module("iso8583.declaration").Declaration
    raise AttributeError(name)
