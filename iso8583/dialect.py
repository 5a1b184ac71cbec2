"""A dialect at work. Light: a device that starts loads the generated codec and nothing else of this room.

(No typing, dataclasses or construct here: they would take longer to load than a thousand messages.)
"""

from __future__ import annotations

from importlib import import_module

from iso8583.message import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType
    from typing import NoReturn

    from iso8583.declaration import Declaration
    from iso8583.diagnose import TableCodec
    from iso8583.message import Value

__all__ = ["Dialect"]


class Dialect:
    """Writes and reads the messages of a declaration.

    The generated codec does the work; what it does not take is given to the table-driven codec of
    ``iso8583.diagnose``, which names the fault, or takes what a named leniency allows.
    """

    __slots__ = ("_declaration", "_decode", "_encode", "_table", "name")

    def __init__(self, name: str, codec: ModuleType | None, declaration: Declaration | None = None) -> None:
        self.name = name
        self._declaration = declaration
        self._table: TableCodec | None = None
        self._encode: Callable[[str, Mapping[int, Value]], bytes] = codec.encode if codec else _untaken
        self._decode: Callable[[bytes], tuple[str, dict[int, Value]]] = codec.decode if codec else _untaken

    @property
    def declaration(self) -> Declaration:
        """The table of elements, loaded when it is asked for."""
        if self._declaration is None:
            self._declaration = import_module("iso8583.dialects").DECLARATIONS[self.name]
        return self._declaration

    @property
    def table_codec(self) -> TableCodec:
        """The slow codec that explains."""
        if self._table is None:
            self._table = import_module("iso8583.diagnose").TableCodec(self.declaration)
        return self._table

    def encode(self, message: Message) -> bytes:
        """Bytes of a message from its MTI on. Raises Iso8583Error."""
        try:
            return self._encode(message.mti, message.elements)
        except Exception:  # noqa: BLE001 - whatever it was, the table codec finds it again and names it
            return self.table_codec.encode(message)

    def decode(self, data: bytes) -> Message:
        """Message of bytes from its MTI on, to the last of them. Raises Iso8583Error."""
        try:
            return Message(*self._decode(data))
        except Exception:  # noqa: BLE001 - as above
            return self.table_codec.decode(data)

    def __repr__(self) -> str:
        return f"Dialect({self.name})"


def _untaken(*_: object) -> NoReturn:
    """Stands for the codec of a dialect that was derived at run time: the table codec does the work."""
    raise NotImplementedError
