"""A dialect at work. Light: a device that starts loads the generated codec and nothing else of this room.

(No typing, dataclasses or construct here: they would take longer to load than a thousand messages.)
"""

from __future__ import annotations

from importlib import import_module

from iso8583.errors import UndefinedElementError
from iso8583.message import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType
    from typing import NoReturn

    from iso8583.declaration import Declaration
    from iso8583.diagnose import TableCodec
    from iso8583.elements import Element
    from iso8583.message import Value
    from iso8583.subfields import SubField

    Encode = Callable[[str, Mapping[int, Value]], bytes]
    Decode = Callable[[bytes, type[Message]], Message]

__all__ = ["Dialect"]


class _Functions(dict):  # type: ignore[type-arg]
    """Functions by what chooses them; ``rest`` for everything else, which is never stored."""

    __slots__ = ("rest",)

    def __init__(self, known: Mapping[object, Callable[..., object]], rest: Callable[..., object]) -> None:
        super().__init__(known)
        self.rest = rest

    def __missing__(self, key: object) -> Callable[..., object]:
        return self.rest


class Dialect:
    """Writes and reads the messages of a declaration.

    The generated codec does the work; what it does not take is given to the table-driven codec of
    ``iso8583.diagnose``, which names the fault, or takes what a named leniency allows.
    """

    __slots__ = ("_bitmap", "_declaration", "_from", "_table", "_to", "name")

    def __init__(self, name: str, codec: ModuleType | None, declaration: Declaration | None = None) -> None:
        self.name = name
        self._declaration = declaration
        self._table: TableCodec | None = None
        # Straight-line functions by the elements in their order, and by the bitmap in its place; else the general one.
        self._to: dict[tuple[int, ...], Encode] = (
            _Functions(codec.TO, codec.encode_any) if codec else _Functions({}, _untaken)
        )
        self._from: dict[bytes, Decode] = (
            _Functions(codec.FROM, codec.decode_any) if codec else _Functions({}, _untaken)
        )
        self._bitmap: slice = codec.BITMAP if codec else slice(0, 0)

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
            elements = message.elements
            return self._to[(*elements,)](message.mti, elements)
        except Exception:  # noqa: BLE001 - whatever it was, the table codec finds it again and names it
            return self.table_codec.encode(message)

    def decode(self, data: bytes) -> Message:
        """Message of bytes from its MTI on, to the last of them. Raises Iso8583Error."""
        try:
            return self._from[data[self._bitmap]](data, Message)
        except Exception:  # noqa: BLE001 - as above
            return self.table_codec.decode(data)

    def split(self, number: int, value: Value) -> list[SubField]:
        """The parts inside an element's value: by place, by tag, by bit. Raises Iso8583Error."""
        found: list[SubField] = import_module("iso8583.subfields").split(number, self._element(number), value)
        return found

    def join(self, number: int, parts: Mapping[str, Value]) -> Value:
        """The value of an element from its parts. Raises Iso8583Error."""
        found: Value = import_module("iso8583.subfields").join(number, self._element(number), parts)
        return found

    def _element(self, number: int) -> Element:
        element = self.declaration.elements.get(number)
        if element is None:
            raise UndefinedElementError("not in this dialect", number)
        return element

    def __repr__(self) -> str:
        return f"Dialect({self.name})"


def _untaken(*_: object) -> NoReturn:
    """Stands for the codec of a dialect that was derived at run time: the table codec does the work."""
    raise NotImplementedError
