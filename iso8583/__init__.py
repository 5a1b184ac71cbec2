"""ISO 8583 messages."""

from iso8583.errors import DecodeError, EncodeError, FramingError, Iso8583Error
from iso8583.message import Message
from iso8583.unionpay_pos import Dialect

__all__ = ["DecodeError", "Dialect", "EncodeError", "FramingError", "Iso8583Error", "Message", "dialect"]


def dialect(name: str) -> Dialect:
    """A dialect by its name."""
    if name != "unionpay-pos":
        raise Iso8583Error(f"dialect {name!r} is not known")
    return Dialect()
